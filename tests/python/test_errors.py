"""Errors carry a code each, read well, and are the built-in kinds that a Python user would catch."""

import ast
import copy
import pathlib
import pickle
import re

import numpy as np
import pytest

from bertfit import errors
from bertfit.cli.console import OptionWords
from bertfit.errors import Arg, ArgumentError, Function, Sentence, Setting, Value, Variable, rows_are

TREE = {
    errors.ArgumentError: ("argument", ValueError),
    errors.DataError: ("data", ValueError),
    errors.CheckpointError: ("checkpoint", Exception),
    errors.VocabularyError: ("vocabulary", Exception),
    errors.DownloadError: ("download", Exception),
    errors.BundleError: ("bundle", Exception),
    errors.TrainingError: ("training", ArithmeticError),
    errors.CallbackError: ("callback", Exception),
    errors.DiskError: ("disk", Exception),
    errors.OccupiedError: ("occupied", Exception),
    errors.SetupError: ("setup", RuntimeError),
}


def test_the_tree_is_complete_and_no_code_is_used_twice():
    assert set(errors.BertfitError.__subclasses__()) == set(TREE)
    assert len({kind.code for kind in TREE}) == len(TREE)


@pytest.mark.parametrize("kind", TREE)
def test_every_kind_has_its_code_its_builtin_class_and_its_text(kind):
    code, builtin = TREE[kind]
    error = kind("Rows must be sorted.", ["Row 3 is not.", "Sort them."])
    assert error.code == code and isinstance(error, builtin)
    assert error.message == "Rows must be sorted." and error.details == ("Row 3 is not.", "Sort them.")
    assert str(error) == "Rows must be sorted.\n- Row 3 is not.\n- Sort them."


def test_an_error_without_details_is_its_message_alone():
    assert str(errors.DataError("Rows must be sorted.")) == "Rows must be sorted."


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_copies_of_errors_have_the_same_fields(kind, copied):
    error = kind(Sentence("must not be above {}.", Arg("b")), [Sentence("{} is.", Value("c"))], argument="a",
                 received=[1])
    for one in (error, copied(error)):
        assert type(one) is kind and str(one) == "`a` must not be above `b`.\n- You gave [1].\n- 'c' is."
        assert (one.rule, one.details) == (Sentence("must not be above {}.", Arg("b")), ("'c' is.",))
        assert (one.argument, one.received, one.message) == ("a", [1], "`a` must not be above `b`.")


def test_nothing_received_is_not_none():
    assert copy.deepcopy(ArgumentError("must be given.", argument="a")).received is errors.NOTHING
    assert str(ArgumentError("must be given.", argument="a", received=None)) == "`a` must be given.\n- You gave None."


@pytest.mark.parametrize(("received", "words"), [
    (np.int64(3), "3"), (np.float32(0.5), "0.5"), ("x" * 99, "an object of class str"),
    (b"a", "an object of class bytes"), (range(3), "an object of class range"), ({"a": [1, None]}, "{'a': [1, None]}"),
])
def test_what_was_received_is_shown_if_short_and_plain(received, words):
    assert str(ArgumentError("must be.", received=received)) == f"must be.\n- You gave {words}."


def test_text_in_a_sentence_is_not_a_template():
    assert str(Sentence("{} is {}.", "{} {None}", Sentence("no {}", Arg("x")))) == "{} {None} is no `x`."
    with pytest.raises(ValueError, match="2 places for 1 parts"):
        Sentence("{} {}", "a")


def test_every_part_is_spelled_by_the_interface_that_shows_it():
    sentence = Sentence("{} has {}, not {}: use {}, or {}.", rows_are([0, 4]), Value(None), Arg("epochs"),
                        Setting("force", True), Function("download", ["x"], [Setting("force", True)]))
    assert str(sentence) == ("Rows 0, 4 are has None, not `epochs`: use force=True, or "
                             "bertfit.download('x', force=True).")
    option = OptionWords({"epochs": "--epoch", "force": "--force"}).sentence
    assert option(sentence) == ("Rows 1, 5 are has left out, not `--epoch`: use `--force`, or "
                                "`bertfit download x --force`.")
    variable = Sentence("Set {}.", Variable("HF_TOKEN", "hf_..."))
    assert str(variable) == 'Set os.environ["HF_TOKEN"] = "hf_...".'
    assert option(variable) == "Set `export HF_TOKEN=hf_...`."
    assert option(Sentence("{} {}", Function("fit"), Setting("type", "numeric"))) == "`bertfit train` type = numeric"


#: Words that only one interface has: R's functions, Python's, values, options, rows with a number.
ONE_SIDED = re.compile(r"\bbert_(?!config\b|model\b)\w+|\bbertfit\.(?!json\b|r\b)\w+|"
                       r"\b(NA|NULL|TRUE|FALSE|None|True|False)\b|\b(data\.frame|in R|R's)\b|"
                       r"(?<![\w-])--\w|counted from [01]|\bRows? \{?\d")
#: What may stand in errors that only one interface shows, and code for other programs.
OWN = {"cli": r"(?<![\w-])--\w", "r": r"\bbert_\w+\(\)", "frames": r"\bbertfit\.Callback\b",
       "checkpoints": r"transformers\.\w+\(.*?\)"}


def test_no_error_of_the_source_has_words_of_one_interface():
    wrong, read = [], 0
    root = pathlib.Path(errors.__file__).parent
    for path in sorted(root.rglob("*.py")):
        own = OWN.get(path.relative_to(root).parts[0])
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(call.func, "id", getattr(call.func, "attr", "")) if isinstance(call, ast.Call) else ""
            if name not in {kind.__name__ for kind in TREE} | {"require", "Sentence", "refuse", "fault", "_refuse"}:
                continue
            read += 1
            for part in (part for argument in call.args for part in ast.walk(argument)):
                text = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
                found = ONE_SIDED.search(re.sub(own, "", text) if own else text)
                by_hand = isinstance(part, ast.FormattedValue) and (
                    part.conversion == ord("r") or "rows_are(" in ast.unparse(part))
                if found or by_hand:
                    wrong.append(f"{path.name}:{part.lineno}: {found[0] if found else ast.unparse(part)}")
    assert not wrong and read > 300, wrong


def test_no_error_of_the_source_words_its_argument_or_what_it_received_by_hand():
    wrong, raised = [], 0
    kinds = {kind.__name__ for kind in TREE}
    for path in sorted(pathlib.Path(errors.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in kinds:
                raised += 1
                rule, *details = [[part.value for part in ast.walk(argument) if isinstance(part, ast.Constant)
                                   and isinstance(part.value, str)] for argument in call.args] or [[]]
                if (rule[:1] and rule[0].startswith("`")) or any(t.startswith("You gave") for d in details for t in d):
                    wrong.append(f"{path.name}:{call.lineno}")
    assert not wrong and raised > 200
