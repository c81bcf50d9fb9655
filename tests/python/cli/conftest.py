"""Fixtures of the command line's tests."""

import pytest

from toys.cli import run_chain, write_files


@pytest.fixture()
def chain(tmp_path_factory):
    return run_chain(tmp_path_factory)


@pytest.fixture()
def here(tmp_path, monkeypatch):
    """A folder of one's own with the files, to work in."""
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
