"""What a finished classifier of Hugging Face predicts: the task and the names of its labels, from config.json.

What transformers' pipeline does with the outputs decides: the softmax of several (of two, that is the sigmoid of their
difference), the sigmoid of each of a multilabel model's, and of a regression the number itself. A single output without
`problem_type` is a regression if its label was never named (transformers trains it with the squared error), or if
sentence-transformers applies nothing to it; else it is the logit of that label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.checks import label_text
from bertfit.config import TASKS, Task
from bertfit.errors import ArgumentError, CheckpointError, Sentence, Setting, Value
from bertfit.settings import require

#: What `task` may be: a kind of task, or "none" for the encoder without its head.
OPENED_AS = (*TASKS, "none")
_PROBLEMS = ("single_label_classification", "multi_label_classification", "regression")
_PLACEHOLDER = re.compile(r"LABEL_\d+")
_FITTING = {"binary": "1 or 2", "multiclass": "2 or more", "multilabel": "1 or more", "regression": "1"}


def check_task(task: str | None) -> None:
    """Raise an ArgumentError unless `task` is None or one of `OPENED_AS`."""
    require(task is None or task in OPENED_AS, "task", f"one of {', '.join(OPENED_AS)}", task)


def read_task(settings: Mapping[str, Any], path: Path, outputs: int, task: str | None = None) -> Task:
    """The task of a classifier.

    Args:
        settings: The content of config.json: `id2label`, `label2id`, `num_labels`, `problem_type`.
        path: That file, for error messages.
        outputs: Outputs of the head, the rows of its last tensor.
        task: Kind of task that the user asks for; None for that of the settings.

    Returns:
        The task. Labels are in the order of their ids, the negative class of a binary task first. Of one output, they
        are "not <label>" and "<label>". Names such as "LABEL_0" are kept.

    Raises:
        CheckpointError: The labels contradict each other or the head, or a regression predicts several numbers.
        ArgumentError: `task` does not fit the number of outputs.

    >>> read_task({"id2label": {"0": "ham", "1": "spam"}}, Path("config.json"), 2)
    Task(kind='binary', labels=('ham', 'spam'), center=0.0, scale=1.0)
    >>> read_task({"id2label": {"0": "toxic"}}, Path("config.json"), 1).labels
    ('not toxic', 'toxic')
    """
    labels = _labels(settings, path, outputs)
    kind = _asked(task, outputs) if task is not None else _kind(settings, path, labels)
    if kind == "binary" and outputs == 1:
        labels = [f"not {labels[0]}", labels[0]]
    return Task(kind, labels)


def single_logit(task: Task, kernel: np.ndarray, bias: np.ndarray) -> list[np.ndarray]:
    """The weights of our output layer: softmax of two logits is the sigmoid of their difference.

    Args:
        task: The classifier's task.
        kernel, bias: Weights [H, K] and [K] of K outputs, in the checkpoint.

    Returns:
        Kernel and bias with `task.n_outputs` outputs.

    >>> single_logit(Task("binary", ("a", "b")), np.array([[1.0, 3.0]]), np.array([0.5, 0.0]))[0].tolist()
    [[2.0]]
    """
    if kernel.shape[1] == task.n_outputs:
        return [kernel, bias]
    return [kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]]


def _labels(settings: Mapping[str, Any], path: Path, outputs: int) -> list[str]:
    """The names of the labels by their ids, checked."""
    names, count = settings.get("id2label"), settings.get("num_labels")
    head = f"the head has {outputs} output{'' if outputs == 1 else 's'}"
    named = {i: f"LABEL_{i}" for i in range(outputs)} if names is None else _ids(names, path)
    if len(named) != outputs:
        raise _contradiction(path, f"`id2label` has {len(named)} labels ({_shown(named.values())}), and {head}.")
    if count not in (None, outputs):
        raise _contradiction(path, Sentence("`num_labels` is {}, and {}.", Value(count), head))
    if absent := sorted(set(range(outputs)) - set(named)):
        raise _contradiction(path, f"`id2label` has no id {absent[0]}; its ids are {_shown(sorted(named))}.")
    labels = [named[i] for i in range(outputs)]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise _contradiction(path, Sentence("`id2label` has {} more than once.", Value(twice[0])))
    _check_inverse(settings.get("label2id"), labels, path)
    return labels


def _ids(names: Any, path: Path) -> dict[int, str]:
    """`id2label` with whole numbers as keys and text as values."""
    if not isinstance(names, Mapping) or not names:
        raise _contradiction(path, Sentence("`id2label` is {}.", Value(names)))
    named: dict[int, str] = {}
    for key, label in names.items():
        if not re.fullmatch(r"\d{1,9}", str(key)) or int(key) in named:
            raise _contradiction(path, Sentence("`id2label` has the id {}.", Value(key)))
        if not isinstance(label, (str, int, float)) or not _is_text(str(label)):
            raise _contradiction(path, Sentence("`id2label` names {} for id {}.", Value(label), Value(key)))
        named[int(key)] = label_text(label)
    return named


def _check_inverse(ids: Any, labels: list[str], path: Path) -> None:
    """`label2id` must be the inverse of `id2label`, unless it has the names that transformers gives by itself."""
    if ids is None or (isinstance(ids, Mapping) and all(_PLACEHOLDER.fullmatch(str(name)) for name in ids)):
        return
    if not isinstance(ids, Mapping):
        raise _contradiction(path, Sentence("`label2id` is {}.", Value(ids)))
    known = {label_text(name): str(i) for name, i in ids.items()}
    for i, label in enumerate(labels):
        if known.get(label) != str(i):
            other = f"`label2id` gives {known[label]}" if label in known else "`label2id` does not have it"
            raise _contradiction(path, Sentence("`id2label` names {} for id {}; {}.", Value(label), i, other))
    if extra := sorted(set(known) - set(labels)):
        raise _contradiction(path, Sentence("`label2id` has {}, and `id2label` has not.", Value(extra[0])))


def _kind(settings: Mapping[str, Any], path: Path, labels: list[str]) -> str:
    """The kind of task that the settings say."""
    problem = settings.get("problem_type")
    if problem not in (None, *_PROBLEMS):
        raise CheckpointError(f"The field `problem_type` in {path.name} must be one of {', '.join(_PROBLEMS)}.",
                              [Sentence("{} says {}.", path, Value(problem)), _way_out()])
    if problem == "multi_label_classification":
        return "multilabel"
    if problem == "regression" and len(labels) > 1:
        raise CheckpointError("A regression must predict one number.",
                              [f"{path} has {len(labels)} outputs ({_shown(labels)}).", _way_out()])
    if len(labels) > 1:
        return "binary" if len(labels) == 2 else "multiclass"
    if problem is None:
        applied = _applied(settings)
        plain = _PLACEHOLDER.fullmatch(labels[0]) is not None if applied is None else applied != "Sigmoid"
        return "regression" if plain else "binary"
    return "regression" if problem == "regression" else "binary"


def _applied(settings: Mapping[str, Any]) -> str | None:
    """The function that sentence-transformers applies to a cross-encoder's output ("Sigmoid", "Identity"), or None."""
    own = settings.get("sentence_transformers")
    name = own.get("activation_fn") if isinstance(own, Mapping) else None
    name = name or settings.get("sbert_ce_default_activation_function")
    return name.rsplit(".", 1)[-1] if isinstance(name, str) else None


def _asked(task: str, outputs: int) -> str:
    """`task`, if a head with that many outputs can have it."""
    least, most = {"binary": (1, 2), "multiclass": (2, None), "multilabel": (1, None), "regression": (1, 1)}[task]
    if outputs < least or (most is not None and outputs > most):
        raise ArgumentError("must fit the classifier's outputs.",
                            [f"It has {outputs}; {task} needs {_FITTING[task]}."], argument="task", received=task)
    return task


def _contradiction(path: Path, detail: str | Sentence) -> CheckpointError:
    return CheckpointError("A classifier must have one name for each of its outputs.",
                           [Sentence("{}: {}", path, detail), _way_out()])


def _way_out() -> Sentence:
    return Sentence("Correct the file, or open the encoder without its head: {}.", Setting("task", "none"))


def _is_text(label: str) -> bool:
    """Whether a label is text that R and files can hold."""
    return label != "" and "\0" not in label and label == label.encode("utf-8", "replace").decode()


def _shown(values: Any) -> str:
    listed = list(map(str, values))
    return ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
