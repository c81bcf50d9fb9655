"""The commands of the command line. Each takes the parsed options, calls a function of bertfit, and prints the result.

Results go to stdout, progress and notes to stderr. Modules are imported when a command runs, and TensorFlow last, so
that options and files are checked, and the GPU is chosen, before it starts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertfit.cli.console import Bar, OptionWords, note
from bertfit.cli.start import choose_device, require_start, start_model, vocabulary
from bertfit.errors import Arg, ArgumentError, BertfitError, Sentence, Setting

# -- Vocabulary and data ----------------------------------------------------------------------------------

def vocab(o) -> int:
    """`bertfit vocab`: train a vocabulary."""
    from bertfit.text import train_vocabulary

    type = o.type or ("sentencepiece" if o.out.lower().endswith(".model") else "wordpiece")
    with Bar("reading", o.quiet) as bar:
        made = train_vocabulary(
            [Path(path) for path in o.source], o.size, type, lower_case=o.lower_case is not False, out=o.out,
            overwrite=o.overwrite, field=o.field, min_frequency=o.min_frequency,
            character_coverage=o.character_coverage, algorithm=o.algorithm, unused=o.unused,
            sample_size=o.sample_size, progress=bar,
        )
    print(f"{made.path}: {len(made):,} entries, {made.type}, {'uncased' if made.lower_case else 'cased'}")
    return 0


def data(o) -> int:
    """`bertfit data`: make pretraining data."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # tokenizing needs no GPU, but TensorFlow would reserve all
    from bertfit.corpus import make_pretraining_data

    words = vocabulary(o)
    names = ("max_len", "mask_prob", "max_predictions", "dup_factor", "short_seq_prob", "whole_word", "seed",
             "workers", "shards", "form", "field", "bad_lines", "longest_line", "overwrite")
    with Bar("data", o.quiet) as bar:
        made = make_pretraining_data(o.corpus, words, o.out_dir, progress=bar, **{n: getattr(o, n) for n in names})
    counts, numbers, skipped = made["counts"], made["statistics"], made["skipped"]
    print(f"{made['path']}: {counts['instances']:,} rows of up to {o.max_len} tokens in {len(made['files'])} files")
    print(f"{counts['documents']:,} documents, {counts['sentences']:,} sentences, {counts['corpus_tokens']:,} tokens; "
          f"mean length {numbers['mean_length']:.1f}, {numbers['predicted']:.1%} of tokens to predict, "
          f"{numbers['random_next']:.1%} random next sentences")
    left_out = sum(value for name, value in skipped.items() if name != "first")
    if left_out:
        note(f"{left_out:,} lines were left out; the first: {skipped['first']}")
    return 0


# -- Training -------------------------------------------------------------------------------------------

def pretrain(o) -> int:
    """`bertfit pretrain`: pretrain a model."""
    from bertfit.config import PretrainConfig
    from bertfit.corpus import open_pretraining_data
    from bertfit.training import check_folder

    require_start(o)
    config = PretrainConfig(**_settings(o, PretrainConfig))
    out, overwrite = Path(o.out_dir), o.overwrite and not o.resume
    check_folder(out, "pretraining", resume=o.resume, overwrite=overwrite, argument="out_dir")
    rows = open_pretraining_data(_one_or_all(o.data))
    validation = None if o.validation is None else open_pretraining_data(_one_or_all(o.validation))
    choose_device(o.gpu)
    model, heads = start_model(o, o.mlm, o.nsp)
    from bertfit.training import Console
    from bertfit.training import pretrain as run

    done = run(model, rows, heads=heads, config=config, validation=validation, out_dir=out, resume=o.resume,
               overwrite=overwrite, callbacks=[Console(config.verbose)] if config.verbose else [])
    record = done.record
    if record["interrupted"]:
        note(f"bertfit: interrupted after {record['steps']:,} steps; the same command with --resume goes on")
        return 130
    print(f"{out / 'last'}: {done.parameters:,} parameters after {record['steps']:,} steps")
    if record["best_epoch"] is not None:
        place = record["history"]["epoch"].index(record["best_epoch"])
        measure = record["settings"]["monitor"] if validation is None else f"val_{record['settings']['monitor']}"
        print(f"{out / 'best'}: epoch {record['best_epoch']}, {measure} {record['history'][measure][place]:.4f}")
    return 0


def train(o) -> int:
    """`bertfit train`: fine-tune a model."""
    from bertfit.cli.rows import labelled
    from bertfit.config import HeadConfig, TrainConfig
    from bertfit.errors import DataError
    from bertfit.training import check_folder

    require_start(o)
    o.max_len, o.freeze, o.learning_rate = _number(o.max_len), _number(o.freeze), _number(o.learning_rate)
    share = _number(o.validation)
    settings = _settings(o, TrainConfig)
    settings["validation"] = 0.0 if isinstance(share, str) else share
    settings["overwrite"] = o.overwrite and o.checkpoint is not None and not o.resume
    config = TrainConfig(**settings)
    head = "keep" if o.head == "keep" else HeadConfig(pooling=o.pooling or HeadConfig.pooling)
    if head == "keep":
        for name, what in (("pooling", "The head has its own."), ("pretrain", None)):
            if (getattr(o, name) is None) == (what is None):
                raise ArgumentError(Sentence("must be left out where {}." if what else "must be given where {}.",
                                             Setting("head", "keep")), [what] if what else [], argument=name)
    _check_save(o.path, o.overwrite)
    check_folder(o.checkpoint, "fine-tuning", resume=o.resume, overwrite=config.overwrite, argument="checkpoint")
    rows = labelled(o.train, o)
    note(f"text: {rows.text}; target: {', '.join(rows.targets)}; {len(rows.frame):,} rows", o.quiet)
    same = {"text": rows.text, "pair": rows.pair, "targets": rows.targets}
    validation = labelled(share, o, **same) if isinstance(share, str) else share
    test = None if o.test is None else labelled(o.test, o, **same)
    for name, other in (("validation", validation), ("test", test)):
        if other is not None and not isinstance(other, (int, float)) and not len(other.frame):
            raise DataError("must have rows.", [f"{getattr(o, name)} has none."], argument=name)
    choose_device(o.gpu)
    from bertfit.frames import fit
    from bertfit.training import Console

    model, _ = start_model(o)
    target = rows.targets[0] if len(rows.targets) == 1 else rows.targets
    fitted = fit(rows.frame, rows.text, target, model, pair=rows.pair, task=o.task, head=head, control=config,
                 callbacks=[Console(config.verbose, words=OptionWords(o.names))] if config.verbose else [],
                 validation=validation if isinstance(validation, (int, float)) else validation.frame)
    if fitted.interrupted and o.checkpoint is not None:
        note(f"bertfit: interrupted; {o.checkpoint} has the state, and the same command with --resume continues")
        return 130
    place, record = _save_or_keep(fitted.model, o), fitted.model.record
    if fitted.interrupted:
        note(f"bertfit: interrupted; {place} has the weights as they stood")
        return 130
    kept = record["best_epoch"] if record.get("restored_best") else len(record["history"]["epoch"])
    shown = ", ".join(f"{name} {value:.4f}" for name, value in fitted.metrics.items())
    print(f"{place}: epoch {kept}: {shown}", flush=True)
    if test is not None:
        from bertfit.cli.console import report_lines

        print("\n".join(["", f"{o.test}:", *report_lines(_metrics(fitted.model, test, o))]))
    return 0


# -- Using a model --------------------------------------------------------------------------------------

def evaluate(o) -> int:
    """`bertfit evaluate`: metrics of a fitted model on labelled rows."""
    from bertfit.cli.console import as_json, report_lines
    from bertfit.cli.long_texts import read_as
    from bertfit.cli.rows import labelled
    from bertfit.cli.tables import check_output, output

    if o.json is not None:
        check_output(o.json, o.overwrite, "json")
    choose_device(o.gpu)
    model = _open_fitted(o)
    columns = model.record.get("columns", {})
    rows = labelled(o.input, o, remembered=columns, paired=bool(model.record.get("pairs")))
    result = _metrics(model, rows, o, threshold=o.threshold, **read_as(o))
    if o.json is not None:
        with output(o.json) as write:
            write(as_json(result))
    if o.json != "-":
        print("\n".join(report_lines(result)))
    return 0


def predict(o) -> int:
    """`bertfit predict`: write rows with columns of predictions added."""
    from bertfit.cli.formats import format_of
    from bertfit.cli.rows import predict_file
    from bertfit.cli.tables import check_output

    check_output(o.output, o.overwrite)
    to = o.output_format or format_of(o.output, "output_format")
    if to == "txt":
        raise ArgumentError("must be csv, tsv or jsonl: text has no columns.", argument="output", received=o.output)
    if o.format is None:
        format_of(o.input, "format")
    choose_device(o.gpu)
    rows, without = predict_file(_open_fitted(o), o, to)
    if without:
        note(f"bertfit: rows without a text, whose predictions are empty: {without:,} of {rows:,}")
    if o.output != "-":
        print(f"{o.output}: {rows:,} rows")
    return 0


def _metrics(model, table, o, **options: Any) -> dict[str, Any]:
    from bertfit.inference import evaluate as run

    rows = table.rows(model.task, by_id=not model.record.get("classes"))
    with Bar("evaluating", o.quiet) as bar:
        return run(model, rows, batch_size=getattr(o, "batch_size", None), precision=o.precision, progress=bar,
                   **options)


def download(o) -> int:
    """`bertfit download`: fetch a model into the cache."""
    from bertfit.checkpoints import download as fetch

    with Bar("downloading", o.quiet) as bar:
        print(fetch(o.name, o.cache_dir, o.force, bar, revision=o.revision))
    return 0


# -- What commands share --------------------------------------------------------------------------------

def _settings(o, kind: type) -> dict[str, Any]:
    """Fields of a settings class from the options of the same names, for its constructor."""
    import dataclasses

    chosen = {field.name: getattr(o, field.name) for field in dataclasses.fields(kind) if hasattr(o, field.name)}
    chosen.pop("validation", None)
    return {**chosen, "verbose": 0 if o.quiet else 2}


def _number(text: str) -> int | float | str:
    """The text as a number if it is one (`--validation 0.2`, `--freeze 3`), otherwise the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _one_or_all(paths: Sequence[str]) -> str | Sequence[str]:
    return paths[0] if len(paths) == 1 else paths


def _save_or_keep(model, o) -> str:
    """Save a trained model at `path`; if that fails, keep it elsewhere, and say where in the error."""
    from bertfit.model import persist

    try:
        return persist.save(model, o.path, o.overwrite)
    except BertfitError as error:
        kept = getattr(error, "kept", None) or persist.keep(model, o.path)
        where = f"The model is in {kept}." if kept else "The model could be saved nowhere else."
        state = [] if o.checkpoint is None else [Sentence("{} makes it again from {}.", Arg("resume"), o.checkpoint)]
        raise type(error)(error.rule, [*error.details, where, *state], argument=error.argument) from error


def _check_save(path: str, overwrite: bool) -> None:
    """Check before training that the model can be saved at `path` after it."""
    from bertfit.model import bundle

    if not os.path.lexists(path) or (os.path.isdir(path) and not os.listdir(path)):
        return
    if not (overwrite and os.path.isfile(os.path.join(path, bundle.DESCRIPTION))):
        raise ArgumentError(Sentence("must be a new folder, or a saved model when {} is given.", Arg("overwrite")),
                            [f"{path} {'is not empty' if os.path.isdir(path) else 'is a file'}."], argument="path")


def _open_fitted(o):
    from bertfit.inference import check_fitted
    from bertfit.model import open_model

    with Bar("downloading", o.quiet) as bar:
        model = open_model(o.model, task=o.task, revision=o.revision, progress=bar)
    check_fitted(model)
    return model
