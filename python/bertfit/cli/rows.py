"""Reads labelled rows from files, to train or evaluate, and writes files of rows with predictions added."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bertfit.cli.console import Bar, note
from bertfit.cli.long_texts import read_as
from bertfit.cli.tables import Table, output, rows_as_text
from bertfit.config import Task
from bertfit.errors import Arg, ArgumentError, DataError, Sentence
from bertfit.rows import Rows

_CHUNK = 8192  # rows predicted at a time
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
#: Usual column names, lower-cased, in order of preference.
TEXT_NAMES = ("text", "document", "comment_text", "sentence", "review", "message", "content", "body")
TARGET_NAMES = ("label", "target", "class", "type", "sentiment", "category")


@dataclasses.dataclass
class Labelled:
    """Labelled rows of a file.

    Args:
        frame: A pandas DataFrame with the columns below.
        text, pair, targets: Names of the columns.
        cells: Cells of each target column, as read from the file.
    """

    frame: Any
    text: str
    pair: str | None
    targets: list[str]
    cells: dict[str, list]

    def rows(self, task: Task, by_id: bool = False) -> Rows:
        """The rows, with targets converted to numbers for a task; for `by_id` see `frames.code_target`.

        Raises:
            DataError: A value is missing, or is a class that the task does not have.
        """
        from bertfit.frames import code_target

        labels = task.labels if task.kind in ("binary", "multiclass") else ()
        targets = code_target(task, {name: values_of(values, labels) for name, values in self.cells.items()}, by_id)
        return Rows.of(self.frame[self.text], None if self.pair is None else self.frame[self.pair], targets)


def labelled(path: str, o, text: str | None = None, pair: str | None = None, targets: Sequence[str] | None = None,
             remembered: Mapping[str, Sequence[str]] | None = None, paired: bool = False) -> Labelled:
    """Read labelled rows. Those without a text (or second text) are left out, and counted on stderr.

    Args:
        path: The file, or a folder with a folder of texts per label; "-" for stdin.
        o: Options `text`, `pair`, `target`, `format`, `encoding`, `bad_files` and `quiet`.
        text, pair, targets: Column names that override the options.
        remembered: Column names of the model's fit, by role.
        paired: Whether the model was fitted on pairs.

    Raises:
        DataError: A column is missing, or a row is unusable.
    """
    import pandas as pd

    remembered = remembered or {}
    with Table(path, o.format, text_names(text or o.text, remembered), folders=folder_options(o)) as table:
        for line in table.notes:
            note(f"{path}: {line}", o.quiet)
        text = choose(table, "text", text or o.text, remembered.get("text", ()), TEXT_NAMES)
        pair = pair or o.pair
        if pair is not None or paired:
            pair = choose(table, "pair", pair, remembered.get("pair", ()))
        targets = list(targets or o.target or ())
        own = list(remembered.get("target", ()))
        if not targets and len(own) > 1 and set(own) <= set(table.names):
            targets = own
        targets = [choose(table, "target", name) for name in targets] or [
            choose(table, "target", None, own, TARGET_NAMES)]
        for name, role in ((text, "text"), (pair, "pair")):
            if name is not None:
                table.require_strings(name, role, or_missing=True)
        twice = {text, *targets} if pair is None else {text, pair, *targets}
        if len(twice) < len(targets) + 1 + (pair is not None):
            roles = map(Arg, ("text", "pair", "target"))
            raise ArgumentError(Sentence("{}, {} and {} must be different columns.", *roles),
                                [f"They are {text}, {pair or 'none'} and {', '.join(targets)}."])
        columns: dict[str, list] = {name: [] for name in (text, *([pair] if pair else []))}
        cells: dict[str, list] = {name: [] for name in targets}
        without = 0
        for row in table:
            if any(table.is_missing(row.get(name)) for name in columns):
                without += 1
                continue
            for name, values in columns.items():
                values.append(row[name])
            for name, values in cells.items():
                values.append(row.get(name))
        if without:
            note(f"bertfit: {table.label}: rows without a text, left out: {without:,}")
        if not cells[targets[0]]:
            raise DataError("There must be at least one row.", [f"{table.label} has none."])
    frame = pd.DataFrame({**columns, **{name: pd.Series(values_of(v), dtype=object) for name, v in cells.items()}})
    return Labelled(frame, text, pair, targets, cells)


def folder_options(o) -> dict[str, str]:
    """Options of a folder of texts."""
    return {name: getattr(o, name) for name in ("encoding", "bad_files")}


def text_names(asked: str | None, remembered: Mapping[str, Sequence[str]]) -> list[str]:
    """Names that the column of texts may have: the requested one, else that of the fit or a usual one."""
    return [asked] if asked is not None else [*remembered.get("text", ()), *TEXT_NAMES]


def choose(table: Table, role: str, asked: str | None, remembered: Sequence[str] = (),
           usual: Sequence[str] = ()) -> str:
    """Choose the column for a role: the requested one, else that of the fit, else one with a usual name.

    Args:
        table: The table, opened.
        role: "text", "pair" or "target".
        asked: Requested name, or None.
        remembered: Names of the model's fit for this role.
        usual: Usual names, lower-cased, in order of preference.

    Raises:
        DataError: There is no such column.
    """
    shown = f"{table.label} has {', '.join(table.names[:12]) or 'none'}{', ...' if len(table.names) > 12 else ''}."
    if asked is not None:
        if asked not in table.names:
            raise DataError("must be a column of the table.", [shown], argument=role, received=asked)
        return asked
    for name in remembered:
        if name in table.names:
            return name
    for wanted in usual:
        for name in table.names:
            if name.lower() == wanted:
                return name
    raise DataError("must be given: no column has a name that says it.", [shown], argument=role)


def values_of(cells: Sequence[Any], labels: Sequence[str] = ()) -> list[Any]:
    """Convert the cells of a target column to numbers, booleans or class names.

    Args:
        cells: As read from the file; empty text counts as missing.
        labels: Class names of the model. If all cells are among them, they are not converted.

    >>> values_of(["1", " 2.5", ""]), values_of(["true", "FALSE"]), values_of(["1", "0"], labels=("0", "1"))
    ([1.0, 2.5, None], [True, False], ['1', '0'])
    >>> values_of(["1", "20"])
    [1, 20]
    """
    cells = [None if isinstance(c, str) and not c.strip() else c for c in cells]
    if not all(isinstance(c, str) for c in cells if c is not None):
        return cells
    cells = [None if c is None else c.strip() for c in cells]
    present = {c for c in cells if c is not None}
    convert: Callable[[str], Any] = str
    if not present <= set(labels):
        if all(_WHOLE.fullmatch(c) for c in present):
            convert = int
        elif all(_NUMBER.fullmatch(c) for c in present):
            convert = float
        elif present and {c.lower() for c in present} <= {"true", "false"}:
            convert = {c: c.lower() == "true" for c in present}.__getitem__
    return [None if c is None else convert(c) for c in cells]


# -- Predictions ----------------------------------------------------------------------------------------

def predict_file(model, o, to: str | None) -> tuple[int, int]:
    """Predict the rows of a file in chunks, and write them with the predictions.

    Args:
        model: A fitted `Model`.
        o: Options `input`, `output`, `format`, `encoding`, `bad_files`, `text`, `pair`, `type`, `threshold`,
            `long_text`, `stride`, `window_pooling`, `batch_size`, `precision` and `quiet`.
        to: Format of the output; None for that of the input, tsv for txt, or csv for a folder.

    Returns:
        The number of rows, and how many of them have no text (or no second text of a pair). These get no prediction:
        empty cells, or null in JSON lines.

    Raises:
        ArgumentError: `type` does not fit the model's task.
        DataError: A column is missing, the input already has a prediction's column, or a row is unusable. Then no
            file is written.
    """
    from bertfit.frames import prediction_columns
    from bertfit.inference import check_type

    kind = check_type(model.task, o.type)
    model.long_texts.changed(**read_as(o))  # an error before anything is written
    by_name = kind == "class" and model.task.kind != "multilabel"
    added = [".pred_class"] if by_name else prediction_columns(model.task, kind)
    columns = model.record.get("columns", {})
    known = text_names(o.text, columns)
    with (Table(o.input, o.format, known, folder_options(o)) as table, output(o.output) as write,
          Bar("predicting", o.quiet) as bar):
        for line in table.notes:
            note(f"{o.input}: {line}", o.quiet)
        to = to or {"txt": "tsv", "folders": "csv"}.get(table.format, table.format)
        if table.format == "jsonl" and not table.names:
            return 0, 0  # no rows: no columns either
        text = choose(table, "text", o.text, columns.get("text", ()), TEXT_NAMES)
        pair = None
        if o.pair is not None or model.record.get("pairs"):
            pair = choose(table, "pair", o.pair, columns.get("pair", ()))
            table.require_strings(pair, "pair", or_missing=True)
        table.require_strings(text, "text", or_missing=True)
        read = [text] if pair is None else [text, pair]
        there = sorted(set(added) & set(table.names))
        if there:
            raise DataError("A table to predict must not have the columns of its predictions.",
                            [f"{table.label} has {there[0]}."])
        names = [*table.names, *added]
        if to != "jsonl":
            write(rows_as_text([], names, to, header=True))
        done = without = 0
        for rows in table.chunks(_CHUNK):
            whole = [row for row in rows if not any(table.is_missing(row.get(name)) for name in read)]
            part = Rows.of((row[text] for row in whole), None if pair is None else (row[pair] for row in whole))
            for row in rows:
                row.update(dict.fromkeys(added))
            for row, values in zip(whole, _predicted(model, part, kind, o), strict=True):
                row.update(zip(added, values, strict=True))
            without += len(rows) - len(whole)
            write(rows_as_text(rows, names, to, header=False))
            done += len(rows)
            bar({"event": "read", "done_bytes": table.position(), "total_bytes": table.size, "rows": done})
    return done, without


def _predicted(model, rows: Rows, kind: str, o) -> list[list[Any]]:
    """Predictions of each row, in the order of the added columns."""
    if not len(rows):
        return []
    from bertfit.frames import Classes
    from bertfit.inference import predict

    values = predict(model, rows, type=kind, threshold=o.threshold, **read_as(o), batch_size=o.batch_size,
                     precision=o.precision)
    if kind == "class":  # written as they were read: 1 as 1, true as true
        values = Classes.recorded(model.task, model.record).array(values)
    return values.reshape(len(rows), -1).tolist()
