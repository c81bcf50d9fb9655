"""Byte-level BPE: bertfit's tokenizer and the package tokenizers on the same texts, both in Python.

The vocabulary has 30,000 tokens, trained on the comments of wiki_toxicity.csv as RoBERTa's was. The texts are those
comments and the tweets of tweets.csv. Both give ids without padding; of tokenizers' result the lists of ids are taken
from its objects or not. A tokenizer of bertfit keeps the ids of words: "first" is a new one, "again" has seen them.
"""

from __future__ import annotations

import csv
import sys

import tokenizers
from harness import compare, data_file, machine, sized, timed

from bertfit.text import Tokenizer, Vocabulary

MAX_LEN = 128


def main() -> None:
    """Print seconds and ratios."""
    csv.field_size_limit(10**9)
    texts = []
    for name in ("wiki_toxicity.csv", "tweets.csv"):
        with open(data_file(name), encoding="utf-8", newline="") as file:
            texts += [max(row, key=len) for row in csv.reader(file)]
    texts = texts[: sized(len(texts), 300)]
    theirs = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    theirs.train_from_iterator(texts, vocab_size=sized(30_000, 600), special_tokens=special, show_progress=False)
    whole = tokenizers.Tokenizer.from_str(theirs.to_str())
    whole.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    cut = tokenizers.Tokenizer.from_str(whole.to_str())
    cut.enable_truncation(MAX_LEN)
    vocabulary = Vocabulary.from_bytes(whole.to_str().encode())
    again = Tokenizer(vocabulary)
    rows = [encoding.ids for encoding in whole.encode_batch(texts)]
    assert again.encode(texts).ids.tolist() == [id_ for row in rows for id_ in row]
    seconds = compare(
        {
            "encode_batch, whole": timed(lambda: whole.encode_batch(texts)),
            "encode_batch and its ids, whole": timed(lambda: [found.ids for found in whole.encode_batch(texts)]),
            "bertfit, whole, first": timed(lambda: Tokenizer(vocabulary).encode(texts)),
            "bertfit, whole, again": timed(lambda: again.encode(texts)),
            "encode_batch, 128 tokens": timed(lambda: cut.encode_batch(texts)),
            "bertfit, 128 tokens, first": timed(lambda: Tokenizer(vocabulary).encode(texts, max_len=MAX_LEN)),
            "bertfit, 128 tokens, again": timed(lambda: again.encode(texts, max_len=MAX_LEN)),
        },
        repeats=int(sys.argv[1]) if len(sys.argv) > 1 else 5,
    )
    print(machine())
    for name, value in seconds.items():
        print(f"{name:35}{len(texts):>8,} rows {value:8.3f} s {len(texts) / value:>10,.0f} rows/s")
    for length in ("whole", "128 tokens"):
        for time in ("first", "again"):
            ratio = seconds[f"encode_batch, {length}"] / seconds[f"bertfit, {length}, {time}"]
            print(f"bertfit / encode_batch, {length}, {time}: {ratio:.2f}  (wanted: 1)")


if __name__ == "__main__":
    main()
