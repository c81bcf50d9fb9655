"""A full disk is told from other errors, and named with the folder."""

import errno
import os
import resource
from contextlib import contextmanager

import pytest

from bertfit import _env
from bertfit.errors import ArgumentError, DiskError
from bertfit.model import persist
from bertfit.model.exporting import export
from bertfit.system.disk import full_disk_told
from bertfit.system.files import replacement
from toys.models import toy_model


@contextmanager
def no_file_above(size):
    """The system refuses to write files above this size, as a full disk does. Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("number, words", [
    (errno.ENOSPC, "is full"), (errno.EDQUOT, "has no more room for this user"), (errno.EFBIG, "of this size"),
])
def test_a_disk_that_takes_no_more_is_named_with_the_folder(tmp_path, number, words):
    with pytest.raises(DiskError) as caught, full_disk_told(tmp_path / "new" / "file"):
        raise OSError(number, os.strerror(number))
    mount = tmp_path
    while not os.path.ismount(mount):
        mount = mount.parent
    first, second, *_ = caught.value.details
    assert first.startswith(f"The disk of {tmp_path} ({mount}) ") and words in first and first.endswith(" are free.")
    assert second == f"{tmp_path / 'new' / 'file'} was not made."
    assert caught.value.code == "disk"


def test_libraries_that_only_quote_the_system_are_understood(tmp_path):
    tf = _env.tensorflow()
    quoted = tf.errors.ResourceExhaustedError(None, None, f"{tmp_path}/x; {os.strerror(errno.ENOSPC)}")
    with pytest.raises(DiskError, match="is full"), full_disk_told(tmp_path / "x"):
        raise quoted
    other = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    with pytest.raises(tf.errors.ResourceExhaustedError), full_disk_told(tmp_path / "x"):
        raise other


def test_other_errors_pass(tmp_path):
    for error in (OSError(errno.EACCES, "Permission denied"), ValueError("x"), KeyboardInterrupt(),
                  ArgumentError(f"must not be {os.strerror(errno.ENOSPC)!r}.", argument="x")):
        with pytest.raises(type(error)) as caught, full_disk_told(tmp_path):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("write", [
    lambda model, path: persist.save(model, path, overwrite=True),
    lambda model, path: export(model, path, "google"),
    lambda model, path: export(model, path, "huggingface"),
], ids=["save", "google", "huggingface"])
def test_what_stood_there_stays_when_a_model_is_written_to_a_full_disk(tmp_path, write, request):
    model, path = toy_model(), tmp_path / "model"
    if "save" in request.node.name:
        persist.save(model, path)
    before = sorted(os.listdir(path)) if path.exists() else None
    with pytest.raises(DiskError) as caught, no_file_above(3000):
        write(model, path)
    assert f"The disk of {tmp_path} " in str(caught.value)
    assert (sorted(os.listdir(path)) if path.exists() else None) == before
    assert os.listdir(tmp_path) == (["model"] if before else [])


def test_a_file_too_large_within_a_draft(tmp_path):
    with pytest.raises(DiskError), no_file_above(10), replacement(tmp_path / "x", "file") as draft:
        draft.write_bytes(bytes(11))
    assert os.listdir(tmp_path) == []
