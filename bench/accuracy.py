"""Whether bfloat16 and batches by length change accuracy: AUC and logits must stay within limits of float32's.

MiniLM is fine-tuned on the Wikipedia comments, 128 tokens, two epochs, three seeds: once as `fit` does it (bfloat16,
batches by length, compiled kernels), once in float32 with every row padded to 128 and random batches. A fifth of the
rows, the same for both, is the test set, for which scikit-learn computes the AUC. Then the logits of one fitted model
are compared between the two number formats.

Run: bench/accuracy.py
"""

from __future__ import annotations

import numpy as np
from harness import Row, Side, main, sized
from models import comments

MAX_LEN, EPOCHS, SEEDS = 128, sized(2, 1), sized(3, 1)


def fine_tuned(texts, targets, seed: int, precision: str):
    """A classifier fine-tuned on the comments."""
    import bertfit

    return bertfit.fit(None, texts, targets, bertfit.load("minilm-l6-uncased"), task="binary", epochs=EPOCHS,
                       batch_size=32, max_len=MAX_LEN, validation=0, seed=seed, verbose=0, learning_rate=5e-5,
                       precision=precision)


def fit(plain: bool):
    """AUCs on the test set, one per seed."""
    from sklearn.metrics import roc_auc_score

    from bertfit.network import batches
    from bertfit.training import feeds
    from bertfit.training.shapes import Shapes

    if plain:
        feeds.TokenFeed.plan = lambda self, *_: setattr(self, "shapes", Shapes((MAX_LEN,), MAX_LEN))
        batches.POOL = 1
    texts, targets = comments()
    cut = len(texts) * 4 // 5
    seeds = iter(range(1, 100))

    def run() -> float:
        fitted = fine_tuned(texts[:cut], targets[:cut], next(seeds), "float32" if plain else "bfloat16")
        return float(roc_auc_score(targets[cut:], fitted.predict(texts[cut:])[:, 1]))

    return run


def logits():
    """The largest difference between logits in bfloat16 and in float32, and the spread of the logits."""
    from bertfit.rows import Rows

    texts, targets = comments()
    model = fine_tuned(texts, targets, 1, "bfloat16").model
    encoding = model.encode(Rows.of(texts))

    def run() -> list[float]:
        fast, exact = (model.logits(encoding, precision) for precision in ("bfloat16", "float32"))
        return [float(np.abs(fast - exact).max()), float(exact.std())]

    return run


def measure(repeats: int = 3) -> list[Row]:
    """Both rows of the table; always three seeds, whatever `repeats` is."""
    fast, plain = [], []
    with Side(__file__, "fit", False) as ours, Side(__file__, "fit", True) as slow:
        for _ in range(SEEDS):
            for side, found in ((ours, fast), (slow, plain)):
                side.run()
                found.append(side.answer)
    lost = float(np.mean(plain) - np.mean(fast))
    with Side(__file__, "logits") as side:
        side.run()
        difference, spread = side.answer
    pairs = ", ".join(f"{a:.4f} / {b:.4f}" for a, b in zip(fast, plain, strict=True))
    return [
        Row("AUC lost by bfloat16 and bucketing, mean of three seeds", "float32, padded to 128, random batches", 0.005,
            lost, at_most=True, unit="AUC", detail=f"by seed: {pairs}"),
        Row("largest difference of a logit, 1,492 comments", "float32", 0.05, difference, at_most=True, unit="logits",
            detail=f"of a model fitted to them for two epochs, whose logits have a standard deviation of {spread:.2f}"),
    ]


if __name__ == "__main__":
    main(measure)
