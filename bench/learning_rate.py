"""Which learning rate is a good default: test scores by data set, learning rate and seed.

MiniLM is fine-tuned on 400 rows (or `--rows`, or as many as a data set has beside the test rows) with every other
setting at its default (three epochs, batches of 32; texts to 48 tokens) and tested on 400 others. scikit-learn computes
the scores: AUC for two classes, macro F1 for the tweets' three. Fits that are in the file already are not repeated.

Run: bench/learning_rate.py [--rows 400] [--seeds 1 2 3], which adds rows to bench/learning_rate.csv and prints means.
Needs ../shared/data, and R for the package's own comments.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
SHARED, RESULTS = HERE.parent.parent / "shared" / "data", HERE / "learning_rate.csv"
RATES, TEST = (5e-5, 1e-4, 2e-4), 400


def jigsaw_sample() -> pd.DataFrame:
    """The data set of the R package, as a data frame."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "jigsaw.csv")
        code = 'a <- commandArgs(TRUE); load(a[1]); data.table::fwrite(jigsaw_sample, a[2])'
        subprocess.run(["Rscript", "-e", code, str(HERE.parent / "data" / "jigsaw_sample.rda"), str(path)], check=True)
        return pd.read_csv(path)


def data_sets():
    """Name, texts and classes of every data set, rows in an order drawn once; shares of votes are cut at 0.5."""
    for name, frame, text, target in (
        ("sms_spam", pd.read_csv(SHARED / "sms_spam.csv"), "text", "label"),
        ("wiki_toxicity", pd.read_csv(SHARED / "wiki_toxicity.csv"), "comment_text", "target"),
        ("jigsaw_sample", jigsaw_sample(), "comment_text", "target"),
        ("tweets", pd.read_csv(SHARED / "tweets.csv"), "tweet", "class"),
    ):
        frame = frame[frame[text].notna()].sample(frac=1, random_state=0)
        classes = (frame[target] >= 0.5).astype(int) if frame[target].dtype == float else frame[target]
        yield name, frame[text].tolist(), classes.to_numpy()


def score(texts: list[str], classes: np.ndarray, rows: int, rate: float, seed: int) -> tuple[str, float]:
    """Name and value of the test score of one fit on the first `rows` rows."""
    from sklearn.metrics import f1_score, roc_auc_score

    import bertfit

    labels = [f"c{value}" for value in classes]
    fitted = bertfit.fit(None, texts[:rows], labels[:rows], bertfit.load("minilm-l6-uncased"), max_len=48,
                         learning_rate=rate, seed=seed, verbose=0)
    probabilities = np.asarray(fitted.predict(texts[rows:rows + TEST]))
    truth = classes[rows:rows + TEST]
    if probabilities.shape[1] == 2:
        return "auc", roc_auc_score(truth, probabilities[:, 1])
    return "f1_macro", f1_score(truth, probabilities.argmax(axis=1), average="macro")


def main() -> None:
    """Run the fits that are missing, in turns over the rates, then print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400, help="training rows")
    parser.add_argument("--rates", type=float, nargs="*", default=RATES)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    options = parser.parse_args()
    done = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=["data", "rows", "rate", "seed"])
    keys = set(zip(done.data, done.rows, done.rate, done.seed, strict=True))
    sets = list(data_sets())
    for seed in options.seeds:
        for name, texts, classes in sets:
            rows = min(options.rows, len(texts) - TEST)
            for rate in options.rates:
                if (name, rows, rate, seed) not in keys:
                    measure, value = score(texts, classes, rows, rate, seed)
                    row = pd.DataFrame([{"data": name, "rows": rows, "rate": rate, "seed": seed, "measure": measure,
                                         "score": value}])
                    row.to_csv(RESULTS, mode="a", header=not RESULTS.exists(), index=False, float_format="%.6g")
    table = pd.read_csv(RESULTS).pivot_table(index=["rows", "data", "measure"], columns="rate", values="score")
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
