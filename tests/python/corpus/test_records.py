"""Records: TensorFlow reads those written here, those that TensorFlow writes are read here, and damage is found."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertfit import _env
from bertfit.corpus.records import Field, RecordFormat, crc32c, examine, first_example, stream
from bertfit.errors import DataError

SPEC = {"ids": (3, "int"), "weights": (2, "float")}


def google_file(path, rows):
    """A file made by TensorFlow's writer and protobuf's encoder."""
    tf = _env.tensorflow()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for ids, weights in rows:
            feature = {"ids": tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                       "weights": tf.train.Feature(float_list=tf.train.FloatList(value=weights))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    return path


def read(paths, spec=SPEC, skip=0):
    parts = list(stream(paths, spec, skip))
    return {name: np.concatenate([part[name] for part in parts]) for name in spec}


@settings(max_examples=40, deadline=None)
@given(data=st.data(), highest=st.sampled_from([1, 2, 127, 128, 300, 16383, 16384, 119_546, 2**21, 2**31 - 1]),
       counts=st.tuples(*[st.integers(1, 40)] * 4), n=st.integers(1, 9))
def test_tensorflow_reads_every_value_and_checksum(tmp_path_factory, data, highest, counts, n):
    tf = _env.tensorflow()
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    columns = {
        "a": rng.integers(0, highest, (n, counts[0]), np.int64, endpoint=True).astype(np.int32),
        "flags": rng.random((n, counts[1])) < 0.5,
        "weights": rng.integers(0, 2, (n, counts[2])).astype(np.float32),
        "z" * 130: rng.integers(0, 200, (n, counts[3]), np.int32),
    }
    columns["a"][0, 0] = highest
    fields = [Field("a", counts[0], highest), Field("flags", counts[1]), Field("weights", counts[2], real=True),
              Field("z" * 130, counts[3], 199)]
    path = tmp_path_factory.mktemp("r") / "x.tfrecord"
    path.write_bytes(RecordFormat(fields).encode(columns).tobytes())
    records = list(tf.data.TFRecordDataset([str(path)]).as_numpy_iterator())  # checks both checksums
    assert len(records) == n == examine(path)
    for i, record in enumerate(records):
        features = tf.train.Example.FromString(record).features.feature
        assert set(features) == set(columns)
        for name, values in columns.items():
            kind = "float_list" if name == "weights" else "int64_list"
            assert list(getattr(features[name], kind).value) == values[i].tolist()


def test_the_checksum_is_castagnolis():
    assert crc32c(b"") == 0
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_files_of_tensorflow_are_read_in_turns(tmp_path):
    rng = np.random.default_rng(0)
    rows = [[(rng.integers(0, 10**6, 3), [i, j]) for j in range(150)] for i in range(3)]
    paths = [google_file(tmp_path / f"{i}", rows[i]) for i in range(3)]
    order = [(i, j) for block in (range(64), range(64, 128), range(128, 150)) for i in range(3) for j in block]
    expected = [rows[i][j][0].tolist() for i, j in order]
    got = read(paths)
    assert got["ids"].dtype == np.int32 and got["weights"].dtype == np.float32
    assert got["ids"].tolist() == expected
    assert got["weights"].astype(int).tolist() == [list(place) for place in order]
    assert read(paths, skip=200)["ids"].tolist() == expected[200:]
    assert [examine(path) for path in paths] == [150] * 3
    assert first_example(paths[0]) == {"ids": 3, "weights": 2}


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = google_file(tmp_path / "x", [([1, 2, 3], [0, 1])] * 5)
    whole = path.read_bytes()
    assert first_example(tmp_path / "x") is not None
    for cut in (1, 15, len(whole) // 5, len(whole) - 3):
        path.write_bytes(whole[:-cut])
        if cut % (len(whole) // 5):
            with pytest.raises(DataError, match="ends within record"):
                examine(path)
        else:
            assert examine(path) == 4
    path.write_bytes(b"this is no record at all")
    with pytest.raises(DataError, match="ends within record 1, or is no TFRecord file"):
        examine(path)
    path.write_bytes(b"")
    assert examine(path) == 0 and first_example(path) is None
    with pytest.raises(DataError, match="No such file"):
        examine(tmp_path / "absent")


@pytest.mark.parametrize("offset", [2, 9, 20, -1])
def test_a_changed_byte_is_named_with_its_file_and_record(tmp_path, offset):
    good = google_file(tmp_path / "good", [([1, 2, 3], [0, 1])] * 7)
    bad = google_file(tmp_path / "bad", [([1, 2, 3], [0, 1])] * 7)
    data = bytearray(bad.read_bytes())
    size = len(data) // 7
    data[3 * size + offset % size] ^= 0x40
    bad.write_bytes(data)
    with pytest.raises(DataError, match=r"bad: record 4 is damaged"):
        read([good, bad])


def test_records_that_are_something_else_are_refused(tmp_path):
    path = google_file(tmp_path / "x", [([1, 2, 3], [0, 1])])
    with pytest.raises(DataError, match="Google's features"):
        read([path], {"ids": (4, "int")})
    with pytest.raises(DataError, match="Google's features"):
        read([path], {"other": (3, "int")})
    payload = b"\xff\xff\xff"
    length = struct.pack("<Q", len(payload))
    frame = [((crc >> 15 | (crc << 17 & 0xFFFFFFFF)) + 0xA282EAD8) & 0xFFFFFFFF
             for crc in (crc32c(length), crc32c(payload))]
    path.write_bytes(length + struct.pack("<I", frame[0]) + payload + struct.pack("<I", frame[1]))
    with pytest.raises(DataError, match=r"must hold tf\.train\.Example"):
        first_example(path)
