"""Folders are replaced in one step, in two where the system cannot exchange names, or not at all."""

import os
import sys

import pytest

from bertfit.system import files
from bertfit.system.files import replacement


def put(target, text):
    with replacement(target) as draft:
        (draft / "file").write_text(text)


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "a [b] 日本"
    put(path, "first")
    return path


@pytest.mark.parametrize("swaps", [True, False])
def test_the_new_takes_the_place_of_the_old(target, monkeypatch, swaps):
    if not swaps:
        monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    put(target, "second")
    assert (target / "file").read_text() == "second"
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="renameat2 is Linux's")
def test_an_exchange_swaps_both_names(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not files._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot")
    assert (os.listdir(tmp_path / "a"), os.listdir(tmp_path / "b")) == (["b"], ["a"])


def test_an_error_inside_leaves_the_old_one_alone(target):
    with pytest.raises(ZeroDivisionError), replacement(target) as draft:
        (draft / "file").write_text("half")
        1 / 0  # noqa: B018
    assert (target / "file").read_text() == "first" and os.listdir(target.parent) == [target.name]


def test_a_failed_replacement_puts_the_old_one_back(target, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    rename, calls = os.rename, []

    def second_fails(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(OSError, match="Input/output error"):
        put(target, "second")
    assert (target / "file").read_text() == "first" and os.listdir(target.parent) == [target.name]


def test_old_drafts_of_the_same_name_are_swept(target):
    ends = (f".{target.name}.bertfit-0123456789ab", f".{target.name}.bertfit-ba9876543210", ".a b.bertfit-0123456789ab")
    old, young, other = (target.parent / end for end in ends)
    for folder in (old, young, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1e9, 1e9))
    put(target, "second")
    assert [folder.exists() for folder in (old, young, other)] == [False, True, True]
