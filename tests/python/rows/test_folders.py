"""Folders of texts: what is a label, what is left out and told, and which files are refused."""

import pytest

from bertfit.errors import ArgumentError, DataError
from bertfit.rows.folders import folder_texts


@pytest.fixture()
def imdb(tmp_path):
    """A small aclImdb/train, with everything that is found in such folders."""
    files = {
        "pos/10_9.txt": b"a good film", "pos/2_7.txt": "\ufeffa caf\u00e9".encode(), "neg/0_3.TXT": b"bad\r\n\r\nfilm ",
        "neg/1_1.txt": b" \n", "unsup/0_0.txt": b"so so", "unsup/1_0.txt": b"so", "neg/.DS_Store": b"\0\1",
        "neg/old/3_3.txt": b"old", "urls_pos.txt": b"http://", "labeledBow.feat": b"9 0:1", ".cache/a.txt": b"hidden",
        "figures/plot.png": b"png",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_labels_are_folders_and_the_rest_is_told(imdb):
    read = folder_texts(imdb)
    assert read.files == ["neg/0_3.TXT", "neg/1_1.txt", "pos/10_9.txt", "pos/2_7.txt"]
    assert read.labels == ["neg", "neg", "pos", "pos"]
    assert read.texts == ["bad\r\n\r\nfilm ", " \n", "a good film", "a caf\u00e9"]
    assert read.notes == [
        "The folder .cache was left out: its 1 text has no label.",
        "The folder unsup was left out: its 2 texts have no label.",
        "Left out: 2 files beside the folders: labeledBow.feat, urls_pos.txt.",
        "Left out: 1 file in the folders not called .txt: neg/.DS_Store.",
        "Left out: 1 folder within the folders: neg/old.",
        "Left out: 1 folder without .txt files: figures.",
        "Empty: 1 text: neg/1_1.txt.",
    ]


def test_clean_folders_have_no_notes_and_labels_can_be_chosen(imdb, tmp_path):
    chosen = folder_texts(imdb, labels=["pos", "unsup"])
    assert chosen.labels == ["pos", "pos", "unsup", "unsup"]
    assert "The folder neg was left out." in chosen.notes
    with pytest.raises(DataError, match=r"`labels` must be names of folders.\n- You gave 'good'.\n- .+ has .cache,"):
        folder_texts(imdb, labels=["good", "pos"])
    clean = tmp_path / "clean" / "a"
    clean.mkdir(parents=True)
    (clean / "1.txt").write_text("one")
    assert folder_texts(clean.parent) == type(chosen)(["one"], ["a"], ["a/1.txt"], [])


def test_files_of_another_encoding_are_refused_or_skipped_by_name(imdb):
    (imdb / "pos" / "5_8.txt").write_bytes("caf\u00e9".encode("latin-1"))
    (imdb / "neg" / "6_1.txt").write_bytes(b"nul\0l")
    with pytest.raises(DataError, match=r"Every text must be UTF-8, without null characters.\n- 2 files of 6 are not: "
                                        r"neg/6_1.txt, pos/5_8.txt.\n- Give `encoding` if you know theirs, or set "
                                        r"`bad_files` to 'skip'."):
        folder_texts(imdb)
    skipped = folder_texts(imdb, bad_files="skip")
    assert "Left out: 2 files not UTF-8: neg/6_1.txt, pos/5_8.txt." in skipped.notes and len(skipped.texts) == 4
    (imdb / "neg" / "6_1.txt").unlink()
    assert "caf\u00e9" in folder_texts(imdb, encoding="latin-1").texts


@pytest.mark.parametrize(("make", "arguments", "error", "message"), [
    ("", {}, DataError, "nothing in it"),
    ("a.txt", {}, DataError, "a folder of .txt files for each label.\n- .+ has a.txt in it"),
    ("unsup/a.txt", {}, DataError, "has unsup in it"),
    ("a/1.txt", {"encoding": "utf-99"}, ArgumentError, "`encoding` must be an encoding"),
    ("a/1.txt", {"bad_files": "ignore"}, ArgumentError, "`bad_files` must be error or skip"),
])
def test_folders_without_labels_and_wrong_arguments(tmp_path, make, arguments, error, message):
    if make:
        (tmp_path / make).parent.mkdir(exist_ok=True)
        (tmp_path / make).write_text("a")
    with pytest.raises(error, match=message):
        folder_texts(tmp_path, **arguments)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"must be readable.\n- .+imdb: No such file"):
        folder_texts(tmp_path / "imdb")
