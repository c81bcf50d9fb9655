"""Tokenization: bert_tokenize() in R, keras-bert row by row in R, and tokenizers' encode_batch in Python.

The task is an R user's: the comments of wiki_toxicity.csv, 40 times, from a character vector to matrices of 50
columns. keras-bert's loop is timed on 500 rows, and rows per second are compared. tokenizers gets Python strings,
truncates and pads to 50 tokens with its own threads; converting its result to a matrix is not measured.
"""

from __future__ import annotations

import csv
import sys

import tokenizers
from harness import RSide, compare, data_file, machine, sized, timed

from bertfit.checkpoints import registry

REPEAT, MAX_LEN, LOOP_ROWS = sized(40, 1), 50, sized(500, 20)


def main() -> None:
    """Print rates and ratios."""
    path = data_file("wiki_toxicity.csv")
    csv.field_size_limit(10**9)
    with open(path, encoding="utf-8", newline="") as file:
        texts = [row["comment_text"] for row in csv.DictReader(file)] * REPEAT
    vocabulary = registry.folder(registry.find("minilm-l6-uncased")) / "vocab.txt"
    wordpiece = tokenizers.BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    wordpiece.enable_truncation(MAX_LEN)
    wordpiece.enable_padding(length=MAX_LEN)
    worker = RSide("tokenization.R", str(path), str(vocabulary), str(REPEAT), str(MAX_LEN), str(LOOP_ROWS))
    seconds = compare(
        {
            "bert_tokenize() in R": lambda: worker.run("bertfit"),
            "keras-bert, row by row in R": lambda: worker.run("loop"),
            "tokenizers encode_batch in Python": timed(lambda: wordpiece.encode_batch(texts)),
        },
        repeats=int(sys.argv[1]) if len(sys.argv) > 1 else 5,
    )
    worker.close()
    rows = {name: LOOP_ROWS if "row by row" in name else len(texts) for name in seconds}
    rates = {name: rows[name] / seconds[name] for name in seconds}
    ours, loop, batch = rates.values()
    print(machine())
    for name, rate in rates.items():
        print(f"{name:35}{rows[name]:>8,} rows {seconds[name]:8.3f} s {rate:>10,.0f} rows/s")
    print(f"bert_tokenize() / keras-bert's loop in R:        {ours / loop:6.1f}  (wanted: 40)")
    print(f"bert_tokenize() / tokenizers' encode_batch:      {ours / batch:6.1f}  (wanted: 4)")


if __name__ == "__main__":
    main()
