"""Files of a bundle: whole or not at all, and every kind of damage named. No TensorFlow."""

import hashlib
import io
import math
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
import time

import pytest

from bertfit.errors import ArgumentError, BundleError
from bertfit.model import bundle
from toys.bundles import rewrite

FIELDS = {"name", "record"}
BYTES = {"vocab.txt": "[PAD]\né日\n".encode(),
         "model.safetensors": bytes(range(256)) * 40, "history.csv": b"epoch\n1\n"}


def describe(name="first"):
    return {"name": name, "record": {"auc": math.nan, "best": 3, "list": (1, 2.5)}}


def parts(**changes):
    return {name: (lambda file, data=data: file.write(data)) for name, data in {**BYTES, **changes}.items()}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "modèle 日本"
    bundle.write_directory(path, describe(), parts())
    return path


def test_a_directory_is_read_as_it_was_written(saved):
    description, files = bundle.read_directory(saved, FIELDS)
    assert description["name"] == "first" and description["record"]["list"] == [1, 2.5]
    assert math.isnan(description["record"]["auc"])
    assert {name: path.read_bytes() for name, path in files.items()} == BYTES
    facts = description["files"]["model.safetensors"]
    assert facts == {"bytes": 10240, "sha256": hashlib.sha256(BYTES["model.safetensors"]).hexdigest()}
    assert sorted(os.listdir(saved.parent)) == [saved.name]  # no draft is left


def test_bytes_are_read_as_they_were_written_also_by_an_ordinary_tar_reader():
    data = bundle.write_bytes(describe(), parts())
    assert isinstance(data, bytearray)
    description, files = bundle.read_bytes(data, FIELDS)
    assert description["name"] == "first" and {name: files[name] for name in BYTES} == BYTES
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == [bundle.DESCRIPTION, *bundle.PARTS]


@pytest.mark.parametrize("name", [bundle.DESCRIPTION, *bundle.PARTS])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        bundle.read_directory(saved, FIELDS)


@pytest.mark.parametrize("name", bundle.PARTS)
def test_truncated_and_altered_files_are_named(saved, name):
    data = BYTES[name]
    (saved / name).write_bytes(data[:-1])
    with pytest.raises(BundleError, match=f"{name} in .* has [0-9,]+ bytes; it was saved with {len(data):,}"):
        bundle.read_directory(saved, FIELDS)
    (saved / name).write_bytes(data[:-1] + b"?")
    with pytest.raises(BundleError, match=f"{name} in .* was altered"):
        bundle.read_directory(saved, FIELDS)


@pytest.mark.parametrize(
    "change, checksum, message",
    [
        (lambda body: body.update(name="other"), False, "altered"),
        (lambda body: body.update(extra=1), True, "unknown fields extra"),
        (lambda body: body.pop("record"), True, "record are missing"),
        (lambda body: body.update(format_version=3), True, "format is 3"),
        (lambda body: body.update(format_version="1"), True, 'format_version is "1"'),
        (lambda body: body.update(format="zip"), True, "does not describe"),
        (lambda body: body["files"].pop("vocab.txt"), True, "list of files"),
    ],
)
def test_a_description_that_is_not_ours_is_refused(saved, change, checksum, message):
    rewrite(saved, change, checksum)
    with pytest.raises(BundleError, match=message):
        bundle.read_directory(saved, FIELDS)


def test_rewriting_nothing_changes_nothing(saved):
    rewrite(saved, lambda body: None)  # the helper itself keeps a valid bundle valid
    assert bundle.read_directory(saved, FIELDS)[0]["name"] == "first"


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "\xff"])
def test_a_description_that_is_no_json_object_is_refused(saved, text):
    (saved / bundle.DESCRIPTION).write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=bundle.DESCRIPTION):
        bundle.read_directory(saved, FIELDS)


def test_overwriting_needs_to_be_asked_for_and_replaces_all(saved):
    with pytest.raises(ArgumentError, match="holds a saved model"):
        bundle.write_directory(saved, describe("second"), parts())
    assert bundle.read_directory(saved, FIELDS)[0]["name"] == "first"
    bundle.write_directory(saved, describe("second"), parts(**{"history.csv": b""}), overwrite=True)
    description, files = bundle.read_directory(saved, FIELDS)
    assert description["name"] == "second" and files["history.csv"].read_bytes() == b""
    assert sorted(os.listdir(saved.parent)) == [saved.name]


def test_what_is_no_bundle_is_never_replaced(tmp_path, saved):
    file = tmp_path / "file"
    file.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine")
    (saved / "notes.txt").write_text("mine")
    for path, message in ((file, "is a file"), (folder, "other things"), (saved, "notes.txt")):
        with pytest.raises(ArgumentError, match=message):
            bundle.write_directory(path, describe(), parts(), overwrite=True)
    assert file.read_text() == (folder / "thesis.tex").read_text() == (saved / "notes.txt").read_text() == "mine"


def test_an_empty_directory_may_be_filled_and_parents_are_made(tmp_path):
    (tmp_path / "empty").mkdir()
    bundle.write_directory(tmp_path / "empty", describe(), parts())
    bundle.write_directory(tmp_path / "a" / "b" / "c", describe(), parts())
    assert bundle.read_directory(tmp_path / "a" / "b" / "c", FIELDS)[0]["name"] == "first"
    assert bundle.read_directory(tmp_path / "empty", FIELDS)[0]["name"] == "first"


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def broken(file):
        file.write(b"half")
        raise OSError(5, "Input/output error")

    with pytest.raises(BundleError, match="Input/output error"):
        bundle.write_directory(tmp_path / "new", describe(), {**parts(), "model.safetensors": broken})
    assert os.listdir(tmp_path) == []


KILLED = """
import os, signal, sys
from bertfit.model import bundle
from bertfit.system import files

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

path, moment = sys.argv[1:]
parts = {name: (lambda file: file.write(b"new")) for name in bundle.PARTS}
if moment in parts:
    parts[moment] = lambda file: (file.write(b"ha"), die())
else:
    setattr(files if hasattr(files, moment) else bundle, moment, die)
bundle.write_directory(path, {"name": "second", "record": {}}, parts, overwrite=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("moment", ["vocab.txt", "model.safetensors", "history.csv", "_dump", "_take_name"])
def test_a_killed_save_leaves_the_old_model(saved, moment):
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(saved), moment], capture_output=True)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    assert bundle.read_directory(saved, FIELDS)[0]["name"] == "first"
    drafts = [name for name in os.listdir(saved.parent) if name != saved.name]
    assert len(drafts) == 1 and drafts[0].startswith(f".{saved.name}.bertfit-")
    # The next save sweeps it away once it is old; a young one may belong to a run that still writes.
    bundle.write_directory(saved, describe("second"), parts(), overwrite=True)
    assert drafts[0] in os.listdir(saved.parent)
    old = time.time() - 7200
    os.utime(saved.parent / drafts[0], (old, old))
    bundle.write_directory(saved, describe("third"), parts(), overwrite=True)
    assert os.listdir(saved.parent) == [saved.name]


def tar_of(members):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return sink.getvalue()


def link(name):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


@pytest.mark.parametrize(
    "members",
    [[(tarfile.TarInfo("../evil"), b"x")], [(tarfile.TarInfo("/etc/evil"), b"x")], [(link("vocab.txt"), b"")],
     [(tarfile.TarInfo("vocab.txt"), b"x"), (tarfile.TarInfo("vocab.txt"), b"y")]],
)
def test_an_archive_with_anything_else_is_refused(members):
    with pytest.raises(BundleError, match="four files only"):
        bundle.read_bytes(tar_of(members), FIELDS)


def test_damaged_bytes_are_refused():
    data = bundle.write_bytes(describe(), parts())
    for damaged in (data[:100], data[: len(data) // 2], b"", b"junk" * 1000):
        with pytest.raises(BundleError):
            bundle.read_bytes(damaged, FIELDS)
    at = data.index(BYTES["model.safetensors"])
    data[at] ^= 1
    with pytest.raises(BundleError, match=r"model\.safetensors in the model in memory was altered"):
        bundle.read_bytes(data, FIELDS)
