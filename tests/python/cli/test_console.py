"""Bars appear on a terminal only; tables line up."""

import io
import json

import numpy as np
import pytest

from bertfit.cli.console import Bar, as_json, report_lines, table
from bertfit.config.task import Task
from bertfit.scores.metrics import report


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


EVENTS = {
    "data": [{"event": "data", "done_bytes": 512, "total_bytes": 1024, "instances": 1234}],
    "texts": [{"event": "texts", "done": 20000}, {"event": "pieces"}, {"event": "end", "size": 8007}],
    "rows": [{"event": "rows", "done": 30, "total": 60}],
}


@pytest.mark.parametrize(("name", "words"), [("data", ["50%", "instances=1,234"]), ("texts", ["20.0k texts",
                                             "finding pieces"]), ("rows", ["50%", "30.0/60.0"])])
def test_a_bar_on_a_terminal(name, words):
    stream = Stream(True)
    with Bar("working", stream=stream) as bar:
        for event in EVENTS[name]:
            bar(event)
        bar._bar.refresh()
    assert "working" in stream.getvalue()
    for word in words:
        assert word in stream.getvalue()


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_no_bar_elsewhere(terminal, quiet):
    stream = Stream(terminal)
    with Bar("working", quiet, stream) as bar:
        bar(EVENTS["data"][0])
    assert stream.getvalue() == ""


def test_columns_line_up_whatever_the_script():
    assert table({"class": ["긍정", "no"], "f1": [0.5, float("nan")], "support": [1200, 3]}) == [
        "class      f1  support",
        "긍정   0.5000    1,200",
        "no          -        3",
    ]


def test_a_report_of_every_task():
    cases = {
        "binary": (Task("binary", ("ham", "spam")), [[0.9, 0.1], [0.2, 0.8]], [0, 1]),
        "multiclass": (Task("multiclass", ("a", "b", "c")), [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], [0, 2]),
        "multilabel": (Task("multilabel", ("x", "y")), [[0.9, 0.1], [0.2, 0.8]], [[1, 0], [0, 0]]),
        "regression": (Task("regression", ("y",)), [1.5, 2.0], [1.0, 2.0]),
    }
    shown = {name: "\n".join(report_lines(report(task, np.array(p), np.array(y)))) for name, (task, p, y)
             in cases.items()}
    assert "accuracy  1.0000" in shown["binary"] and "threshold 0.5" in shown["binary"]
    assert "true \\ predicted  a  b  c" in shown["multiclass"] and "threshold" not in shown["multiclass"]
    assert "micro" in shown["multilabel"] and "true \\" not in shown["multilabel"]
    assert "rmse" in shown["regression"] and "0.3536" in shown["regression"]  # sqrt(0.25 / 2)


def test_what_is_undefined_is_null_in_json():
    assert json.loads(as_json({"a": np.array([1.0, np.nan]), "b": np.int64(3), "c": None})) == {
        "a": [1.0, None], "b": 3, "c": None}
