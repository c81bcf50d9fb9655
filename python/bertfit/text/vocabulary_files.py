"""Find the vocabulary among a checkpoint's files, and read it with the settings beside it."""

from __future__ import annotations

import os
from pathlib import Path

from bertfit.errors import VocabularyError
from bertfit.text.vocabulary import Vocabulary


def read_vocabulary(folder: str | os.PathLike, lower_case: bool | None = None) -> Vocabulary:
    """The vocabulary of a checkpoint's folder.

    Args:
        folder: The folder.
        lower_case: Whether text is lower-cased first; None for what the folder's files say, else the tokens.

    Raises:
        VocabularyError: The folder has no vocabulary, or it cannot be read.
    """
    path = Path(folder) / "vocab.txt"
    if not path.is_file():
        raise VocabularyError("A checkpoint must have its vocabulary.", [f"{folder} has no vocab.txt."])
    return Vocabulary.from_file(path, lower_case)
