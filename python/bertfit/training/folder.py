"""The folder of a run: whose it is, its states, and what an earlier run has left there.

`run.json` has the run's id, which its states have too: a run is never resumed from a state of another one. A run that
replaces an earlier one (`overwrite`) lists there what is to be replaced. That stays until the new run has completed an
epoch, and so has something whole to put in its place.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertfit import _env
from bertfit.errors import Arg, ArgumentError, BertfitError, BundleError, Sentence, Value, shown
from bertfit.model import bundle
from bertfit.notices import UnsavedWarning, tell
from bertfit.system import remove, replacement
from bertfit.training.state import State, load_state, write_state

if TYPE_CHECKING:
    from bertfit.model import Model

#: The file that names the run.
RUN = "run.json"
_MODEL, _STATE = re.compile(r"best|last|epoch-\d+"), re.compile(r"state-(\d+)(?:-([0-9a-f]+))?")
#: Identities that are digests, and what they are digests of.
_DIGESTS = {"rows": "training rows", "validation": "validation rows", "weights": "model's weights",
            "data": "pretraining data", "vocabulary": "entries of the vocabulary"}


class RunFolder:
    """The folder of a run. Made by `open_run`.

    Args:
        path: The folder; made by `begin`.
        kind: "fine-tuning" or "pretraining".
        run: The run's id.
        earlier: Names of the models and states in it that the run replaces.

    `unsaved` has the reason for each thing that could not be saved when that was last tried.
    """

    def __init__(self, path: Path, kind: str, run: str, earlier: list[str]):
        self.path, self.kind, self.run, self.earlier = path, kind, run, earlier
        self.unsaved: dict[str, str] = {}

    def begin(self) -> None:
        """Make the folder, and write whose it is.

        Raises:
            BundleError: It cannot be written.
        """
        content = {"run": self.run, "kind": self.kind, "replaces": self.earlier}
        try:
            with replacement(self.path / RUN, "file") as draft:
                draft.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise BundleError("The folder of a run must be writable.",
                              [f"{self.path}: {error.strerror or error}."]) from error

    def attempt(self, what: str, save: Callable[[], Any]) -> None:
        """Save something; where that fails, say so: the run goes on, because what it has learnt would be lost."""
        try:
            save()
            self.unsaved.pop(what, None)
        except BertfitError as error:
            self.unsaved[what] = str(error)
            tell(UnsavedWarning(Sentence("{} could not be saved; the run goes on. {}", what, " ".join(
                map(str, error.sentences)))))

    def place(self, name: str) -> Path:
        """The path of a model that is about to be saved; what an earlier run had there counts as replaced."""
        if name in self.earlier:
            self.earlier.remove(name)
            self.begin()
        return self.path / name

    def keep_elsewhere(self, model: Model) -> None:
        """Save the last model, which could not be saved here, in another folder, and say where."""
        from bertfit.model import persist  # starts TensorFlow

        kept = persist.keep(model, self.path / "last")
        tell(UnsavedWarning(Sentence("The last model could not be saved in its place. {}", (
            "It could be saved nowhere else either." if kept is None else f"It is in {kept}."))))

    def save(self, state: State) -> None:
        """Write a state, then remove the run's older ones.

        Raises:
            BundleError: The state cannot be written; earlier ones are unchanged.
        """
        target = self.path / f"state-{state.step:09d}-{self.run}"
        write_state(target, state)
        # Those without an id are of a version that gave none, and of this run, unless they are to be replaced.
        for path in _states(self.path):
            if path != target and _run_of(path) in (None, self.run) and path.name not in self.earlier:
                with contextlib.suppress(OSError):
                    remove(path)
        for draft in self.path.glob(".state-*"):  # left by processes that were killed while saving
            shutil.rmtree(draft, ignore_errors=True)

    def replace_earlier(self) -> None:
        """Remove what an earlier run has left, when this one has completed an epoch and saved everything."""
        if not self.earlier or self.unsaved:
            return
        for name in self.earlier:
            with contextlib.suppress(OSError):
                remove(self.path / name)
        self.earlier = []
        self.begin()


def open_run(out_dir: str | Path | None, kind: str, *, resume: bool, overwrite: bool, seed: int | None,
             argument: str) -> tuple[RunFolder | None, State | None, int]:
    """The folder of a run, the state to resume from, and the run's seed.

    Args:
        out_dir, kind, resume, overwrite, argument: As for `check_folder`.
        seed: The seed, or None: that of the state, or else a random one.

    Raises:
        ArgumentError: As `check_folder`, or the run to resume has another seed.
        BundleError: The state cannot be read.
    """
    check_folder(out_dir, kind, resume=resume, overwrite=overwrite, argument=argument)
    if out_dir is None:
        return None, None, _env.draw_seed(seed)
    path = Path(out_dir)
    if not resume:
        earlier = [name for name in _found(path) if name != RUN]
        return RunFolder(path, kind, uuid.uuid4().hex[:12], earlier), None, _env.draw_seed(seed)
    about, place = _read(path), _own_states(path)[-1]
    state = load_state(place)
    if state.run != about["run"]:
        raise BundleError("The state of a run must be its own.",
                          [f"{place} is of run {state.run}, not {about['run']}."])
    if seed not in (None, state.seed):
        raise ArgumentError("must be that of the run to resume.", [f"It was {state.seed}."], argument="seed")
    return RunFolder(path, kind, about["run"] or uuid.uuid4().hex[:12], about["replaces"]), state, state.seed


def check_folder(out_dir: str | Path | None, kind: str, *, resume: bool, overwrite: bool, argument: str) -> None:
    """Check that a run can be started, or resumed, in a folder.

    Args:
        out_dir: The folder; None for none.
        kind: "fine-tuning" or "pretraining".
        resume: Continue the run in the folder.
        overwrite: Replace the run in the folder, if there is one.
        argument: Name of the argument that `out_dir` was given as.

    Raises:
        ArgumentError: There is a run, and neither `resume` nor `overwrite`; there is none to resume, or one of the
            other kind; the folder cannot be a run's.
        BundleError: Its run.json is damaged.
    """
    if resume and overwrite:
        raise ArgumentError(Sentence("must be left out where {} is given.", Arg("resume")), argument="overwrite")
    if out_dir is None:
        if resume or overwrite:
            raise ArgumentError(f"must be given to {'resume' if resume else 'overwrite'} a run.", argument=argument)
        return
    path = Path(out_dir)
    if path.exists() and not path.is_dir():
        raise ArgumentError("must be a folder.", [f"{path} is a file."], argument=argument)
    found = _found(path)
    if found and not (resume or overwrite):
        raise ArgumentError(
            Sentence("must be a folder without a run, or {} or {} be given.", Arg("resume"), Arg("overwrite")),
            [f"{path} holds a run: {', '.join(found[:4])}{', ...' if len(found) > 4 else ''}.",
             Sentence("{} continues it; {} replaces it, when the new run has completed an epoch; another {} keeps it.",
                      Arg("resume"), Arg("overwrite"), Arg(argument))], argument=argument)
    if found:
        _check_kind(path, kind, found, "resume" if resume else "overwrite", argument)
    if resume and not _own_states(path):
        left = _read(path)["replaces"]
        raise ArgumentError("must hold the state of a run to resume.", [f"{path} has none.", *([
            f"The run that is to replace {', '.join(left[:3])} was stopped before it saved one: start it again."
        ] if left else [])], argument=argument)
    for name in ("best", "last") if kind == "pretraining" else ():
        other = path / name
        if name not in found and other.exists() and not (other.is_dir() and not any(other.iterdir())):
            raise ArgumentError(Sentence("must be a folder without another {}.", Value(name)),
                                [f"{other} is no saved model, and would not be replaced."], argument=argument)


def _own_states(path: Path) -> list[Path]:
    """The states of the run that a folder is of, the newest last."""
    about = _read(path)
    return [p for p in _states(path) if p.name not in about["replaces"] and _run_of(p) == about["run"]]


def _check_kind(path: Path, kind: str, found: list[str], purpose: str, argument: str) -> None:
    known = _read(path)["kind"] or ("pretraining" if any(map(_MODEL.fullmatch, found)) else kind)
    if known != kind:
        raise ArgumentError(f"must hold a run of {kind} to {purpose}.", [f"{path} holds one of {known}."],
                            argument=argument)


def _read(path: Path) -> dict[str, Any]:
    """What run.json says; for a folder without one, the run of the newest state."""
    file = path / RUN
    try:
        about = json.loads(file.read_text("utf-8"))
        return {"run": str(about["run"]), "kind": about["kind"], "replaces": list(about["replaces"])}
    except FileNotFoundError:
        states = _states(path)
        return {"run": _run_of(states[-1]) if states else None, "kind": None, "replaces": []}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError("The description of a run must be whole.", [f"{file}: {error}."]) from error


def _found(path: Path) -> list[str]:
    """Names of what a run has left in a folder, its models first; [] if there is no run."""
    if not path.is_dir():
        return []
    models = [p.name for p in path.iterdir() if _MODEL.fullmatch(p.name) and (p / bundle.DESCRIPTION).is_file()]
    return [*sorted(models), *sorted(p.name for p in _states(path)), *([RUN] if (path / RUN).is_file() else [])]


def _states(path: Path) -> list[Path]:
    """The states in a folder by time of writing, the newest last (an earlier run may have had more steps)."""
    if not path.is_dir():
        return []
    numbered = [(int(match[1]), p) for p in path.iterdir() if (match := _STATE.fullmatch(p.name)) and p.is_dir()]
    return [p for _, _, p in sorted((_written(p), step, p) for step, p in numbered)]


def _run_of(state: Path) -> str | None:
    return _STATE.fullmatch(state.name)[2]


def _written(state: Path) -> int:
    """When a state was written, in nanoseconds; 0 for one without state.json."""
    try:
        return (state / "state.json").stat().st_mtime_ns
    except OSError:
        return 0


def check_identity(before: Mapping[str, Any], now: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Check that a run is resumed with its own settings, data and model.

    Args:
        before: Identity of the run that the state is of.
        now: Identity of the run that is to be resumed.
        defaults: Default of every setting, which a setting had that the state does not know.

    Raises:
        ArgumentError: They differ; the details name every difference.
    """
    details: list[str | Sentence] = []
    for name, value in now.items():
        was = before.get(name)
        if was == value or name not in before:  # a state of an earlier version knows less
            continue
        if isinstance(was, Mapping) and isinstance(value, Mapping):
            known = {**(defaults if name == "settings" else {}), **was}
            details += [_difference(key, known.get(key), value[key]) for key in value if known.get(key) != value[key]]
        elif name in _DIGESTS and isinstance(was, (str, type(None))) and isinstance(value, (str, type(None))):
            details.append(f"The {_DIGESTS[name]} are not the same.")
        else:
            details.append(_difference(name, was, value))
    if details:
        raise ArgumentError("A run must be resumed with the settings, data and model it was started with.", details)


def _difference(name: str, was: Any, now: Any) -> Sentence:
    return Sentence("{} was {}, now {}.", Arg(name), shown(was), shown(now))
