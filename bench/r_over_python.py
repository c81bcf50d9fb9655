"""Time of `bert_fit()` in R relative to the same fit in Python.

600 Wikipedia comments, MiniLM, two epochs, texts truncated at 128 tokens. Neither prints progress, and their losses
must agree within 1e-6.

Run: bench/r_over_python.py [repeats]
"""

from __future__ import annotations

from harness import Row, RSide, Side, compare, data_file, main, sized

ROWS = sized(600, 48)
TRIED = {"bert_fit() from R": (
    "what R does beyond Python is to pack the fitted model's 91 MB, so that saveRDS() works whenever it is called: "
    "0.23 s of Python (0.1 safetensors, 0.05 sha256, 0.04 the one copy that is left), then the copy into R's vector.")}


def python():
    """`bertfit.fit` on a pandas frame."""
    import pandas as pd

    import bertfit

    model = bertfit.load("minilm-l6-uncased")
    data = pd.read_csv(data_file("wiki_toxicity.csv")).head(ROWS)

    def run() -> list[float]:
        fitted = bertfit.fit(data, "comment_text", "target", model, task="binary", epochs=2, batch_size=32, max_len=128,
                             validation=0, seed=1, verbose=0)
        return fitted.model.record["history"]["loss"]

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The row of the table."""
    with RSide("fit.R", str(data_file("wiki_toxicity.csv")), str(ROWS)) as ours, Side(__file__, "python") as core:
        seconds = compare({"R": ours.run, "Python": core.run}, repeats)
        assert max(abs(a - b) for a, b in zip(ours.answer, core.answer, strict=True)) < 1e-6, "the losses differ"
    return [Row("bert_fit() from R", "the same fit in Python", 1.03, seconds["R"] / seconds["Python"], at_most=True,
                detail=f"{seconds['R']:.2f} and {seconds['Python']:.2f} s")]


if __name__ == "__main__":
    main(measure)
