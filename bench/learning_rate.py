"""Which learning rate is a good default: test scores by data set, learning rate and seed.

MiniLM is fine-tuned on 400 rows with every other setting at its default (three epochs, batches of 32; texts to 48
tokens) and tested on 400 others. scikit-learn computes the scores: AUC
for two classes, macro F1 for the tweets' three. Fits that are in the file already are not repeated.

Run: bench/learning_rate.py, which adds rows to bench/learning_rate.csv and prints the means.
Needs ../shared/data, and R for the package's own comments.
"""

from __future__ import annotations

import pathlib
import subprocess
import tempfile

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
SHARED, RESULTS = HERE.parent.parent / "shared" / "data", HERE / "learning_rate.csv"
RATES, SEEDS, TRAIN, TEST = (5e-5, 1e-4, 2e-4), (1, 2, 3), 400, 400


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


def score(texts: list[str], classes: np.ndarray, rate: float, seed: int) -> tuple[str, float]:
    """Name and value of the test score of one fit."""
    from sklearn.metrics import f1_score, roc_auc_score

    import bertfit

    labels = [f"c{value}" for value in classes]
    fitted = bertfit.fit(None, texts[:TRAIN], labels[:TRAIN], bertfit.load("minilm-l6-uncased"), max_len=48,
                         learning_rate=rate, seed=seed, verbose=0)
    probabilities = np.asarray(fitted.predict(texts[TRAIN:TRAIN + TEST]))
    truth = classes[TRAIN:TRAIN + TEST]
    if probabilities.shape[1] == 2:
        return "auc", roc_auc_score(truth, probabilities[:, 1])
    return "f1_macro", f1_score(truth, probabilities.argmax(axis=1), average="macro")


def main() -> None:
    """Run the fits that are missing, in turns over the rates, then print the means."""
    done = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=["data", "rate", "seed"])
    keys = set(zip(done.data, done.rate, done.seed, strict=True))
    sets = list(data_sets())
    for seed in SEEDS:
        for name, texts, classes in sets:
            for rate in RATES:
                if (name, rate, seed) not in keys:
                    measure, value = score(texts, classes, rate, seed)
                    row = pd.DataFrame([{"data": name, "rate": rate, "seed": seed, "measure": measure, "score": value}])
                    row.to_csv(RESULTS, mode="a", header=not RESULTS.exists(), index=False, float_format="%.6g")
    table = pd.read_csv(RESULTS).pivot_table(index=["data", "measure"], columns="rate", values="score")
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
