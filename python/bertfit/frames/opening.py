"""A model for Python users: opened by name or folder, or with fresh weights."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from bertfit.errors import ArgumentError, Function, Sentence
from bertfit.frames.bert import Bert
from bertfit.model import Model, fresh_model, open_model
from bertfit.settings import keywords_told


@keywords_told
def load(x: str | os.PathLike, *, name: str | None = None, revision: str | None = None,
         cache_dir: str | os.PathLike | None = None, lower_case: bool | None = None, max_len: int | None = None,
         task: str | None = None, download: bool = True, progress: Callable[[dict], Any] | None = None,
         quiet: bool = False) -> Bert:
    """Open a model: a name of `bertfit.models()`, the id of a model of the Hugging Face hub, a Google or Hugging Face
    folder, or a saved bertfit model.

    Models of the hub are fetched and kept by the package huggingface_hub: in the cache that transformers uses, from the
    mirror in HF_ENDPOINT, with the token in HF_TOKEN or of `hf auth login`; with HF_HUB_OFFLINE=1 nothing is asked for.
    A commit that is in the cache is opened without a connection. For a branch or a tag the hub is asked where it is; if
    it cannot be reached, what is in the cache is opened, with an `OfflineWarning`.

    A finished classifier of Hugging Face (`...ForSequenceClassification`) is a fitted model: it predicts and evaluates,
    and `fit` goes on from its head with ``head="keep"``.

    Of the folder of a pretraining run, the model "best" is opened, or "last" if there is no best; a line on stderr says
    which, and by what measure it is the best.

    Args:
        x: The name, the folder, or the id, "owner/name" or "owner/name@revision". If a folder has a known model's name
            or is called like an id, the folder is opened.
        name: Name to give the model; None for its own.
        revision: Of a model of the hub: a branch, a tag or a whole commit hash; None for its main branch.
        cache_dir: Folder of downloads; None for the user's cache, or for the hub's models that of huggingface_hub.
        lower_case: Whether to lower-case texts; None to read it from the checkpoint.
        max_len: Length in tokens to which the position table is truncated; None keeps all positions.
        task: What a finished classifier predicts ("binary", "multiclass", "multilabel", "regression"), where its
            config.json says another task or leaves it open, as that of one output without `problem_type` does. "none"
            opens its encoder without the head. None for what config.json says.
        download: Whether to download a model that is not in the cache.
        progress: Called with ``{"event": "download", "name", "folder", "done_bytes", "total_bytes"}`` while it does.
        quiet: Whether to leave out the line about a run.

    Raises:
        ArgumentError: The name is unknown, or an argument breaks its rule.
        CheckpointError, VocabularyError, BundleError: The files are damaged or incomplete.
        DownloadError: A download failed; or the hub has no such model or revision, does not show it without a token,
            or cannot be reached.

    Example:
        >>> model = load("minilm-l6-uncased")  # doctest: +SKIP
        >>> model.embed(["a cat", "a dog"]).shape  # doctest: +SKIP
        (2, 384)
    """
    return Bert(open_model(x, name=name, revision=revision, cache_dir=cache_dir, lower_case=lower_case,
                           max_len=max_len, task=task, download_missing=download, progress=progress,
                           say=None if quiet else _say))


@keywords_told
def init(config: Any, vocabulary: Any, *, seed: int | None = None, name: str | None = None,
         lower_case: bool | None = None) -> Bert:
    """A model with fresh weights, to pretrain: see `bertfit.model.fresh_model`.

    Args:
        config: A `BertConfig`, or the name of a preset ("kor-tiny", "bert-uncased-l2-h128", ...).
        vocabulary: What `train_vocabulary` returned, a `Vocabulary`, or the path of a vocabulary file.
        seed: Seed of the weights; None draws a seed.
        name: Name to give the model.
        lower_case: For a WordPiece file, whether to lower-case texts; None to infer it from the tokens.

    Example:
        >>> vocabulary = bertfit.train_vocabulary("corpus.txt", 8000, "sentencepiece")  # doctest: +SKIP
        >>> init("kor-mini", vocabulary, seed=1).parameters  # doctest: +SKIP
        1454848
    """
    return Bert(fresh_model(config, vocabulary, seed=seed, name=name, lower_case=lower_case))


def model_of(model: Any) -> Model:
    """The `Model` of a `model` argument: of a `Bert`, a `Model`, or a name or folder, which is opened."""
    if isinstance(model, Bert):
        return model.model
    if isinstance(model, Model):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise ArgumentError(Sentence("must be what {} returns, or takes.", Function("load")), argument="model",
                            received=model)
    return open_model(model, say=_say)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
