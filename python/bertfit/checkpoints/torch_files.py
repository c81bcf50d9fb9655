"""PyTorch's weight files (pytorch_model.bin), read without PyTorch: which tensors they have, and where these lie.

Reads what `torch.save` writes for a dictionary of tensors: the zip archive of PyTorch 1.6 and later, and the older
form, pickles followed by the numbers. `checkpoints.torch_pickle` interprets the pickles; nothing in them is run.
"""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from bertfit.checkpoints.stored import SIZES, Stored
from bertfit.checkpoints.tensors import damaged
from bertfit.checkpoints.torch_pickle import Storage, Tensor, load
from bertfit.errors import CheckpointError

_MAGIC = 0x1950A86A20F9469CFC6C  # the number that an old file starts with
_LONGEST = 2**22  # bytes of a list of tensors; one tensor takes about 200


def read(path: Path) -> dict[str, Stored]:
    """Where the tensors of a PyTorch weight file lie.

    Raises:
        CheckpointError: The file is damaged, or holds anything but tensors by name.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(4)
        file.seek(0)
        if start[:2] == b"PK":
            return _tensors(path, *_from_zip(path, file, size), size)
        if start[:1] == b"\x80":
            return _tensors(path, *_from_pickles(path, file, size), size)
    raise damaged(path, None, "it is neither a zip archive nor a pickle, as torch.save writes them")


def _tensors(path: Path, content: Any, places: dict[str, tuple[int, int]], size: int) -> dict[str, Stored]:
    """The tensors of what the pickle describes; `places` has each storage's first byte and number of bytes."""
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise _no_tensors(path, f"a {type(content).__name__}")
    if odd := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        raise _no_tensors(path, f"under {odd[0]!r} a {type(content[odd[0]]).__name__}")
    found = {}
    for name, tensor in content.items():
        storage: Storage = tensor.storage
        width = SIZES[storage.dtype]
        first, length = places.get(storage.key, (0, -1))
        if length < 0:
            raise damaged(path, name, f"its numbers (storage {storage.key!r}) are missing")
        if length != storage.count * width or first + length > size:
            raise damaged(path, name, f"its storage has {length:,} bytes, not {storage.count * width:,}")
        found[name] = Stored(path, storage.dtype, first + tensor.offset * width, tensor.shape, tensor.strides)
    return found


def _from_zip(path: Path, file: BinaryIO, size: int) -> tuple[Any, dict[str, tuple[int, int]]]:
    places = _members(path, file, size)
    pickles = [name for name in places if name.split("/")[1:] == ["data.pkl"]]
    if len(pickles) != 1:
        raise damaged(path, None, "it has no data.pkl, as torch.save writes it")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in places and _part(path, file, places[f"{root}byteorder"]) != b"little":
        raise CheckpointError("A PyTorch weight file must have been written by a little-endian computer.",
                              [f"{path} says that it was not.", "Load and save it once with PyTorch."])
    if f"{root}constants.pkl" in places:
        raise _no_tensors(path, "a TorchScript program")
    content = load(io.BytesIO(_part(path, file, places[pickles[0]])), path)
    data = f"{root}data/"
    return content, {name.removeprefix(data): place for name, place in places.items() if name.startswith(data)}


def _members(path: Path, file: BinaryIO, size: int) -> dict[str, tuple[int, int]]:
    """First byte and length of every file in the zip archive; they are not compressed."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OverflowError, struct.error) as error:
        raise damaged(path, None, f"it is cut short, or not a zip archive ({error})") from None
    places: dict[str, tuple[int, int]] = {}
    for entry in entries:
        name = entry.filename
        if name in places:
            raise damaged(path, None, f"{name!r} is there twice")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x1:
            raise damaged(path, None, f"{name!r} is compressed, which torch.save does not do")
        try:
            file.seek(entry.header_offset)
            signature, name_length, extra_length = struct.unpack("<4s22xHH", file.read(30))
        except (OSError, ValueError, struct.error):
            signature, name_length, extra_length = b"", 0, 0
        first = entry.header_offset + 30 + name_length + extra_length
        if signature != b"PK\3\4" or first + entry.file_size > size:
            raise damaged(path, None, f"it is cut short in {name!r}")
        places[name] = (first, entry.file_size)
    return places


def _part(path: Path, file: BinaryIO, place: tuple[int, int]) -> bytes:
    first, length = place
    if length > _LONGEST:
        raise damaged(path, None, f"its list of tensors has {length:,} bytes")
    file.seek(first)
    return file.read(length)


def _from_pickles(path: Path, file: BinaryIO, size: int) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The form before PyTorch 1.6: five pickles (magic number, version, byte order, tensors, keys), then each
    storage in the order of the keys, as its number of numbers in 8 bytes and these.
    """
    head = io.BytesIO(file.read(_LONGEST))
    if load(head, path) != _MAGIC:
        raise _no_tensors(path, "a pickle that torch.save did not write")
    load(head, path)
    machine = load(head, path)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise CheckpointError("A PyTorch weight file must have been written by a little-endian computer.",
                              [f"{path} says that it was not.", "Load and save it once with PyTorch."])
    content, keys = load(head, path), load(head, path)
    tensors = content.values() if isinstance(content, dict) else ()
    widths = {tensor.storage.key: SIZES[tensor.storage.dtype] for tensor in tensors if isinstance(tensor, Tensor)}
    places, at = {}, head.tell()
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, str) or key not in widths or key in places:
            raise damaged(path, None, "its list of storages does not fit its tensors")
        file.seek(at)
        count = int.from_bytes(file.read(8), "little")
        if at + 8 + count * widths[key] > size:
            raise damaged(path, None, f"it is cut short at {size:,} bytes")
        places[key] = (at + 8, count * widths[key])
        at += 8 + count * widths[key]
    return content, places


def _no_tensors(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        "A PyTorch weight file must hold one dictionary of tensors by name.",
        [f"{path} has {what}.", "Save the tensors alone: torch.save(model.state_dict(), ...)."],
    )
