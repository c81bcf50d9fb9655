"""What a path means: a folder of one kind or another, one of its files, an archive, or a folder of the hub's cache.

Looks at names only, apart from the archives that `unpacked` unpacks; what the files hold is read elsewhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bertfit.checkpoints import archive, google, huggingface, registry, tfhub, weight_files
from bertfit.errors import CheckpointError, DownloadError, Function, Sentence

_BUNDLE = "bertfit.json"
_OWNERS = {"tfhub": "TF Hub's", "google": "Google's", "huggingface": "Hugging Face's"}
_LINKED = (".json", ".txt", ".model", ".safetensors", ".bin", ".pb")  # endings of files that a checkpoint consists of
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tar\.gz)", re.IGNORECASE)


def is_archive(path: Path) -> bool:
    """Whether `path` is a zip or tar archive of a checkpoint (PyTorch's weight files are zip archives, too)."""
    if not path.is_file() or path.name in weight_files.FILES:
        return False
    return archive.is_tar(path) or (bool(_ARCHIVE.search(path.name)) and zipfile.is_zipfile(path))


def stem(path: Path) -> str:
    """The name of an archive without its ending.

    >>> stem(Path("bert_en_uncased_L-2_H-128_A-2.tar.gz"))
    'bert_en_uncased_L-2_H-128_A-2'
    """
    return re.sub(_ARCHIVE.pattern + "$", "", path.name, flags=re.IGNORECASE)


@dataclasses.dataclass
class Scratch:
    """A folder that is deleted at the end of the `unpacked` block, or with an object that needs its files.

    Args:
        folder: The folder with the archive's files.
    """

    folder: Path
    kept: bool = False

    def keep_for(self, owner: object) -> None:
        """Delete the folder when `owner` is, and not at the end of the block."""
        weakref.finalize(owner, shutil.rmtree, self.folder.parent, ignore_errors=True)
        self.kept = True


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Scratch]:
    """A temporary folder of the archive's name with its files.

    Raises:
        CheckpointError: The archive is damaged, or has anything but plain files that stay inside their folder.
    """
    place = registry.cache_path()  # rather than /tmp, which is often a small disk
    place.mkdir(parents=True, exist_ok=True)
    scratch = Scratch(Path(tempfile.mkdtemp(prefix=".unpacked-", dir=place)) / stem(path))
    try:  # weights are hardly compressed, a SavedModel's graph to a tenth
        archive.unpack(path, scratch.folder, 64 * 2**20 + 20 * path.stat().st_size)
        yield scratch
    except DownloadError as error:
        raise CheckpointError(error.rule, error.details) from error
    finally:
        if not scratch.kept:
            shutil.rmtree(scratch.folder.parent, ignore_errors=True)


def folder_and_prefix(path: Path) -> tuple[Path, str | None]:
    """The folder that `path` is or lies in, and the TensorFlow checkpoint's name if the path contains it."""
    if path.is_symlink() and not path.exists():
        raise _broken(path)
    if path.is_dir():
        return _snapshot(path), None
    if path.is_file() and path.name == tfhub.CONFIG:
        return path.parent, None
    prefix = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path.name)
    if path.with_name(f"{prefix}.index").is_file():
        return path.parent, prefix
    if path.is_file() and path.name in (google.CONFIG, huggingface.CONFIG, *weight_files.FILES, "vocab.txt"):
        return path.parent, None
    what = "is a file that no checkpoint consists of" if path.exists() else "does not exist"
    raise CheckpointError("A checkpoint must be a folder.", [f"{path} {what}."])


def _snapshot(folder: Path) -> Path:
    """Of a model's folder in the hub's cache, models--OWNER--NAME, the files of its main branch; else `folder`."""
    snapshots = folder / "snapshots"
    if not folder.name.startswith("models--") or not snapshots.is_dir():
        return folder
    found = sorted(child for child in snapshots.iterdir() if child.is_dir())
    main = folder / "refs" / "main"
    commit = main.read_text("utf-8", "replace").strip() if main.is_file() else ""
    chosen = [child for child in found if child.name == commit] or (found if len(found) == 1 else [])
    if not chosen:
        raise CheckpointError(
            "A folder of the hub's cache must have the files of its main branch, or of one commit.",
            [f"{snapshots} holds {', '.join(child.name for child in found[:4]) or 'nothing'}"
             f"{', ...' if found[4:] else ''}; refs/main says {commit[:40] or 'nothing'}.",
             "Give the path of one of them, or the model's id to fetch it."],
        )
    return chosen[0]


def _broken(path: Path) -> CheckpointError:
    return CheckpointError("A checkpoint's links must lead to files.",
                           [f"{path} is a link to {os.readlink(path)}, which does not exist.",
                            "Fetch the model again, or copy it with the files that its links lead to."])


def locate(folder: Path) -> tuple[Path, str]:
    """The folder with the files, `folder` or one directly below it, and their kind.

    Raises:
        CheckpointError: There is none or more than one, or one of the files is a link that leads nowhere.
    """
    for child in sorted(folder.iterdir()):
        if child.is_symlink() and not child.exists() and child.suffix in _LINKED:
            raise _broken(child)
    if (folder.parent / tfhub.CONFIG).is_file() and folder.name in ("variables", "assets"):
        return folder.parent, "tfhub"
    if kind := _kind(folder):
        return folder, kind
    if (folder / _BUNDLE).exists():
        raise CheckpointError(
            "A checkpoint folder must hold Google's or Hugging Face's files.",
            [f"{folder} is a saved bertfit model.", Sentence("Open it with {}.", Function("load"))],
        )
    below = [(child, kind) for child in sorted(folder.iterdir()) if child.is_dir() and (kind := _kind(child))]
    if len(below) == 1:
        return below[0]
    if below:
        raise CheckpointError(
            "A folder must hold one checkpoint.",
            [f"{folder} holds {', '.join(child.name for child, _ in below)}.", "Give the path of one of them."],
        )
    names = sorted(child.name for child in folder.iterdir())
    raise CheckpointError(
        "A checkpoint folder must hold Google's files (bert_config.json, bert_model.ckpt.*, vocab.txt), "
        "Hugging Face's (config.json, model.safetensors, vocab.txt) or TF Hub's (saved_model.pb, variables, assets).",
        [f"{folder} holds {', '.join(names[:8]) or 'nothing'}{', ...' if len(names) > 8 else ''}."],
    )


def _kind(folder: Path) -> str | None:
    """The kind of a folder's files, or None. One file of a kind is enough; its reader names the missing ones."""
    signs = {
        "tfhub": ((folder / tfhub.CONFIG).is_file(), (folder / "variables").is_dir()),
        "google": ((folder / google.CONFIG).is_file(), bool(google.prefixes(folder))),
        "huggingface": ((folder / huggingface.CONFIG).is_file(), weight_files.is_there(folder)),
    }
    complete = [kind for kind, sign in signs.items() if all(sign)]
    if len(complete) > 1:
        owners = " and ".join(_OWNERS[kind] for kind in complete)
        raise CheckpointError("A folder must hold one checkpoint.",
                              [f"{folder} holds {owners} files.", "Move one set into a folder of its own."])
    if complete:
        return complete[0]
    return next((kind for kind, sign in signs.items() if any(sign)), None)
