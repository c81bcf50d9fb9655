"""A pretraining run on disk: all that it takes to go on as if it had never stopped.

A state is a directory "state-<step>" with state.json and arrays.safetensors (weights, optimizer, dropout's
noise), written under another name and renamed, so that a killed process leaves a whole one behind. Older
states are removed once a newer one is in place.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.errors import ArgumentError, BundleError
from bertfit.model import bundle

_NAME = re.compile(r"state-(\d+)")
_ARRAYS, _JSON = "arrays.safetensors", "state.json"


@dataclasses.dataclass
class State:
    """Where a run stands.

    Args:
        identity: Settings, data and model that the run is bound to.
        seed, step: Of the run; `step` counts the steps done.
        sums: What the unfinished epoch has added up.
        history: One list per column.
        best_epoch, best_badness: The best epoch so far.
        seconds: Time spent.
        arrays: Weights, optimizer and noise, by name.
    """

    identity: dict[str, Any]
    seed: int
    step: int
    sums: dict[str, float]
    history: dict[str, list]
    best_epoch: int | None
    best_badness: float
    seconds: float
    arrays: dict[str, np.ndarray]


def save_state(out_dir: str | Path, state: State) -> None:
    """Write a state under `out_dir` and remove the ones before it.

    Raises:
        BundleError: The disk refuses; the state before is untouched.
    """
    import safetensors.numpy

    out_dir = Path(out_dir)
    draft, target = out_dir / f".state-{uuid.uuid4().hex[:12]}", out_dir / f"state-{state.step:09d}"
    fields = {f.name: getattr(state, f.name) for f in dataclasses.fields(state) if f.name != "arrays"}
    try:
        draft.mkdir(parents=True)
        # Single numbers (the optimizer's counters) get a dimension on the way, and lose it when read.
        arrays = {name: np.ascontiguousarray(np.atleast_1d(array)) for name, array in state.arrays.items()}
        shapes = {name: list(array.shape) for name, array in state.arrays.items()}
        safetensors.numpy.save_file(arrays, str(draft / _ARRAYS), {"shapes": json.dumps(shapes)})
        (draft / _JSON).write_text(json.dumps(bundle.plain(fields)), "utf-8")
        if target.exists():
            shutil.rmtree(target)
        os.replace(draft, target)
    except OSError as error:
        raise BundleError("The state of the run could not be saved.",
                          [f"{target}: {error.strerror or error}."]) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for older in _states(out_dir)[:-1]:
        shutil.rmtree(older, ignore_errors=True)


def load_state(out_dir: str | Path) -> State:
    """The newest state under `out_dir`.

    Raises:
        ArgumentError: There is none.
        BundleError: It cannot be read.
    """
    found = _states(Path(out_dir))
    if not found:
        raise ArgumentError("must hold the state of a run to resume.", [f"{out_dir} has none."], argument="out_dir")
    import safetensors

    try:
        fields = bundle.unplain(json.loads((found[-1] / _JSON).read_text("utf-8")))
        with safetensors.safe_open(str(found[-1] / _ARRAYS), framework="numpy") as file:
            shapes = json.loads(file.metadata()["shapes"])
            arrays = {name: file.get_tensor(name).reshape(shapes[name]) for name in shapes}
        return State(**fields, arrays=arrays)
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise BundleError("The state of a run must be whole.", [f"{found[-1]}: {error}."]) from error


def _states(out_dir: Path) -> list[Path]:
    """The states under a folder, the newest last."""
    if not out_dir.is_dir():
        return []
    numbered = {int(match[1]): path for path in out_dir.iterdir() if (match := _NAME.fullmatch(path.name))}
    return [numbered[step] for step in sorted(numbered)]
