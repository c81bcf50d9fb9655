"""Rows in parts, equal rows once, reports not too often, and texts that are none."""

import numpy as np
import pandas as pd
import pytest

from bertfit.checks import check_texts
from bertfit.errors import ArgumentError, DataError
from bertfit.inference import runner
from bertfit.inference.runner import choose_precision, run_rows
from bertfit.model.questions import Logits
from toys.models import TEXTS, toy_head


class Spy:
    """A model whose answer for a row is its length and first id; notes what it is asked."""

    def __init__(self, model):
        self.model, self.max_len, self.record, self.parts, self.budgets = model, model.max_len, {}, [], []

    def encode(self, first, second):
        self.parts.append(len(first))
        return self.model.encode(first, second)

    def run(self, question, encoding, precision, *, token_budget=None, progress=None):
        self.budgets.append(token_budget)
        for done in range(1, len(encoding) + 1):
            progress(done, len(encoding))
        return np.stack([encoding.lengths, encoding.ids[encoding.splits[:-1] + 1]], 1).astype(np.float32)


@pytest.fixture
def spy():
    return Spy(toy_head())


def expected(spy, texts, pairs=None):
    return np.array([[len(e.ids), e.ids[1]] for e in
                     (spy.model.encode([t], None if pairs is None else [pairs[i]]) for i, t in enumerate(texts))])


def test_parts_and_repeats_keep_the_callers_order(spy, monkeypatch):
    monkeypatch.setattr(runner, "PART", 2)
    texts = [*TEXTS, *TEXTS[::-1], TEXTS[3]]
    result = run_rows(spy, Logits(), texts, width=2)
    np.testing.assert_array_equal(result, expected(spy, texts))
    assert spy.parts == [2, 2, 2]  # six different texts of thirteen


def test_pairs_are_told_apart_by_both_texts(spy):
    texts, pairs = ["fun", "fun", "dull", "fun"], ["a film", "the plot!", "a film", "a film"]
    np.testing.assert_array_equal(run_rows(spy, Logits(), texts, pairs, width=2), expected(spy, texts, pairs))
    assert spy.parts == [3]


def test_no_rows(spy):
    assert run_rows(spy, Logits(), [], width=2).shape == (0, 2)
    assert run_rows(spy, Logits(), [], [], width=2).shape == (0, 2)


def test_batch_size_counts_rows_of_the_longest_text(spy):
    run_rows(spy, Logits(), TEXTS, width=2, batch_size=3)
    assert spy.budgets == [3 * 16]  # the longest has 13 tokens, padded to 16
    for wrong in (0, -1, 2.5, True, "8"):
        with pytest.raises(ArgumentError, match="`batch_size`"):
            run_rows(spy, Logits(), TEXTS, width=2, batch_size=wrong)


def test_progress_ends_complete_and_is_not_too_frequent(spy, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(runner.time, "monotonic", lambda: clock[0])
    events = []

    def progress(event):
        events.append((clock[0], event["done"], event["total"]))

    run = spy.run

    def slow(*args, progress, **options):
        def tick(done, total):
            clock[0] += 0.05
            progress(done, total)
        return run(*args, progress=tick, **options)

    spy.run = slow
    texts = [f"a {i} film" for i in range(50)] * 2
    run_rows(spy, Logits(), texts, width=2, progress=progress)
    assert events[-1][1:] == (100, 100) and all(total == 100 for _, _, total in events)
    assert [done for _, done, _ in events] == sorted({done for _, done, _ in events})
    gaps = np.diff([moment for moment, _, _ in events[:-1]])
    assert len(gaps) > 5 and (gaps >= 0.2 - 1e-9).all()


def test_one_string_is_one_text():
    assert check_texts("a film") == (["a film"], None)
    assert check_texts("a film", "fun") == (["a film"], ["fun"])
    assert check_texts(np.array(["a", "b"])) == (["a", "b"], None)
    assert all(type(t) is str for t in check_texts(np.array(["a", "b"]))[0])


@pytest.mark.parametrize(
    "texts, message",
    [(["a", None, "b", float("nan")], "Rows 2, 4 are missing"), ([None] * 9, "Rows 1, 2, 3, 4, 5 and 4 more"),
     (["a", 3], "Row 2 is not; the first is of class int"), (["a", b"b"], "Row 2 is not"),
     (["a", pd.NA], "Row 2 is missing"), (pd.DataFrame({"t": ["a"]}), r"class DataFrame\.\n- Give one of its columns"),
     (b"ab", "sequence of strings"), ({"a": 1}, "sequence of strings"), (3, "You gave 3"), (None, "You gave None")],
)
def test_what_is_no_text_is_named(texts, message):
    with pytest.raises(DataError, match=message):
        check_texts(texts)


def test_pairs_must_be_as_many():
    with pytest.raises(DataError, match="2 texts and 1 pairs"):
        check_texts(["a", "b"], ["c"])


def test_a_model_fitted_in_float32_is_run_in_float32(spy):
    spy.record = {"precision": "float32"}
    assert choose_precision(spy, "auto") == "float32"
    assert choose_precision(spy, "bfloat16") == "bfloat16"
    with pytest.raises(ArgumentError, match="`precision`"):
        choose_precision(spy, "half")
