"""Pretraining data: make_pretraining_data() against Google's create_pretraining_data.py, instances/s on one core.

The corpus is wiki_toxicity.csv twice: a comment is a document, split into sentences after ".", "!" and "?". Both sides
read the text file, tokenize with BERT's uncased vocabulary, make rows of 128 tokens with Google's default settings (10
passes unless dup_factor is given, 15% of tokens masked, 10% short rows) and write TFRecord files. The process is bound
to one core, and each side's instances are divided by its own seconds.

Run: bench/pretrain_data.py [repeats] [dup_factor]
"""

from __future__ import annotations

import csv
import os
import random
import re
import shutil
import sys
import tempfile

from harness import compare, data_file, machine, sized, timed

REPEAT = sized(2, 1)


def main() -> None:
    """Print rates and ratios."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before TensorFlow counts the cores
    from bertfit.checkpoints import registry
    from bertfit.corpus.data import open_pretraining_data
    from bertfit.corpus.writer import make_pretraining_data
    from bertfit.text.vocabulary import Vocabulary

    google, tokenization = _google()
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    dup_factor = int(sys.argv[2]) if len(sys.argv) > 2 else sized(10, 1)
    path = data_file("wiki_toxicity.csv")
    file_name = str(registry.folder(registry.find("minilm-l6-uncased")) / "vocab.txt")
    vocabulary = Vocabulary.from_file(file_name, lower_case=True)
    folder = tempfile.mkdtemp()
    corpus, ours_dir, google_file = (os.path.join(folder, name) for name in ("corpus.txt", "ours", "google.tfrecord"))
    _write_corpus(path, corpus)

    def ours() -> None:
        make_pretraining_data(corpus, vocabulary, ours_dir, dup_factor=dup_factor, seed=1, workers=1, overwrite=True)

    def theirs() -> None:
        tokenizer = tokenization.FullTokenizer(file_name, do_lower_case=True)
        chance = random.Random(1)
        instances = google.create_training_instances([corpus], tokenizer, 128, dup_factor, 0.1, 0.15, 20, chance)
        google.write_instance_to_example_files(instances, tokenizer, 128, 20, [google_file])

    try:
        contenders = {"make_pretraining_data()": timed(ours), "create_pretraining_data.py": timed(theirs)}
        seconds = compare(contenders, repeats)
        rows = [open_pretraining_data(ours_dir).n, open_pretraining_data(google_file).n]
        sizes = [sum(os.path.getsize(os.path.join(ours_dir, name)) for name in os.listdir(ours_dir)),
                 os.path.getsize(google_file)]
    finally:
        shutil.rmtree(folder)
    print(machine(), "- bound to one core")
    rates = []
    for (name, elapsed), count, size in zip(seconds.items(), rows, sizes, strict=True):
        rates.append(count / elapsed)
        print(f"{name:30}{count:>8,} instances {elapsed:8.3f} s {rates[-1]:>10,.0f} instances/s {size / 1e6:8.1f} MB")
    print(f"make_pretraining_data() / create_pretraining_data.py: {rates[0] / rates[1]:6.1f}  (wanted: 20)")


def _google():
    """Import Google's modules from where the tests find them, without their log messages."""
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir, "tests", "python"))
    from toys.google import google_pretraining, google_tokenization

    module = google_pretraining()
    module.tf.logging.set_verbosity(module.tf.logging.ERROR)
    return module, google_tokenization()


def _write_corpus(path, target: str) -> None:
    csv.field_size_limit(10**9)
    with open(path, encoding="utf-8", newline="") as source, open(target, "w", encoding="utf-8") as file:
        for row in list(csv.DictReader(source))[:sized(None, 100)] * REPEAT:
            sentences = re.split(r"(?<=[.!?])\s+", row["comment_text"].strip())
            file.write("\n".join(sentences) + "\n\n")


if __name__ == "__main__":
    main()
