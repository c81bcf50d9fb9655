"""The plan of lengths against a search through all plans."""

import itertools

import numpy as np
import pytest

from bertfit.config.encoder import BertConfig
from bertfit.training.shapes import Shapes, plan_fixed, plan_shapes

BASE = BertConfig(30522)
TOY = BertConfig(100, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)


def test_without_a_plan_lengths_are_multiples_of_the_step():
    plain = Shapes(None, 50)
    assert [plain.padded(n) for n in (1, 8, 9, 47, 50)] == [8, 8, 16, 48, 50]


def test_with_a_plan_lengths_are_the_next_planned():
    plan = Shapes((16, 50), 50, True)
    assert [plan.padded(n) for n in (1, 16, 17, 50)] == [16, 16, 50, 50]


@pytest.mark.parametrize("batches", [20, 36, 200])  # 3 lengths are the best for the first, 5 for the others
def test_the_plan_is_the_best_of_all_plans(batches):
    rng = np.random.default_rng(0)
    longest = rng.choice([5, 17, 33, 40, 90, 120], size=batches, p=[0.3, 0.2, 0.2, 0.2, 0.05, 0.05])
    own = -(-longest // 8) * 8  # lengths are multiples of 8
    # BERT-base has 12 layers of 4 products of 768 x 768 and 2 of 768 x 3072: 84,934,656 weights. Forward and backward
    # take 6 operations a weight, at 3.5e11 a second; the rest takes 2e-8 s for each layer and unit of width.
    token = 6 * 84_934_656 / 3.5e11 + 2e-8 * 12 * 768

    def seconds(lengths):
        padded = np.array([min(length for length in lengths if length >= n) for n in own])
        return padded.sum() * 32 * token + len(lengths) * 1.5  # seconds to compile one length

    candidates = np.unique(own).tolist()
    every = [kept for size in range(1, 7) for kept in itertools.combinations(candidates, size) if kept[-1] == own.max()]
    plan = plan_shapes(longest, 32, 512, BASE)
    assert plan.compiled
    assert seconds(plan.lengths) == pytest.approx(min(map(seconds, every)))


def test_few_batches_or_a_small_model_are_not_compiled():
    assert not plan_shapes(np.full(10, 30), 32, 512, TOY).compiled
    assert not plan_shapes(np.full(1, 30), 8, 512, BASE).compiled
    assert plan_shapes(np.full(1000, 512), 32, 512, BASE).compiled
    assert not plan_shapes(np.full(1000, 512), 32, 512, BASE, possible=lambda: False).compiled
    assert plan_shapes(np.zeros(0, np.int64), 32, 512, BASE) == Shapes(None, 512)


@pytest.mark.parametrize("length, lengths", [(128, (32, 64, 96, 128)), (50, (16, 32, 40, 50)), (8, (8,))])
def test_rows_of_one_length_get_quarters_of_it(length, lengths):
    plan = plan_fixed(length, 10_000, 64, BASE)
    assert (plan.lengths, plan.limit, plan.compiled) == (lengths, length, True)
    assert not plan_fixed(length, 1, 1, TOY).compiled
