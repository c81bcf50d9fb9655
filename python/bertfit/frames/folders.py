"""`read_folders`: a folder of texts as a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bertfit.errors import Sentence
from bertfit.notices import LeftOutWarning, tell
from bertfit.rows import folder_texts

if TYPE_CHECKING:
    import pandas as pd


def read_folders(path: str | os.PathLike[str], *, labels: Sequence[str] | None = None, encoding: str = "utf-8",
                 bad_files: str = "error") -> pd.DataFrame:
    """Read texts from a folder that has a folder per label, such as aclImdb/train with pos and neg.

    Args:
        path: The folder. Every folder in it that has .txt files is a label.
        labels: Names of the folders to read; None for all but hidden ones and "unsup", which in aclImdb has no label.
        encoding: Encoding of the files.
        bad_files: "error", or "skip" to leave out files that are not of this encoding, or have a null character.

    Returns:
        A DataFrame with a row per file, ordered by label and file: text, label (the folder's name) and
        file ("<label>/<name>").

    Warns:
        LeftOutWarning: Something was left out, or a text is empty: files beside the folders or not called .txt, folders
            within the folders, "unsup", skipped files. It counts and names them; `.attrs["notes"]` keeps the sentences.

    Raises:
        ArgumentError: `encoding` is unknown, or `bad_files` is neither.
        DataError: There are no labelled texts, or a file is not of the encoding.

    Example:
        >>> train = read_folders("aclImdb/train")  # doctest: +SKIP
        >>> reviews = fit(train, "text", "label", "minilm-l6-uncased")  # doctest: +SKIP
    """
    import pandas as pd

    read = folder_texts(path, labels=labels, encoding=encoding, bad_files=bad_files)
    frame = pd.DataFrame({"text": read.texts, "label": read.labels, "file": read.files})
    if read.notes:
        frame.attrs["notes"] = read.notes
        tell(LeftOutWarning(Sentence(" ".join(read.notes))))
    return frame
