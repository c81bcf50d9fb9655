"""Checkpoints of the Hugging Face hub by their id, "owner/name": fetched and kept by the package `huggingface_hub`.

Its cache, locks, retries, tokens and mirrors are used as they are (HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE), so
what transformers has fetched is not fetched again. Only the files that are read are fetched (`hub_files`), and of the
weights one form. They come one after another in this thread, so that Ctrl-C ends a download and the caller hears of
every piece. What a refusal means is worded in `hub_errors`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from bertfit.checkpoints import hub_errors, hub_files, hub_settings
from bertfit.checkpoints.reporting import Progress, Reporter
from bertfit.errors import ArgumentError, Sentence, Value
from bertfit.notices import OfflineWarning, tell
from bertfit.system import interrupts

_ID = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT = 10.0  # seconds without an answer to the question which commit a branch is at


def is_hub_id(x: str) -> bool:
    """Whether `x` has the form "owner/name", with or without "@revision".

    >>> [is_hub_id(x) for x in ("google-bert/bert-base-uncased", "a/b@v1.0", "bert-base-uncased", "./a/b", "a/b/c")]
    [True, True, False, False, False]
    """
    name, at, revision = x.partition("@")
    return bool(_ID.fullmatch(name)) and not name.endswith(".") and bool(revision or not at)


def parse(x: str, revision: str | None = None) -> tuple[str, str | None]:
    """The id and the revision of "owner/name" or "owner/name@revision".

    Raises:
        ArgumentError: There are two revisions, or one that is not a string.
    """
    name, _, inside = x.partition("@")
    if revision is not None and (not isinstance(revision, str) or not revision):
        raise ArgumentError("must be a branch, a tag or a commit, as a string.", argument="revision", received=revision)
    if inside and revision not in (None, inside):
        raise ArgumentError(Sentence("must be left out where the id of the model has one: {}.", Value(x)),
                            argument="revision", received=revision)
    return name, revision or inside or None


def refuse_revision(revision: str | None, what: str) -> None:
    """Raise ArgumentError if a revision is given for a model that is not the hub's."""
    if revision is not None:
        raise ArgumentError("must be left out for a model that is not of the hub.",
                            [f"{what} is not the id of one (owner/name)."], argument="revision", received=revision)


def origin(folder: str | os.PathLike) -> tuple[str | None, str | None]:
    """The id and the commit of a folder of the hub's cache; None and None of any other.

    >>> origin("/home/me/hub/models--google-bert--bert-base-uncased/snapshots/86b5e0934494bd15c9632b12f734a8a67f723594")
    ('google-bert/bert-base-uncased', '86b5e0934494bd15c9632b12f734a8a67f723594')
    """
    folder = Path(folder)
    kept = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not kept.startswith("models--") or not _COMMIT.fullmatch(folder.name):
        return None, None
    return kept.removeprefix("models--").replace("--", "/", 1), folder.name


def cached(x: str, revision: str | None = None, cache_dir: str | os.PathLike | None = None) -> str | None:
    """The folder of a model that is complete in the cache, or None. The hub is not asked."""
    name, revision = parse(x, revision)
    return _cached(_place(name, cache_dir), revision or "main")


def _cached(place: Path, revision: str) -> str | None:
    commit = revision if _COMMIT.fullmatch(revision) else hub_files.kept_commit(place, revision)
    folder = place / "snapshots" / (commit or "-")
    return str(folder) if commit and hub_files.is_complete(folder) else None


def _place(name: str, cache_dir: str | os.PathLike | None) -> Path:
    return hub_settings.cache_path(cache_dir) / f"models--{name.replace('/', '--')}"


@interrupts.listening()
def fetch(
    x: str, revision: str | None = None, *, cache_dir: str | os.PathLike | None = None, force: bool = False,
    online: bool = True, progress: Progress | None = None, tried: Sequence[str] = (),
) -> str:
    """Make sure that a model's files are in the cache, and return their folder.

    A commit that is in the cache is opened without a question to the hub. For a branch or a tag the hub is asked which
    commit it is at; if the hub cannot be reached, the one that is in the cache is used, and a notice says so.

    Args:
        x: The id, "owner/name" or "owner/name@revision".
        revision: A branch, a tag, or a whole commit hash; None for "main".
        cache_dir: A cache of huggingface_hub; None for its own.
        force: Fetch the files again, even if they are there.
        online: Whether the hub may be asked. It may not if HF_HUB_OFFLINE is set.
        progress: See `Reporter`.
        tried: Sentences about what else `x` is not, for the error that there is no such model.

    Raises:
        DownloadError: The model cannot be had, or not whole; the message says why and what to do. Complete files are
            kept.

    >>> fetch("google-bert/bert-base-uncased")  # doctest: +SKIP
    """
    name, revision = parse(x, revision)
    place, offline = _place(name, cache_dir), hub_settings.is_offline()
    question = hub_errors.Question(name, revision or "main", place, None, tuple(tried))
    found = _cached(place, question.revision)
    if found and not force and (offline or not online or _COMMIT.fullmatch(question.revision)):
        return found
    if offline or not online:
        raise hub_errors.not_cached(question, offline)
    hub, question = hub_settings.package(), question.to(hub_settings.endpoint())
    with hub_settings.asking():
        try:
            with hub_errors.explained(question):
                info = hub.HfApi(endpoint=question.endpoint, library_name="bertfit").model_info(
                    name, revision=revision, files_metadata=True, timeout=_TIMEOUT)
        except hub_errors.UnreachableError as error:
            if not found or force:
                raise
            tell(OfflineWarning(Sentence(f"The hub could not be reached ({error.reason}): {name} is opened as it is in "
                                         f"the cache, at commit {Path(found).name}.")))
            return found
        with hub_errors.explained(question, fetching=True):
            return hub_files.Snapshot(hub, question, info, Reporter(name, place.parent, progress)).fetch(force)
