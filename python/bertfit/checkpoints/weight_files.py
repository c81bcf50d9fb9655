"""The weight files of a Hugging Face folder, read tensor by tensor without PyTorch and without running code.

In: a folder with model.safetensors, shards with model.safetensors.index.json, pytorch_model.bin, or shards with
pytorch_model.bin.index.json; the first of these that it has is read. Out: a `WeightFile`, the tensors by name. What
the names mean is decided in `checkpoints.huggingface`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bertfit.checkpoints import archive, torch_files
from bertfit.checkpoints.stored import Stored
from bertfit.checkpoints.tensors import damaged, read_json
from bertfit.errors import CheckpointError

SAFETENSORS, BIN = "model.safetensors", "pytorch_model.bin"
FILES = (SAFETENSORS, f"{SAFETENSORS}.index.json", BIN, f"{BIN}.index.json")  # in the order in which they are tried
_MOST_SHARDS = 1000


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """The tensors of a folder.

    Args:
        paths: The files that they come from: one file of tensors, or the index and its shards.
        entries: Where each tensor lies, by its name in the file.
    """

    paths: tuple[Path, ...]
    entries: Mapping[str, Stored] = dataclasses.field(repr=False)

    @property
    def names(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, by name."""
        return {name: entry.shape for name, entry in self.entries.items()}

    @property
    def path(self) -> Path:
        """The file that describes the whole, for error messages: the only one, or the index."""
        return self.paths[0]

    @property
    def sha256(self) -> str:
        """SHA-256 of the file; if there are several, of their digests."""
        return digest(self.paths)

    def read(self, name: str) -> np.ndarray:
        """The tensor of that name as float32, in the layout of the file.

        Raises:
            CheckpointError: It is not of a float type, has values that are not finite, or cannot be read any more.
            KeyError: There is none.
        """
        return self.entries[name].read(name)


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 of a file; of several files, that of their digests."""
    digests = [archive.file_digest(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def is_there(folder: Path) -> bool:
    """Whether a folder has a weight file that `open_weights` reads."""
    return any((folder / name).is_file() for name in FILES)


def open_weights(folder: Path) -> WeightFile:
    """Read the tables of tensors of a folder's weight files, and check that the files are whole.

    Args:
        folder: The folder.

    Raises:
        CheckpointError: There is no weight file, it is damaged, shards and index do not agree, or a PyTorch file
            holds anything but tensors. Nothing in it is run.

    >>> weights = open_weights(Path("bert-base-uncased"))  # doctest: +SKIP
    >>> weights.read("bert.pooler.dense.bias").shape  # doctest: +SKIP
    (768,)
    """
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise _no_weights(folder)
    read = _safetensors if path.name.startswith(SAFETENSORS) else torch_files.read
    if path.suffix != ".json":
        return WeightFile((path,), read(path))
    return _shards(path, read)


def _shards(index: Path, read) -> WeightFile:
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise damaged(index, None, "it has no `weight_map`")
    suffix = ".safetensors" if SAFETENSORS in index.name else ".bin"
    for name, place in places.items():
        # Only names of files beside the index; else a downloaded index could point at any file of the disk.
        if not isinstance(place, str) or not place.endswith(suffix) or not archive.is_file_name(place):
            raise damaged(index, name, f"{place!r:.100} is not the name of a {suffix} file beside it")
    files = sorted(set(places.values()))
    if len(files) > _MOST_SHARDS:
        raise damaged(index, None, f"it names {len(files):,} files")
    if missing := [name for name in files if not (index.parent / name).is_file()]:
        raise CheckpointError(
            f"A checkpoint must have all files that its {index.name} names.",
            [f"{index.parent} has no {missing[0]}{f', and {len(missing) - 1} more' if missing[1:] else ''}.",
             "Download or copy them, too."],
        )
    entries: dict[str, Stored] = {}
    for file in files:
        found = read(index.parent / file)
        if lost := sorted(name for name, place in places.items() if place == file and name not in found):
            raise damaged(index.parent / file, lost[0], f"{index.name} says that it is there, and it is not")
        if extra := sorted(name for name in found if places.get(name) != file):
            raise damaged(index.parent / file, extra[0], f"{index.name} does not say that it is there")
        entries.update(found)
    return WeightFile((index, *(index.parent / file for file in files)), entries)


def _safetensors(path: Path) -> dict[str, Stored]:
    """Where the tensors of a safetensors file lie."""
    import safetensors

    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if 8 + length <= size else b""
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        cut = [name for name, entry in entries.items() if 8 + length + entry["data_offsets"][1] > size]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise damaged(path, None, "its header is not that of a safetensors file") from None
    if cut:
        raise damaged(path, cut[0], f"the file is cut short at {size:,} bytes")
    try:  # the library checks shapes, offsets, overlaps, gaps and trailing bytes
        with safetensors.safe_open(str(path), "np") as opened:
            if set(opened.keys()) != set(entries):
                raise damaged(path, None, "its header names a tensor twice")
    except safetensors.SafetensorError as error:
        raise damaged(path, None, error) from error
    return {
        name: Stored(path, entry["dtype"], 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))
        for name, entry in entries.items()
    }


def _no_weights(folder: Path) -> CheckpointError:
    rule = f"A Hugging Face checkpoint must have its weights as {SAFETENSORS} or {BIN}."
    for name, what in (
        ("tf_model.h5", "has Keras weights (tf_model.h5)"),
        ("flax_model.msgpack", "has Flax weights (flax_model.msgpack)"),
    ):
        if (folder / name).exists():
            code = (f"transformers.AutoModel.from_pretrained({str(folder)!r}, from_{name.partition('_')[0]}=True)"
                    ".save_pretrained(new_folder)")
            return CheckpointError(rule, [f"{folder} {what}.",
                                          f"Convert it once in Python, with transformers 4: {code}"])
    if (folder / "adapter_config.json").exists():
        code = (f"peft.AutoPeftModel.from_pretrained({str(folder)!r}).merge_and_unload()"
                ".save_pretrained(new_folder)")
        return CheckpointError(rule, [
            f"{folder} has an adapter (adapter_config.json), which changes another model's weights.",
            f"Merge it once in Python: {code}",
        ])
    return CheckpointError(rule, [f"{folder} has neither, and no shards with {SAFETENSORS}.index.json."])
