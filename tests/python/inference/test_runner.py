"""Rows in parts, equal rows once, reports not too often."""

import numpy as np
import pytest

from bertfit.errors import ArgumentError
from bertfit.inference import runner
from bertfit.inference.runner import choose_precision, run_rows
from bertfit.model.questions import Logits
from bertfit.rows.table import Rows
from toys.models import TEXTS, toy_head


class Spy:
    """A model whose answer for a row is its length and first id; notes what it is asked."""

    def __init__(self, model):
        self.model, self.max_len, self.record, self.parts, self.budgets = model, model.max_len, {}, [], []
        self.text_len = model.text_len

    def encode(self, rows, long=None):
        self.parts.append(len(rows))
        return self.model.encode(rows, long=long)

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
                     (spy.model.encode(Rows([t], None if pairs is None else [pairs[i]])) for i, t in enumerate(texts))])


def test_parts_and_repeats_keep_the_callers_order(spy, monkeypatch):
    monkeypatch.setattr(runner, "PART", 2)
    texts = [*TEXTS, *TEXTS[::-1], TEXTS[3]]
    result = run_rows(spy, Logits(), Rows(texts), width=2)
    np.testing.assert_array_equal(result, expected(spy, texts))
    assert spy.parts == [2, 2, 2]  # six different texts of thirteen


def test_pairs_are_told_apart_by_both_texts(spy):
    texts, pairs = ["fun", "fun", "dull", "fun"], ["a film", "the plot!", "a film", "a film"]
    np.testing.assert_array_equal(run_rows(spy, Logits(), Rows(texts, pairs), width=2), expected(spy, texts, pairs))
    assert spy.parts == [3]


def test_no_rows_give_an_answer_of_no_rows(spy):
    assert run_rows(spy, Logits(), Rows([]), width=2).shape == (0, 2)
    assert run_rows(spy, Logits(), Rows([], []), width=2).shape == (0, 2)


def test_batch_size_counts_rows_of_the_longest_text(spy):
    run_rows(spy, Logits(), Rows(TEXTS), width=2, batch_size=3)
    assert spy.budgets == [3 * 16]  # the longest has 13 tokens, padded to 16
    for wrong in (0, -1, 2.5, True, "8"):
        with pytest.raises(ArgumentError, match="`batch_size`"):
            run_rows(spy, Logits(), Rows(TEXTS), width=2, batch_size=wrong)


def test_the_memory_of_a_batch_is_bounded(spy):
    run_rows(spy, Logits(), Rows(TEXTS), width=2, batch_size=10**9)
    assert spy.budgets == [runner.MOST_TOKENS]


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
    run_rows(spy, Logits(), Rows(texts), width=2, progress=progress)
    assert events[-1][1:] == (100, 100) and all(total == 100 for _, _, total in events)
    assert [done for _, done, _ in events] == sorted({done for _, done, _ in events})
    gaps = np.diff([moment for moment, _, _ in events[:-1]])
    assert len(gaps) > 5 and (gaps >= 0.2 - 1e-9).all()


def test_a_model_fitted_in_float32_is_run_in_float32(spy):
    spy.record = {"precision": "float32"}
    assert choose_precision(spy, "auto") == "float32"
    assert choose_precision(spy, "bfloat16") == "bfloat16"
    with pytest.raises(ArgumentError, match="`precision`"):
        choose_precision(spy, "half")
