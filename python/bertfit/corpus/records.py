"""Google's file format for pretraining rows: tf.train.Example messages in TFRecord files.

`RecordFormat` serializes whole batches with NumPy, frames and checksums included, so writing needs no TensorFlow;
`examine` counts a file's records without reading their content; `stream` reads many files into arrays, always in the
same order. The meaning of the fields is defined in `corpus.blocks`.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from google_crc32c import value as crc32c

from bertfit import _env
from bertfit.errors import ArgumentError, DataError

#: What TFRecord adds to a message: its length and two checksums.
FRAME = 16

_READ_AT_ONCE = 1024  # records


# -- Writing --------------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Field:
    """A feature of every record.

    Args:
        name: Its name.
        count: Its values per record, k.
        highest: Its highest value; the lowest is 0.
        real: float_list instead of int64_list.
    """

    name: str
    count: int
    highest: int = 1
    real: bool = False

    @property
    def width(self) -> int:
        """Bytes of a value."""
        return 4 if self.real else max(1, -(-self.highest.bit_length() // 7))


class RecordFormat:
    """tf.train.Example records of some fields, all of one length, many at once.

    A value takes as many bytes as the field's highest value does. A varint may be padded so ("0x81 0x00" is
    1), every protobuf reader takes it, and all records then have one layout: a matrix is filled column by
    column.

    Args:
        fields: The features.

    >>> RecordFormat([Field("a", 2, 300)]).encode({"a": np.array([[1, 300]])})[0, 12:-4].tobytes().hex(" ")
    '0a 0f 0a 0d 0a 01 61 12 08 1a 06 0a 04 81 00 ac 02'
    """

    def __init__(self, fields: Sequence[Field]):
        self.fields = tuple(fields)
        body, self._places = b"", []
        for field in self.fields:
            prefix, values = _empty_entry(field)
            self._places.append(len(body) + len(prefix))
            body += prefix + values
        head = b"\n" + _varint(len(body))  # Example.features
        self._places = [place + len(head) for place in self._places]
        payload = head + body
        length = struct.pack("<Q", len(payload))
        frame = length + struct.pack("<I", _masked(crc32c(length))) + payload + bytes(4)
        self._empty = np.frombuffer(frame, np.uint8)

    def encode(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """n records with their frames: uint8 [n, bytes of a record], to be written as they lie.

        Args:
            columns: Field name -> [n, k], whole numbers from 0 to the field's highest.
        """
        n = len(next(iter(columns.values())))
        rows = np.empty((n, len(self._empty)), np.uint8)
        rows[:] = self._empty
        for field, place in zip(self.fields, self._places, strict=True):
            values, begin, end = columns[field.name], 12 + place, 12 + place + field.width * field.count
            if field.real:
                rows[:, begin:end] = values.astype("<f4").view(np.uint8).reshape(n, -1)
            elif field.width == 1:
                rows[:, begin:end] = values
            else:
                values = values.astype(np.int32, copy=False)
                for byte in range(field.width):
                    more = 128 if byte + 1 < field.width else 0
                    rows[:, begin + byte : end : field.width] = values >> 7 * byte & 127 | more
        checksums = np.array([crc32c(payload) for payload in map(bytes, rows[:, 12:-4])], np.uint32)
        rows[:, -4:] = _masked(checksums).astype("<u4")[:, None].view(np.uint8)
        return rows


def _empty_entry(field: Field) -> tuple[bytes, bytes]:
    """What stands before a field's values in a message, and the values when all are 0."""
    size = field.width * field.count
    values = bytes(size) if field.real else (b"\x80" * (field.width - 1) + b"\0") * field.count
    kind = b"\x12" if field.real else b"\x1a"  # Feature.float_list, .int64_list
    values_head = b"\n" + _varint(size)
    feature_head = kind + _varint(len(values_head) + size) + values_head
    name = field.name.encode()
    entry_head = b"\n" + _varint(len(name)) + name + b"\x12" + _varint(len(feature_head) + size) + feature_head
    return b"\n" + _varint(len(entry_head) + size) + entry_head, values


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def _masked(checksum):
    """As TFRecord stores it; for a number or an array of uint32."""
    rotated = checksum >> 15 | (checksum << 17 & 0xFFFFFFFF)
    return rotated + np.uint32(0xA282EAD8) if isinstance(checksum, np.ndarray) else (rotated + 0xA282EAD8) & 0xFFFFFFFF


# -- Reading --------------------------------------------------------------------------------------------

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
        data = data.interleave(tf.data.TFRecordDataset, cycle_length=min(16, len(files)), block_length=64)
        data = data.skip(skip).batch(_READ_AT_ONCE).map(parse).prefetch(2)
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
