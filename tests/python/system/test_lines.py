"""Lines of plain and gzipped files, in bounded memory."""

import gzip
import subprocess
import sys

import pytest

from bertfit.system import read_lines, unpacked


def lines_of(path, longest=None):
    with open(path, "rb") as file:
        return list(read_lines(unpacked(file), longest))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_end_at_line_feeds_and_keep_them(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack(b"one\r\ntwo\rmore\n\nlast"))
    assert lines_of(tmp_path / "a") == [b"one\r\n", b"two\rmore\n", b"\n", b"last"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_has_at_most_the_bytes_allowed(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack(b"12345\n123456\n"))
    assert lines_of(tmp_path / "a", 7) == [b"12345\n", b"123456\n"]
    with pytest.raises(OSError, match="line 2 has more than 6 bytes"):
        lines_of(tmp_path / "a", 6)


def test_damaged_gzip_data_are_an_oserror(tmp_path):
    packed = gzip.compress(bytes(range(256)) * 40)
    for damaged in (packed[:-9], packed[:12] + b"\xff" * 20 + packed[32:]):
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(OSError, match=r"\w"):
            lines_of(tmp_path / "a")


PEAK = """
import resource, sys
from bertfit.cli.tables import Table
from bertfit.errors import DataError
from bertfit.text.text_files import read_texts
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB
before = peak()
def table():
    with Table(sys.argv[1], sys.argv[2]) as rows: list(rows)
for read in (table, lambda: list(read_texts([sys.argv[1]]))):
    try: read()
    except DataError as error: assert "more than 67,108,864 bytes" in str(error), error
    else: raise AssertionError
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("form", ["txt", "tsv", "csv", "jsonl"])
def test_half_a_megabyte_that_unpacks_to_one_long_line_takes_little_memory(tmp_path, form):
    path = tmp_path / "a.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(80):
            file.write(bytes(2**20))
    run = subprocess.run([sys.executable, "-c", PEAK, path, form], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 300
