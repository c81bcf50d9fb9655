"""Google's file format for pretraining rows: tf.train.Example messages in TFRecord files.

`encode` turns whole batches into the messages' bytes with NumPy, byte for byte what protobuf makes of each
feature; `Writer` puts them into a file; `examine` walks a file's records without reading them; `stream`
reads many files back into arrays, in one fixed order. What the columns mean is not known here
(`bertfit.pretrain_data`, `bertfit.pretrain_read`).
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bertfit import _env
from bertfit.errors import ArgumentError, DataError

#: What TFRecord adds to a message: its length and two checksums.
FRAME = 16

_INT64_LIST, _FLOAT_LIST = 0x1A, 0x12  # fields of tf.train.Feature
_READ_AT_ONCE = 1024  # records


# -- Messages -------------------------------------------------------------------------------------------

def encode(columns: Mapping[str, np.ndarray]) -> tuple[bytes, np.ndarray]:
    """Serialize n rows as tf.train.Example messages.

    Args:
        columns: Feature name -> [n, k]: whole numbers from 0 to 2^31 - 1 (int64_list) or floats (float_list).

    Returns:
        The messages one behind the other, and where each ends: int64 [n].

    >>> data, ends = encode({"a": np.array([[1, 300]])})
    >>> data.hex(" "), ends.tolist()
    ('0a 0e 0a 0c 0a 01 61 12 07 1a 05 0a 03 01 ac 02', [16])
    """
    # A message is built as a matrix of bytes with all bytes that could be needed, and a mask of those that
    # are: varints of different lengths then cost no loop over rows.
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    total = 0
    for name, values in columns.items():
        entry, size = _map_entry(name, np.asarray(values))
        parts += entry
        total = total + size
    parts, _ = _prefixed(b"\n", parts, total)  # Example.features
    keep = np.concatenate([mask for _, mask in parts], axis=1)
    data = np.concatenate([part for part, _ in parts], axis=1)[keep]
    return data.tobytes(), np.cumsum(np.count_nonzero(keep, axis=1))


def _map_entry(name: str, values: np.ndarray):
    n = len(values)
    if values.dtype.kind == "f":
        data = np.ascontiguousarray(values, "<f4").view(np.uint8).reshape(n, -1)
        parts, field = [(data, np.ones(data.shape, bool))], _FLOAT_LIST
        size = np.full(n, data.shape[1])
    else:
        data, keep = _varints(values)
        parts, field, size = [(data, keep)], _INT64_LIST, np.count_nonzero(keep, axis=1)
    parts, size = _prefixed(b"\n", parts, size)  # Int64List.value or FloatList.value, packed
    parts, size = _prefixed(bytes([field]), parts, size)
    key = name.encode()
    parts, size = _prefixed(b"\n" + bytes([len(key)]) + key + b"\x12", parts, size, len(key) + 3)
    return parts, size


def _prefixed(tag: bytes, parts, size, extra: int = 0):
    """`parts` behind `tag` and their length; a map entry (`extra`) gets a frame of its own."""
    length, keep = _varints(np.asarray(size)[:, None])
    constant = np.broadcast_to(np.frombuffer(tag, np.uint8), (len(length), len(tag)))
    parts = [(constant, np.ones(constant.shape, bool)), (length, keep), *parts]
    size = size + len(tag) + np.count_nonzero(keep, axis=1)
    return _prefixed(b"\n", parts, size) if extra else (parts, size)


def _varints(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Base-128 bytes of whole numbers [n, k], low bits first: uint8 [n, k * w] and which of them count."""
    n, k = values.shape
    highest = int(values.max(initial=0))
    width = max(1, -(-highest.bit_length() // 7))
    if width == 1:
        return values.astype(np.uint8), np.ones((n, k), bool)
    data, keep = np.empty((n, k, width), np.uint8), np.empty((n, k, width), bool)
    keep[..., 0] = True
    rest = values.astype(np.uint32)
    for byte in range(width):
        more = rest > 127
        data[..., byte] = rest & 127 | more.astype(np.uint32) << 7
        if byte + 1 < width:
            keep[..., byte + 1] = more
            rest = rest >> 7
    return data.reshape(n, -1), keep.reshape(n, -1)


# -- Files ----------------------------------------------------------------------------------------------

class Writer:
    """A TFRecord file being written; a context manager.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, path: str | os.PathLike):
        self._tf = _env.tensorflow()
        with self._as_os_errors():
            self._file = self._tf.io.TFRecordWriter(os.fspath(path))

    def write(self, data: bytes, ends: np.ndarray) -> None:
        """Append the messages of `encode`."""
        start, write = 0, self._file.write
        with self._as_os_errors():
            for end in ends.tolist():
                write(data[start:end])
                start = end

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_) -> None:
        with self._as_os_errors():
            self._file.close()

    @contextlib.contextmanager
    def _as_os_errors(self) -> Iterator[None]:
        try:
            yield
        except self._tf.errors.OpError as error:
            raise OSError(error.message.split("; ")[-1]) from error


def examine(path: str | os.PathLike) -> int:
    """How many records a TFRecord file has, from their lengths; checksums are not read.

    Raises:
        DataError: The file cannot be read, or is cut off or no TFRecord file.
    """
    count, place = 0, 0
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            while place < size:
                header = file.read(8)
                # A length that reaches beyond the end: cut off, or never a length.
                place += (struct.unpack("<Q", header)[0] if len(header) == 8 else size) + FRAME
                if place > size:
                    raise DataError("A file of pretraining data must be whole.",
                                    [f"{path} ends within record {count + 1}, or is no TFRecord file."])
                file.seek(place)
                count += 1
    except OSError as error:
        raise DataError("A file of pretraining data must be readable.", [f"{path}: {error.strerror}."]) from error
    return count


def first_example(path: str | os.PathLike) -> dict[str, int] | None:
    """Feature name -> number of values of a file's first record; None where the file has none."""
    tf = _env.tensorflow()
    try:
        for record in tf.data.TFRecordDataset([os.fspath(path)]).take(1).as_numpy_iterator():
            features = tf.train.Example.FromString(record).features.feature
            return {name: len(getattr(f, f.WhichOneof("kind") or "int64_list").value) for name, f in features.items()}
    except tf.errors.OpError as error:
        raise _corrupt(tf, [path], error) from error
    except Exception as error:  # protobuf's DecodeError, which has moved between versions
        raise DataError("A file of pretraining data must hold tf.train.Example records.", [f"{path}."]) from error
    return None


def stream(paths: Sequence[str | os.PathLike], spec: Mapping[str, tuple[int, str]], skip: int = 0,
           ) -> Iterator[dict[str, np.ndarray]]:
    """The rows of many files as arrays of up to 1024 rows, files taken in turns, always in the same order.

    Args:
        paths: The files.
        spec: Feature name -> (number of values k, "int" or "float").
        skip: Rows to leave out from the beginning.

    Yields:
        Feature name -> int32 or float32 [rows, k].

    Raises:
        DataError: A record is damaged (the file and record are named), or lacks a feature.
    """
    tf = _env.tensorflow()
    files = [os.fspath(path) for path in paths]
    if not files:
        raise ArgumentError("There must be at least one file.")
    kinds: dict[str, Any] = {"int": tf.int64, "float": tf.float32}
    features = {name: tf.io.FixedLenFeature([k], kinds[kind]) for name, (k, kind) in spec.items()}

    def parse(records):
        rows = tf.io.parse_example(records, features)
        return {name: tf.cast(v, tf.int32) if v.dtype == tf.int64 else v for name, v in rows.items()}

    with tf.device("CPU"):
        data = tf.data.Dataset.from_tensor_slices(files)
        data = data.interleave(tf.data.TFRecordDataset, cycle_length=min(16, len(files)), block_length=64,
                               deterministic=True)
        data = data.skip(skip).batch(_READ_AT_ONCE).map(parse, deterministic=True).prefetch(2)
    rows = data.as_numpy_iterator()
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except tf.errors.OpError as error:
            raise _corrupt(tf, files, error) from error


def _corrupt(tf, files, error) -> DataError:
    """The error for files of which one failed: looked for only now, one file at a time."""
    if isinstance(error, tf.errors.InvalidArgumentError):  # from the parser
        return DataError("Records of pretraining data must have Google's features, each of one length.",
                         [_short(error.message)])
    for file in files:
        count = 0
        try:
            for _ in tf.data.TFRecordDataset([file]):
                count += 1
        except tf.errors.OpError as found:
            return DataError("A file of pretraining data must be whole.",
                             [f"{file}: record {count + 1} is damaged ({_short(found.message)})."])
    return DataError("Pretraining data must be readable.", [_short(error.message)])


def _short(message: str) -> str:
    return message.split(" [Op:")[0].split("\n")[0].replace("{{function_node __wrapped__IteratorGetNext", "")[:200]
