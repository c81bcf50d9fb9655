"""Predictions of the MLM and NSP heads: tokens for each [MASK], and whether one text follows another."""

from __future__ import annotations

import numpy as np

from bertfit import _env
from bertfit.errors import ArgumentError, DataError, Sentence, rows_are
from bertfit.model import Model
from bertfit.network import compute_in
from bertfit.notices import TruncationWarning, tell
from bertfit.rows import Rows
from bertfit.system import interrupts
from bertfit.text import Encoding

tf = _env.tensorflow()

_ROWS = 32  # texts per batch


def fill_mask(model: Model, rows: Rows, top: int = 5) -> dict[str, list]:
    """The most probable tokens for every "[MASK]" in the texts.

    Args:
        model: One with an MLM head: pretrained by bertfit, or loaded from a checkpoint that has it.
        rows: Texts, each with at least one "[MASK]", or the mask token as the model's vocabulary spells it ("<mask>").
        top: Tokens per mask.

    Returns:
        A dict of columns with one row per text, mask and token: row and mask (both counted from 0), rank (from 1),
        token, probability.

    Raises:
        ArgumentError: The model has no MLM head, or `top` is not between 1 and the size of the vocabulary.
        DataError: A text has no "[MASK]", or more tokens than the model has positions.

    Source: the masked language model of Devlin et al. 2019.

    Example:
        >>> fill_mask(model, Rows.of(["Paris is the [MASK] of France."]), top=1)["token"]  # doctest: +SKIP
        ['capital']
    """
    _check_heads(model, "MLM")
    if not 1 <= top <= len(model.vocabulary):
        raise ArgumentError(f"must be between 1 and {len(model.vocabulary)}.", argument="top", received=top)
    encoding = _encode_masked(model, rows.texts)
    tokens = np.asarray(model.vocabulary.tokens, dtype=object)
    columns: dict[str, list] = {"row": [], "mask": [], "rank": [], "token": [], "probability": []}
    for start in range(0, len(rows), _ROWS):
        numbers = np.arange(start, min(start + _ROWS, len(rows)))
        ids, segments, _ = encoding.pad(numbers, pad_id=model.config.pad_token_id)
        row_of, position_of = np.nonzero(ids == model.vocabulary.mask_id)
        sequence = _token_vectors(model, ids, segments).numpy()
        logits = model.pretraining.token_logits(tf.constant(sequence[row_of, position_of]))  # [M, V]
        best, which = tf.math.top_k(tf.nn.softmax(logits), top)
        number = np.arange(len(row_of)) - np.searchsorted(row_of, row_of)  # of the mask within its text
        columns["row"] += np.repeat(numbers[row_of], top).tolist()
        columns["mask"] += np.repeat(number, top).tolist()
        columns["rank"] += np.tile(np.arange(1, top + 1), len(row_of)).tolist()
        columns["token"] += tokens[which.numpy().reshape(-1)].tolist()
        columns["probability"] += best.numpy().reshape(-1).astype(float).tolist()
    return columns


def next_sentence(model: Model, rows: Rows) -> np.ndarray:
    """The probability that the second text of each pair follows the first.

    Args:
        model: One with an NSP head: pretrained by bertfit, or loaded from a checkpoint that has it.
        rows: Texts with pairs.

    Returns:
        float64 [n].

    Raises:
        ArgumentError: The model has no NSP head.

    Source: next sentence prediction of Devlin et al. 2019.
    """
    _check_heads(model, "NSP")
    encoding = model.encode(rows, model.max_len)
    tell(TruncationWarning(encoding.truncated.sum(), len(rows), model.max_len))
    result = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS):
        numbers = np.arange(start, min(start + _ROWS, len(rows)))
        ids, segments, _ = encoding.pad(numbers, pad_id=model.config.pad_token_id)
        pooled = model.encoder.pooled(_token_vectors(model, ids, segments)[:, 0])
        result[numbers] = tf.nn.softmax(model.pretraining.next_logits(pooled))[:, 0].numpy()
    return result


def _token_vectors(model: Model, ids: np.ndarray, segments: np.ndarray):
    interrupts.check()
    with compute_in("float32"):
        return model.encoder.states([tf.constant(ids), tf.constant(segments)], False)[-1]


def _check_heads(model: Model, head: str) -> None:
    """Refuse a model without the head "MLM" or "NSP"."""
    if model.pretraining is None:
        raise ArgumentError("must have MLM and NSP heads.",
                            [f"{model.name} has none.",
                             "Pretrain it first, or load a checkpoint that was saved with them."], argument="model")
    if head == "NSP" and model.pretraining.next_sentence is None:
        raise ArgumentError("must have an NSP head.", [f"{model.name} has an MLM head only."], argument="model")


def _encode_masked(model: Model, texts: list[str]) -> Encoding:
    """Encode texts: each mask token becomes one, the text around it is tokenized as usual."""
    tokenizer = model.tokenizer
    without = [row for row, text in enumerate(texts) if not tokenizer.has_mask(text)]
    if without:
        raise DataError('Every text must have a "[MASK]".', [Sentence("{} without one.", rows_are(without))])
    encoding = tokenizer.encode_masked(texts)
    long = np.flatnonzero(encoding.lengths > model.max_len)
    if len(long):  # truncation could lose a mask
        raise DataError(f"Texts must have at most {model.max_len} tokens.",
                        [Sentence("{} longer.", rows_are(long))])
    return encoding
