"""The state of a run on disk: everything needed to resume the run with the result of one never interrupted.

A state is a directory with state.json and arrays.safetensors (weights, optimizer, dropout's random state, the best
weights so far). It appears complete or not at all. Where states are kept, and whose they are, is in `folder`.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from bertfit.errors import BundleError
from bertfit.model import bundle
from bertfit.system import replacement

_ARRAYS, _JSON = "arrays.safetensors", "state.json"


@dataclasses.dataclass
class State:
    """The state of a run.

    Args:
        identity: Settings, data and model; a resumed run must have the same.
        seed: Seed of the run.
        step: Optimizer steps done.
        sums: Sums of the unfinished epoch. Arrays that it has collected are in `arrays`.
        history: One list per column.
        best_epoch, best_badness: The best epoch so far, and its measure, negated if higher is better.
        seconds: Training time so far.
        arrays: By name: "weight/0", "optimizer/0", "best/0" (weights of the best epoch, if they are kept), ...,
            "noise", and "epoch/<name>" of the unfinished epoch.
        run: Id of the run; None for a state of a version that gave none.
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
    run: str | None = None


def write_state(target: Path, state: State) -> None:
    """Write a state to the directory `target`.

    Raises:
        BundleError: The state cannot be written.
    """
    import safetensors.numpy

    fields = {f.name: getattr(state, f.name) for f in dataclasses.fields(state) if f.name != "arrays"}
    try:
        with replacement(target) as draft:
            # Scalars (the optimizer's counters) are stored as arrays of one; `shapes` restores them.
            arrays = {name: np.ascontiguousarray(np.atleast_1d(array)) for name, array in state.arrays.items()}
            shapes = {name: list(array.shape) for name, array in state.arrays.items()}
            safetensors.numpy.save_file(arrays, str(draft / _ARRAYS), {"shapes": json.dumps(shapes)})
            (draft / _JSON).write_text(json.dumps(bundle.plain(fields)), "utf-8")
    except OSError as error:
        raise BundleError("The state of the run could not be saved.",
                          [f"{target}: {error.strerror or error}."]) from error


def load_state(folder: Path) -> State:
    """Read a state.

    Raises:
        BundleError: It cannot be read.
    """
    import safetensors

    try:
        fields = bundle.unplain(json.loads((folder / _JSON).read_text("utf-8")))
        with safetensors.safe_open(str(folder / _ARRAYS), framework="numpy") as file:
            shapes = json.loads(file.metadata()["shapes"])
            arrays = {name: file.get_tensor(name).reshape(shapes[name]) for name in shapes}
        return State(**fields, arrays=arrays)
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise BundleError("The state of a run must be whole.", [f"{folder}: {error}."]) from error
