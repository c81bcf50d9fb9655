"""What the reading of long texts gains: test scores on comments longer than the median, by how they were read.

MiniLM is fine-tuned on two thirds of wiki_toxicity.csv with every setting but `max_len` and `long_text` at its default
(three epochs, batches of 32 texts or windows), and tested on the longer half of the last third; three times, so that
every comment is tested once. The same fit is also asked to read otherwise: its beginnings in windows, or the "max" of
windows. scikit-learn computes accuracy and AUC. Fits that are in the file already are not repeated.

Run: bench/long_text.py [max_len [parts]], which adds rows to bench/long_text.csv and prints the means over the parts.
Needs ../shared/data.
"""

from __future__ import annotations

import pathlib
import sys
import time
import warnings

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
DATA, RESULTS = HERE.parent.parent / "shared" / "data" / "wiki_toxicity.csv", HERE / "long_text.csv"
PARTS, SEED = 3, 1

#: How a fit was trained -> how it is asked to read.
WINDOWS = [{"long_text": "windows", "window_pooling": pooling} for pooling in ("mean", "max")]
READINGS = {"truncate": [{"long_text": "truncate"}, *WINDOWS], "head_tail": [{"long_text": "head_tail"}],
            "windows": [*WINDOWS, {"long_text": "truncate"}]}


def scores(start, frame: pd.DataFrame, long: np.ndarray, trained: str, part: int, max_len: int) -> list[dict]:
    """A row for each way in which one fit reads the long texts of a part."""
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    import bertfit

    truth = frame["target"].to_numpy()
    split = StratifiedKFold(PARTS, shuffle=True, random_state=SEED)
    train, test = list(split.split(truth, truth))[part]
    test = test[long[test]]
    begun = time.perf_counter()
    fitted = bertfit.fit(frame.iloc[train], "comment_text", "target", start, max_len=max_len, long_text=trained,
                         seed=SEED, verbose=0)
    seconds = time.perf_counter() - begun
    rows = []
    for reading in READINGS[trained]:
        p = fitted.predict(frame["comment_text"].iloc[test].tolist(), **reading)[:, 1]
        rows.append({"max_len": max_len, "part": part, "trained": trained, "read": reading["long_text"],
                     "pooling": reading.get("window_pooling", "-"), "texts": len(test),
                     "accuracy": accuracy_score(truth[test], p >= 0.5), "auc": roc_auc_score(truth[test], p),
                     "seconds": round(seconds, 1)})
    return rows


def main(max_len: int = 64, parts: int = PARTS) -> None:
    """Run the fits that are missing, in turns over the readings, then print the means."""
    import bertfit

    warnings.simplefilter("ignore", bertfit.TruncationWarning)
    start = bertfit.load("minilm-l6-uncased")
    frame = pd.read_csv(DATA)
    frame["target"] = (frame["target"] >= 0.5).astype(int)
    lengths = start.model.tokenizer.encode(frame["comment_text"].tolist()).lengths
    long = lengths > np.median(lengths)
    done = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=["max_len", "part", "trained"])
    keys = set(zip(done.max_len, done.part, done.trained, strict=True))
    for part in range(parts):
        for trained in READINGS:
            if (max_len, part, trained) not in keys:
                rows = pd.DataFrame(scores(start, frame, long, trained, part, max_len))
                rows.to_csv(RESULTS, mode="a", header=not RESULTS.exists(), index=False, float_format="%.6g")
    done = pd.read_csv(RESULTS)
    done = done[(done.max_len == max_len) & (done.part < parts)]
    print(f"median {np.median(lengths):g} tokens; {long.sum()} longer, {frame['target'][long].sum()} of them toxic")
    table = done.groupby(["trained", "read", "pooling"], sort=False)
    print(table.agg({"texts": "sum", "accuracy": "mean", "auc": "mean", "seconds": "mean"}).round(4).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
