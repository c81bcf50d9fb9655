"""The state of a run on disk: everything needed to resume the run with the result of one never interrupted.

A state is a directory "state-<step>" with state.json and arrays.safetensors (weights, optimizer, dropout's random
state, the best weights so far). It is written under a temporary name and then renamed, so that a killed process
leaves a complete state. Older states are removed after that.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.errors import Arg, ArgumentError, BundleError, Sentence, shown
from bertfit.model import bundle
from bertfit.system import replacement

_NAME = re.compile(r"state-(\d+)")
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

    def check_identity(self, identity: dict[str, Any]) -> None:
        """Check that the state belongs to a run with this identity.

        Raises:
            ArgumentError: It belongs to a run with other settings, data or model.
        """
        different = [name for name in identity if self.identity.get(name) != identity[name]]
        if different:
            raise ArgumentError("A run must be resumed with the settings, data and model it was started with.",
                                [Sentence("{} was {}, now {}.", Arg(name), shown(self.identity.get(name)),
                                          shown(identity[name])) for name in different])


def save_state(out_dir: str | Path, state: State) -> None:
    """Write a state to `out_dir`, then remove the others.

    Raises:
        BundleError: The state cannot be written; earlier ones are unchanged.
    """
    import safetensors.numpy

    out_dir = Path(out_dir)
    target = out_dir / f"state-{state.step:09d}"
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
    drafts = out_dir.glob(".state-*")  # left by processes that were killed while saving
    for other in [*(path for path in _states(out_dir) if path != target), *drafts]:
        shutil.rmtree(other, ignore_errors=True)


def open_state(out_dir: str | Path | None, resume: bool, seed: int | None) -> tuple[State | None, int]:
    """The state to resume from (or None), and the run's seed: the state's, `seed`, or a random one.

    Raises:
        ArgumentError: There is no state, or it has another seed.
        BundleError: It cannot be read.
    """
    if not resume:
        return None, _env.draw_seed(seed)
    if out_dir is None:
        raise ArgumentError("must be given to resume a run.", argument="out_dir")
    state = load_state(out_dir)
    if seed not in (None, state.seed):
        raise ArgumentError("must be that of the run to resume.", [f"It was {state.seed}."], argument="seed")
    return state, state.seed


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
    """The states in a folder by time of writing, the newest last (an earlier run may have had more steps)."""
    if not out_dir.is_dir():
        return []
    numbered = [(int(match[1]), path) for path in out_dir.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, _, path in sorted((_written(path), step, path) for step, path in numbered)]


def _written(state: Path) -> int:
    """When a state was written, in nanoseconds; 0 for one without state.json."""
    try:
        return (state / _JSON).stat().st_mtime_ns
    except OSError:
        return 0
