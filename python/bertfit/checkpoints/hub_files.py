"""Which files of a repository of the hub are read, whether they are all there, and how they come into the cache."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bertfit.checkpoints import archive, hub_errors, hub_settings, weight_files
from bertfit.checkpoints.reporting import Reporter

CONFIG = "config.json"
#: Files of tokenizers, of which a folder has some.
TOKENIZERS = ("vocab.txt", "tokenizer.json", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
#: Files beside them, which are read where there are any.
SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")


def is_complete(folder: Path) -> bool:
    """Whether a folder has a configuration, a tokenizer and weights. `Snapshot.fetch` fetches the weights last."""
    return ((folder / CONFIG).is_file() and any((folder / name).is_file() for name in TOKENIZERS)
            and bool(parts := _parts(folder, _held(folder))) and all((folder / part).is_file() for part in parts))


def _held(folder: Path) -> str | None:
    """The file that `weight_files.open_weights` would open: of the weights, or the index of their shards."""
    return next((name for name in weight_files.FILES if (folder / name).is_file()), None)


def _parts(folder: Path, weights: str | None) -> Collection[str]:
    """The files of tensors: `weights` itself, or the shards that it lists; none if it is None or a damaged index."""
    if weights is None:
        return ()
    if not weights.endswith(".json"):
        return [weights]
    try:
        return dict.fromkeys(json.loads((folder / weights).read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


class Snapshot:
    """The files of one commit, on their way into the cache.

    Args:
        hub: The package huggingface_hub.
        question: What was asked for.
        info: What the hub says about the model: the commit, and its files with their sizes and digests.
        report: Called with (bytes so far, bytes in all).
    """

    def __init__(self, hub: ModuleType, question: hub_errors.Question, info: Any, report: Reporter):
        self.hub, self.question, self.report = hub, question, report
        self.commit, self.files = info.sha, {file.rfilename: file for file in info.siblings or ()}
        self.folder = question.place / "snapshots" / info.sha
        self.settings = {"cache_dir": str(question.place.parent), "endpoint": question.endpoint,
                         "library_name": "bertfit"}
        self.done = self.total = 0

    def fetch(self, force: bool) -> str:
        """Fetch what is missing, or with `force` everything; returns the folder.

        Raises:
            DownloadError: The repository has no weights that are read, or a file is not what the hub says.
            Exception: Whatever the package raises; see `hub_errors.explained`.
        """
        weights = self._weights()
        if weights.endswith(".json"):
            self._get([weights], force)
        small = [name for name in (CONFIG, *TOKENIZERS, *SETTINGS) if name in self.files]
        self._get([*small, *(part for part in _parts(self.folder, weights) if part in self.files)], force)
        self._keep_revision()
        return str(self.folder)

    def _weights(self) -> str:
        """The file of the weights, or the index of their shards; one that is in the cache already comes first."""
        if CONFIG not in self.files:
            raise hub_errors.without(self.question, CONFIG, self.files)
        forms = [name for name in weight_files.FILES if name in self.files]
        if not forms:
            raise hub_errors.without(self.question, "model.safetensors or pytorch_model.bin, whole or in shards",
                                     self.files)
        held = _held(self.folder)
        return held if held in forms else forms[0]

    def _get(self, names: Sequence[str], force: bool) -> None:
        """Fetch the files of these names that are not in the cache as the hub has them."""
        wanted = [name for name in names if force or not self._is_here(name)]
        self.done, self.total = 0, sum(self.files[name].size or 0 for name in wanted)
        for name in wanted:
            before = self.done
            hub_settings.get_file(self.hub, self.question.name, name, revision=self.commit, bar=self._bar(),
                                  force_download=force or (self.folder / name).exists(), **self.settings)
            self._check(name)
            self.done = before + (self.files[name].size or 0)
            self.report(self.done, self.total, last=name == wanted[-1])

    def _is_here(self, name: str) -> bool:
        path = self.folder / name
        return path.is_file() and self.files[name].size in (None, path.stat().st_size)

    def _check(self, name: str) -> None:
        """Compare a file that has just come with what the hub says about it."""
        path, lfs = self.folder / name, self.files[name].lfs
        published = None if lfs is None else (lfs["sha256"] if isinstance(lfs, Mapping) else lfs.sha256)
        if not self._is_here(name) or (published and archive.file_digest(path) != published):
            path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise hub_errors.damaged(self.question, name)

    def _bar(self) -> type:
        """A class in place of tqdm's that counts the bytes of one file."""
        snapshot, before = self, self.done

        class Bar(contextlib.AbstractContextManager):
            def __init__(self, *_: Any, initial: int = 0, **__: Any):
                snapshot.done = before + (initial or 0)

            def __exit__(self, *_: Any) -> None:
                pass

            def update(self, n: float = 1) -> None:
                snapshot.done += int(n)
                snapshot.report(snapshot.done, snapshot.total)

        return Bar

    def _keep_revision(self) -> None:
        """Have the cache say which commit the branch or tag is at, for later calls without a connection."""
        revision = self.question.revision
        if revision != self.commit and kept_commit(self.question.place, revision) != self.commit:
            hub_settings.get_file(self.hub, self.question.name, CONFIG, revision=revision, **self.settings)


def kept_commit(place: Path, revision: str) -> str | None:
    """The commit that a branch or a tag was at when the hub was last asked, by the cache."""
    try:
        return (place / "refs" / revision).read_text("utf-8").strip()
    except (OSError, ValueError):
        return None
