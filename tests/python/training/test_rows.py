"""Rows are checked, split, weighted and cut into batches as scikit-learn would, and errors name rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.errors import ArgumentError, DataError
from bertfit.rows.table import Rows
from bertfit.training import rows as data

BINARY = Task("binary", ("ham", "spam"))
MULTICLASS = Task("multiclass", ("a", "b", "c"))
MULTILABEL = Task("multilabel", ("p", "q"))
REGRESSION = Task("regression", ("score",), 10.0, 4.0)


def rows_of(task, targets, weights=None):
    return data.check_rows(task, Rows.of([f"text {i}" for i in range(len(targets))], None, targets, weights))


# -- Checked and coded ---------------------------------------------------------------------------------

@pytest.mark.parametrize("task, given, coded", [
    (BINARY, [0, 1, 0.25], [[0], [1], [0.25]]), (BINARY, [[0], [1]], [[0], [1]]), (BINARY, [False, True], [[0], [1]]),
    (MULTICLASS, [2, 0.0, 1], [2, 0, 1]), (MULTILABEL, [[0, 1], [0.5, 0]], [[0, 1], [0.5, 0]]),
    (REGRESSION, [10, 14, 2], [[0], [1], [-2]]),
])
def test_targets_are_coded(task, given, coded):
    rows = data.Coded.of(task, rows_of(task, given))
    np.testing.assert_array_equal(rows.targets, np.array(coded, rows.targets.dtype))
    assert rows.targets.dtype == (np.int32 if task is MULTICLASS else np.float32)
    assert rows.weights.tolist() == [1.0] * len(given)


@pytest.mark.parametrize("task, given, rule, rows", [
    (BINARY, [0, np.nan, 1, np.nan], "between 0 and 1, and none may be missing", "Rows 1, 3 are not so."),
    (BINARY, [0, 1.5], "between 0 and 1", "Row 1 is not so."),
    (MULTICLASS, [0, 1, 3], "one of the 3 known classes", "Row 2 is not so."),
    (MULTICLASS, [0.5, 1, -1], "one of the 3 known classes", "Rows 0, 2 are not so."),
    (MULTILABEL, [[0, 1], [0, -1], [2, 2]], "between 0 and 1", "Rows 1, 2 are not so."),
    (REGRESSION, [np.inf] * 7, r"numbers from -1e\+100 to 1e\+100", "Rows 0, 1, 2, 3, 4 and 2 more are not so."),
])
def test_bad_targets_are_refused_by_row(task, given, rule, rows):
    with pytest.raises(DataError, match=rule) as caught:
        rows_of(task, given)
    assert rows in str(caught.value.details[0])


@pytest.mark.parametrize("task, targets", [
    (BINARY, [[0, 1], [1, 0]]), (BINARY, [0]), (MULTILABEL, [0, 1]), (MULTILABEL, [[0], [1]]), (REGRESSION, 3.0),
])
def test_targets_of_another_shape_are_refused(task, targets):
    with pytest.raises(DataError, match="shape"):
        data.check_rows(task, Rows.of(["one", "two"], targets=targets))


def test_weights_are_coded():
    weights = data.Coded.of(BINARY, rows_of(BINARY, [0, 1, 0], [1, 0, 2.5])).weights
    assert weights.dtype == np.float32 and weights.tolist() == [1.0, 0.0, 2.5]


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="at least one row"):
        data.check_rows(BINARY, Rows.of([], targets=[]))


# -- Split ---------------------------------------------------------------------------------------------

@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 2), min_size=30, max_size=200), st.floats(0.05, 0.9), st.integers(0, 5))
def test_a_split_holds_out_the_share_of_every_class(codes, share, seed):
    rows = rows_of(MULTICLASS, codes)
    expected = {c: min(round(codes.count(c) * share), codes.count(c) - 1) for c in set(codes)}
    if not any(expected.values()):
        return
    kept, held = data.split(MULTICLASS, rows, share, seed)
    assert sorted(kept.texts + held.texts) == sorted(rows.texts)
    assert {c: held.targets.tolist().count(c) for c in set(codes)} == expected
    for part in (kept, held):
        numbers = [int(text.split()[1]) for text in part.texts]
        assert numbers == sorted(numbers)
        assert part.targets.tolist() == [codes[i] for i in numbers]


def test_a_split_of_many_small_classes_holds_out_the_share_of_all_rows():
    task = Task("multiclass", [str(i) for i in range(100)])
    rows = rows_of(task, np.repeat(np.arange(100), 4))
    kept, held = data.split(task, rows, 0.1, 0)
    assert (len(kept), len(held)) == (360, 40)
    assert np.bincount(held.targets.astype(int)).max() == 1  # and no class is emptied


def test_a_split_follows_its_seed():
    rows = rows_of(REGRESSION, np.arange(100))
    first, again, other = (data.split(REGRESSION, rows, 0.2, seed)[1].texts for seed in (1, 1, 2))
    assert first == again != other and len(first) == 20


def test_a_fractional_target_stratifies_at_one_half():
    targets = np.array([0.1] * 40 + [0.5] * 10 + [0.49] * 40 + [0.9] * 10)
    _, held = data.split(BINARY, rows_of(BINARY, targets), 0.1, 0)
    assert len(held) == 10 and (held.targets >= 0.5).sum() == 2


@pytest.mark.parametrize("task, targets, share", [(REGRESSION, [1.0], 0.5), (BINARY, [0, 1], 0.4)])
def test_a_split_without_two_sides_is_refused(task, targets, share):
    with pytest.raises(DataError, match="rows on both sides"):
        data.split(task, rows_of(task, targets), share, 0)


def test_a_class_per_row_is_told_as_such():
    with pytest.raises(DataError, match=r"several rows of a class\.\n- It has 3 classes in 3 rows\.\n- Are `text` and "
                                        r"`target` swapped, or is `target` an identifier\?"):
        data.split(MULTICLASS, rows_of(MULTICLASS, [0, 1, 2]), 0.4, 0)
    many = Task("multiclass", [str(i) for i in range(120)])
    for targets, classes in ((np.arange(120), 120), (np.arange(120) // 2 * 2 % 118, 59), (np.arange(120) % 61, 61)):
        if classes > 60:
            with pytest.raises(DataError, match=f"It has {classes} classes in 120 rows"):
                data.check_classes(many, rows_of(many, targets))
        else:
            data.check_classes(many, rows_of(many, targets))
    data.check_classes(MULTICLASS, rows_of(MULTICLASS, [0, 1, 2]))
    data.check_classes(REGRESSION, rows_of(REGRESSION, np.arange(120)))


# -- Weights -------------------------------------------------------------------------------------------

@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_balanced_is_scikit_learns(codes):
    weights = data.class_weight_vector(MULTICLASS, TrainConfig(class_weights="balanced"), np.array(codes, np.int32))
    present = np.unique(codes)
    expected = compute_class_weight("balanced", classes=present, y=codes)
    np.testing.assert_allclose(weights[present], expected, rtol=1e-6)
    assert not weights[np.setdiff1d(range(3), present)].any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_balanced_is_scikit_learns_for_each_label_of_a_multilabel_task(rows):
    targets = np.array(rows, np.float32)
    weights = data.class_weight_vector(MULTILABEL, TrainConfig(class_weights="balanced"), targets)
    assert weights.shape == (2, 2) and weights.dtype == np.float32
    per_row = data.element_weights(MULTILABEL, targets, np.ones(len(rows), np.float32), weights)
    for j in range(2):
        present = np.unique(targets[:, j])
        expected = compute_class_weight("balanced", classes=present, y=targets[:, j])
        np.testing.assert_allclose(weights[present.astype(int), j], expected, rtol=1e-6)
        np.testing.assert_allclose(per_row[:, j], compute_sample_weight("balanced", targets[:, j]), rtol=1e-6)


def test_balanced_gives_reference_cs_weights():
    # 13.4% of the 3,900 training messages are spam.
    targets = np.r_[np.ones(523), np.zeros(3377)].astype(np.float32)[:, None]
    weights = data.class_weight_vector(BINARY, TrainConfig(class_weights="balanced"), targets)
    assert [round(float(w), 3) for w in weights] == [0.577, 3.728]


def test_named_weights_come_in_the_order_of_the_labels():
    config = TrainConfig(class_weights={"c": 3, "a": 1, "b": 2})
    assert data.class_weight_vector(MULTICLASS, config, np.zeros(1, np.int32)).tolist() == [1.0, 2.0, 3.0]
    assert data.class_weight_vector(MULTICLASS, TrainConfig(), np.zeros(1, np.int32)) is None


@pytest.mark.parametrize("task, weights, rule", [
    (REGRESSION, "balanced", "must be None for regression"),
    (BINARY, {"ham": 1}, "every label"), (BINARY, {"ham": 1, "spam": 2, "eggs": 3}, "every label"),
])
def test_class_weights_that_do_not_fit_are_refused(task, weights, rule):
    with pytest.raises(ArgumentError, match=rule):
        data.class_weight_vector(task, TrainConfig(class_weights=weights), np.zeros((1, task.n_outputs)))


def test_element_weights_by_hand():
    rows, by_label = np.array([1, 2], np.float32), np.array([10, 100], np.float32)
    check = np.testing.assert_allclose
    check(data.element_weights(BINARY, np.array([[0.25], [1]]), rows, None), [[1], [2]])
    # A quarter of the positive's weight and three quarters of the negative's: 0.25 * 100 + 0.75 * 10.
    check(data.element_weights(BINARY, np.array([[0.25], [1]]), rows, by_label), [[32.5], [200]])
    check(data.element_weights(MULTILABEL, np.zeros((2, 2)), rows, None), [[1, 1], [2, 2]])
    check(data.element_weights(MULTILABEL, np.zeros((2, 2)), rows, by_label), [[10, 100], [20, 200]])
    both = np.array([[10, 1], [100, 3]], np.float32)  # unset and set, of two labels
    check(data.element_weights(MULTILABEL, np.array([[0, 1], [0.25, 0]]), rows, both), [[10, 3], [2 * 32.5, 2]])
    check(data.element_weights(MULTICLASS, np.array([1, 0]), rows, np.array([5, 7, 9])), [7, 10])
    check(data.element_weights(MULTICLASS, np.array([1, 0]), rows, None), [1, 2])


# -- Batches -------------------------------------------------------------------------------------------

@settings(deadline=None, max_examples=50)
@given(st.integers(1, 200), st.integers(1, 20), st.integers(1, 5))
def test_accumulated_batches_close_a_step(n, batch_size, accumulation):
    lengths = np.random.default_rng(n).integers(3, 60, n)
    batches = list(data.epoch_batches(lengths, batch_size * accumulation, batch_size, 1, 1))
    assert sorted(row for batch in batches for row in batch.rows) == list(range(n))
    steps, current = [], []
    for batch in batches:
        assert 1 <= len(batch.rows) <= batch_size
        current.append(batch)
        if batch.last:
            steps.append(current)
            current = []
    assert not current and len(steps) == -(-n // (batch_size * accumulation))
    for step in steps:
        assert {batch.step_rows for batch in step} == {sum(len(batch.rows) for batch in step)}
        assert len(step) <= accumulation


def test_an_epochs_order_is_its_seeds_and_its_numbers():
    lengths = np.full(50, 9)

    def order(seed, epoch):
        return [batch.rows.tolist() for batch in data.epoch_batches(lengths, 4, 4, seed, epoch)]

    assert order(1, 1) == order(1, 1)
    assert len({str(order(seed, epoch)) for seed in (1, 2) for epoch in (1, 2)}) == 4


@pytest.mark.parametrize("lengths, quantile, limit, expected", [
    ([3, 4, 5], 1.0, 512, 8), (range(1, 101), 0.95, 512, 96), (range(1, 101), 0.5, 512, 56), ([700], 1.0, 512, 512),
    ([20], 1.0, 21, 21), ([5], 0.95, 6, 6),
])
def test_the_automatic_length_is_the_quantile_rounded_up_to_8(lengths, quantile, limit, expected):
    assert data.auto_max_len(np.array(lengths), quantile, limit) == expected
