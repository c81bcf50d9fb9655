"""Folders of texts as a DataFrame that can be fitted."""

import warnings

import pytest

import bertfit


def test_a_frame_with_a_warning_of_what_was_left_out(tmp_path):
    for name in ("pos/1.txt", "neg/1.txt", "unsup/1.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"a text of {name}")
    said = "^The folder unsup was left out: its 1 text has no label.$"
    with pytest.warns(bertfit.LeftOutWarning, match=said) as seen:
        frame = bertfit.read_folders(tmp_path)
    assert seen[0].filename == __file__
    assert frame.to_dict("list") == {"text": ["a text of neg/1.txt", "a text of pos/1.txt"], "label": ["neg", "pos"],
                                     "file": ["neg/1.txt", "pos/1.txt"]}
    assert frame.attrs["notes"] == [str(seen[0].message)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bertfit.read_folders(tmp_path, labels=["neg", "pos", "unsup"]).attrs == {}
