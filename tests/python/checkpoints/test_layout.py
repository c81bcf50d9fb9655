"""What a path means: folders of the hub's cache, links that lead nowhere, archives."""

import shutil

import pytest

from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.errors import CheckpointError
from toys.checkpoints import google_tensors, write_google, write_huggingface

COMMIT, OTHER = "a" * 40, "b" * 40


def cache_folder(place, commits=(COMMIT,), main=COMMIT):
    """A model in the cache of huggingface_hub: the files of a commit are links to blobs."""
    folder = place / "models--toys--bert-base"
    (folder / "blobs").mkdir(parents=True)
    for commit in commits:
        snapshot = folder / "snapshots" / commit
        snapshot.mkdir(parents=True)
        for file in write_huggingface(place / f"files-{commit[:1]}").iterdir():
            blob = folder / "blobs" / f"{commit[:1]}-{file.name}-digest"
            shutil.move(file, blob)
            (snapshot / file.name).symlink_to(f"../../blobs/{blob.name}")
    if main:
        (folder / "refs").mkdir()
        (folder / "refs/main").write_text(main)
    return folder


def test_a_folder_of_the_hubs_cache_opens_as_its_main_branch(tmp_path):
    folder = cache_folder(tmp_path, (COMMIT, OTHER))
    checkpoint = open_checkpoint(folder)
    assert checkpoint.name == "toys/bert-base" and checkpoint.path == str(folder / "snapshots" / COMMIT)
    assert checkpoint.source["revision"] == COMMIT
    assert open_checkpoint(folder / "snapshots" / OTHER).source["revision"] == OTHER
    checkpoint.require_unchanged()


def test_a_folder_of_the_hubs_cache_without_a_main_branch(tmp_path):
    assert open_checkpoint(cache_folder(tmp_path / "one", main="")).source["revision"] == COMMIT
    with pytest.raises(CheckpointError, match=f"main branch(.*\n)*.*{COMMIT}, {OTHER}"):
        open_checkpoint(cache_folder(tmp_path / "two", (COMMIT, OTHER), main=""))
    with pytest.raises(CheckpointError, match=r"refs/main says c{40}"):
        open_checkpoint(cache_folder(tmp_path / "gone", (COMMIT, OTHER), main="c" * 40))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.txt"])
def test_a_broken_link_is_named(tmp_path, name):
    folder = cache_folder(tmp_path)
    (folder / "blobs" / f"a-{name}-digest").unlink()
    match = rf"links must lead to files.\n.*/{name} is a link to .*-{name}-digest,"
    for path in (folder, folder / "snapshots" / COMMIT / name):
        with pytest.raises(CheckpointError, match=match):
            open_checkpoint(path)


def test_a_broken_link_that_no_checkpoint_needs_does_not_matter(tmp_path):
    folder = write_huggingface(tmp_path / "toy")
    (folder / "README.md").symlink_to("nowhere")
    open_checkpoint(folder)


@pytest.mark.parametrize("form", ["zip", "tar", "gztar"])
@pytest.mark.parametrize("kind", ["google", "huggingface"])
def test_an_archive_opens_as_its_folder(tmp_path, monkeypatch, form, kind):
    monkeypatch.setenv("BERTFIT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "in" / "uncased"
    write_google(folder, google_tensors()) if kind == "google" else write_huggingface(folder)
    path = shutil.make_archive(str(tmp_path / "uncased_L-2"), form, tmp_path / "in", "uncased")
    checkpoint = open_checkpoint(path)
    assert (checkpoint.name, checkpoint.kind, checkpoint.path) == ("uncased_L-2", kind, path)
    assert checkpoint.sha256 == open_checkpoint(folder).sha256 and checkpoint.vocabulary.lower_case
    if kind == "huggingface":  # whose weights are read when the model is first used
        checkpoint.require_unchanged()
    del checkpoint
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_of_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTFIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/readme.txt").write_text("nothing")
    path = shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "in")
    with pytest.raises(CheckpointError, match=r"must hold Google's files(.*\n)*.*readme\.txt"):
        open_checkpoint(path)
    assert list((tmp_path / "cache").iterdir()) == []
