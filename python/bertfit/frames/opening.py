"""A model for Python users: opened by name or folder, or with fresh weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from bertfit.errors import ArgumentError
from bertfit.frames.bert import Bert
from bertfit.model import Model, fresh_model, open_model


def load(x: str | os.PathLike, *, name: str | None = None, cache_dir: str | os.PathLike | None = None,
         lower_case: bool | None = None, max_len: int | None = None, download: bool = True,
         progress: Callable[[dict], Any] | None = None) -> Bert:
    """Open a model: a name of `bertfit.models()`, a Google or Hugging Face folder, or a saved bertfit model.

    Args:
        x: The name or the folder. A folder that exists goes before a name.
        name: What to call it; None for its own name.
        cache_dir: Where downloads live; None for the user's cache.
        lower_case: Whether texts are lower-cased; None to tell by the checkpoint.
        max_len: Keep only this many positions, in tokens; None keeps all.
        download: Whether a model that is not in the cache may be fetched.
        progress: Told of a download.

    Raises:
        BertfitError: Its subclasses name what is wrong with the name, the files, or the download.

    Example:
        >>> model = load("minilm-l6-uncased")  # doctest: +SKIP
        >>> model.embed(["a cat", "a dog"]).shape  # doctest: +SKIP
        (2, 384)
    """
    return Bert(open_model(x, name=name, cache_dir=cache_dir, lower_case=lower_case, max_len=max_len,
                                   download_missing=download, progress=progress))


def init(config: Any, vocabulary: Any, *, seed: int | None = None, name: str | None = None,
         lower_case: bool | None = None) -> Bert:
    """A model with fresh weights, to pretrain: see `bertfit.initial.fresh_model`.

    Args:
        config: A `BertConfig`, or the name of a preset ("kor-tiny", "bert-uncased-l2-h128", ...).
        vocabulary: What `train_vocabulary` returned, a `Vocabulary`, or the path of a vocabulary file.
        seed: Seed of the weights; None draws one.
        name: What to call it.
        lower_case: For a WordPiece file, whether texts are lower-cased; None to tell by the tokens.

    Example:
        >>> vocabulary = bertfit.train_vocabulary("corpus.txt", 8000, "sentencepiece")  # doctest: +SKIP
        >>> init("kor-mini", vocabulary, seed=1).parameters  # doctest: +SKIP
        1454848
    """
    return Bert(fresh_model(config, vocabulary, seed=seed, name=name, lower_case=lower_case))


def model_of(model: Any) -> Model:
    """The `Model` of what a user may give for one: a `Bert`, a name, a folder."""
    if isinstance(model, Bert):
        return model.model
    if isinstance(model, Model):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise ArgumentError("must be what bertfit.load() returns, or takes.", argument="model", received=model)
    return open_model(model)
