"""polars DataFrames and Datasets: the same fits and predictions as with pandas, and tables of the same kind back."""

import numpy as np
import pandas as pd
import pytest

from bertfit.errors import ArgumentError, DataError
from bertfit.estimators.base import read_texts
from bertfit.frames.bert import Bert
from bertfit.frames.fitting import fit
from bertfit.frames.tables import column, is_frame
from bertfit.frames.targets import read_target
from toys.models import toy_head, toy_model, toy_rows

TEXTS, GOOD = toy_rows(24)
FRAME = pd.DataFrame({"text": TEXTS, "y": np.where(GOOD > 0, "yes", "no"), "n": GOOD.astype(int), "weight": 1.0})
QUICK = {"epochs": 2, "seed": 1, "verbose": 0, "precision": "float32", "freeze": "encoder", "learning_rate": 0.05}


def polars(frame):
    return pytest.importorskip("polars").DataFrame(frame.to_dict("list"))


def dataset(frame):
    return pytest.importorskip("datasets").Dataset.from_dict(frame.to_dict("list"))


KINDS = pytest.mark.parametrize("kind", [polars, dataset])


@pytest.fixture(scope="module")
def expected():
    return fit(FRAME, "text", "y", toy_model(), validation=FRAME, sample_weights="weight", **QUICK)


@KINDS
def test_a_fit_and_its_answers_are_those_of_pandas(kind, expected):
    table = kind(FRAME)
    assert is_frame(table)
    got = fit(table, "text", "y", toy_model(), validation=table, sample_weights="weight", **QUICK)
    assert got.model.record["columns"] == expected.model.record["columns"]
    p = got.predict(table)
    assert type(p) is type(table)
    np.testing.assert_array_equal(np.array([p[name] for name in (".pred_no", ".pred_yes")]).T,
                                  expected.predict(FRAME).to_numpy())
    assert list(got.predict(table, type="class")[".pred_class"]) == list(expected.predict(TEXTS, type="class"))
    assert got.evaluate(table)["overall"] == expected.evaluate(FRAME)["overall"]
    np.testing.assert_array_equal(got.embed(table), expected.embed(FRAME))
    assert read_texts(table[["text"]] if kind is polars else table.select_columns(["text"])).texts == TEXTS
    with pytest.raises(DataError, match="Columns: text, y, n, weight"):
        fit(table, "text", "z", toy_model(), **QUICK)


@KINDS
@pytest.mark.parametrize(("values", "labels"), [
    (["b", "a"], ("a", "b")), ([1, 0], ("0", "1")), ([True, False], ("FALSE", "TRUE")), ([1.5, 2.5], ("y",))])
def test_columns_have_their_types(kind, values, labels):
    read = read_target({"y": column(kind(pd.DataFrame({"y": values})), "y", "target")})
    assert read.labels == labels
    if read.classes is not None:
        assert set(map(type, read.classes.values)) == {type(values[0])}


@KINDS
def test_missing_values_are_found(kind):
    table = kind(pd.DataFrame({"text": ["a", None], "y": ["a", None]}))
    with pytest.raises(DataError, match="Row 1 is missing"):
        fit(table, "text", "y", toy_model(), **QUICK)
    with pytest.raises(DataError, match="Row 1 is missing"):
        read_target({"y": column(table, "y", "target")})


def predicted(table, categories):
    model = Bert(toy_head("multiclass"))
    model.model.record["classes"] = {"values": list(categories), "category": "unordered"}
    return model.predict(table, type="class"), model.predict(TEXTS, type="class")


def test_enums_and_categoricals_of_polars():
    pl = pytest.importorskip("polars")
    for dtype, order in ((pl.Enum(["z", "b", "a"]), ["z", "b", "a"]), (pl.Categorical, ["a", "b", "z"])):
        table = pl.DataFrame({"text": TEXTS, "y": pl.Series((["b", "a", "z"] * 8), dtype=dtype)})
        read = read_target({"y": column(table, "y", "target")})
        assert (read.kind, list(read.labels), read.classes.category) == ("multiclass", order, "unordered")
        got, listed = predicted(table, order)
        assert got[".pred_class"].dtype == pl.Enum(order) and got[".pred_class"].to_list() == listed.tolist()
        equal = got[".pred_class"].cast(str) == table["y"].cast(str)
        assert equal.sum() == sum(listed == np.array(table["y"].to_list()))
    series = pl.Series("mine", ["x", "y"], dtype=pl.Categorical)
    assert fit(None, pl.Series(TEXTS[:2]), series, toy_model(), validation=0, **QUICK).labels == ("x", "y")
    with pytest.raises(ArgumentError, match=r"Call its collect\(\)"):
        fit(table.lazy(), "text", "y", toy_model())


def test_class_labels_of_datasets_are_categories():
    datasets = pytest.importorskip("datasets")
    label = datasets.ClassLabel(names=["neg", "pos", "none"])
    table = dataset(pd.DataFrame({"text": TEXTS, "y": [0, 1, 2] * 8})).cast_column("y", label)
    read = read_target({"y": column(table, "y", "target")})
    assert (read.kind, read.labels) == ("multiclass", ("neg", "pos", "none")) and read.numbers.tolist() == [0, 1, 2] * 8
    got, listed = predicted(table, label.names)
    assert got.features[".pred_class"] == label
    assert [label.int2str(code) for code in got[".pred_class"]] == listed.tolist()
    with pytest.raises(ArgumentError, match=r"Give one of its splits: \['train'\]"):
        fit(datasets.DatasetDict(train=table), "text", "y", toy_model())
