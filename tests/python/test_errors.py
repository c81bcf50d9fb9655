"""Errors carry a code each, read well, and are the built-in kinds that a Python user would catch."""


import pytest

from bertfit import errors

TREE = {
    errors.ArgumentError: ("argument", ValueError),
    errors.DataError: ("data", ValueError),
    errors.CheckpointError: ("checkpoint", Exception),
    errors.VocabularyError: ("vocabulary", Exception),
    errors.DownloadError: ("download", Exception),
    errors.BundleError: ("bundle", Exception),
    errors.TrainingError: ("training", ArithmeticError),
    errors.SetupError: ("setup", RuntimeError),
}


def test_the_tree_is_complete_and_no_code_is_used_twice():
    assert set(errors.BertfitError.__subclasses__()) == set(TREE)
    assert len({kind.code for kind in TREE}) == len(TREE)


@pytest.mark.parametrize("kind", TREE)
def test_kind(kind):
    code, builtin = TREE[kind]
    error = kind("Rows must be sorted.", ["Row 3 is not.", "Sort them."])
    assert error.code == code and isinstance(error, builtin)
    assert error.message == "Rows must be sorted." and error.details == ("Row 3 is not.", "Sort them.")
    assert str(error) == "Rows must be sorted.\n- Row 3 is not.\n- Sort them."


def test_no_details():
    assert str(errors.DataError("Rows must be sorted.")) == "Rows must be sorted."
