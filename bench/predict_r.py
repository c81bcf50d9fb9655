"""Predicting 20,000 comments from R with MiniLM, against transformers' pipeline (batch 32).

The texts are the Wikipedia comments and runs of sentences from them, all different, because bertfit predicts equal
texts only once. `predict()` in R gets all texts; the pipeline, in float32 (its default), gets every 20th, and texts per
second are compared. Both have the same weights, truncate at 256 tokens, and must give the same probabilities.

Run: bench/predict_r.py [repeats]
"""

from __future__ import annotations

import re

import numpy as np
from harness import SCRATCH, Row, RSide, Side, compare, main, sized
from models import comments, minilm

ROWS, EVERY, MAX_LEN = sized(20_000, 100), 20, 256


def texts() -> list[str]:
    """20,000 different texts of one line: the comments, then runs of their sentences, in random order."""
    found = dict.fromkeys(" ".join(comment.split()) for comment in comments()[0])
    rng = np.random.default_rng(0)
    sentences = [re.split(r"(?<=[.!?]) ", comment) for comment in found]
    while len(found) < ROWS:
        own = sentences[rng.integers(len(sentences))]
        start = int(rng.integers(len(own)))
        stop = start + 1 + int(rng.geometric(0.2))
        found.setdefault(" ".join(own[start:stop]).strip() or "-")
    return rng.permutation(list(found)).tolist()


def pipeline():
    """The pipeline on every `EVERY`th text."""
    from transformers import pipeline

    folder = str(minilm() / "huggingface")
    classify = pipeline("text-classification", model=folder, tokenizer=folder, device="cpu")
    some = texts()[::EVERY]

    def run() -> list[float]:
        answers = classify(some, batch_size=32, truncation=True, max_length=MAX_LEN, top_k=None)
        return [next(a["score"] for a in answer if a["label"] == "1") for answer in answers]

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The row of the table."""
    folder = minilm()
    path = SCRATCH / "texts.txt"
    path.write_text("\n".join(texts()) + "\n", "utf-8")
    with RSide("predict.R", str(folder / "bertfit"), str(path), str(EVERY)) as ours, \
            Side(__file__, "pipeline") as theirs:
        seconds = compare({"bertfit": ours.run, "pipeline": theirs.run}, repeats)
        worst = np.abs(np.subtract(ours.answer, theirs.answer)).max()
        assert worst < 0.02, f"probabilities differ by {worst}"
        # The probabilities of a fresh head differ little, so the correlation is checked too.
        assert np.corrcoef(ours.answer, theirs.answer)[0, 1] > 0.99, "probabilities belong to other texts"
    rate = {"bertfit": ROWS / seconds["bertfit"], "pipeline": ROWS / EVERY / seconds["pipeline"]}
    return [Row("predicting 20,000 comments from R, MiniLM", "transformers pipeline, batch 32", 2.0,
                rate["bertfit"] / rate["pipeline"],
                detail=f"{rate['bertfit']:.0f} and {rate['pipeline']:.0f} rows/s; probabilities within {worst:.4f}")]


if __name__ == "__main__":
    main(measure)
