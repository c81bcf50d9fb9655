"""Pretraining from scratch on Korean film reviews, and how much it improves fine-tuning.

A model of sizes "kor-mini" (width 128, 2 layers, 4 heads of size 32, 128 tokens) with a vocabulary of 8,000
SentencePiece pieces is pretrained on nsmc_corpus.txt for about 15 minutes on two cores. The last twentieth of the films
is the validation data. Then classifiers are trained on nsmc_train.tsv, from fresh weights and from several epochs of
the pretraining, three seeds each, and tested on nsmc_test.tsv.

Pretraining goes from short rows to long ones, as Google's did (128 tokens, then 512): five epochs on pairs of 16
tokens, in which the model learns to predict a masked token from its neighbours (with long rows only, that took more
than 15 minutes); then five epochs on pairs of 128 tokens, in which it learns whether two texts are about one film.

Writes the tables that the vignette shows: inst/extdata/pretrain-korean.csv and finetune-korean.csv.

Run: bench/korean.py
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from harness import ROOT, SCRATCH, data_file, machine, sized

OUT = sized(ROOT / "inst" / "extdata", SCRATCH / "korean")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One part of the pretraining: rows of `max_len` tokens, `batch` rows per step, `steps` steps per epoch."""

    max_len: int
    batch: int
    steps: int
    epochs: int = 5


STAGES = sized((Stage(16, 128, 1000), Stage(128, 32, 1200)), (Stage(16, 128, 2), Stage(128, 32, 2)))

#: Epochs of pretraining after which classifiers are trained: none, all with short rows, two with long rows, all.
TUNED, SEEDS = (0, 5, 7, 10), sized((1, 2, 3), (1, 2))


def main() -> None:
    """Run the experiment and print both tables."""
    corpus = data_file("nsmc_corpus.txt")
    import bertfit
    from bertfit.config.pretraining import PretrainHeads
    from bertfit.model.fresh import fresh_model
    from bertfit.text.vocabulary_training import train_vocabulary

    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        split_movies(corpus, folder)
        start = time.perf_counter()
        vocabulary = train_vocabulary(str(corpus), 8000, "sentencepiece", out=folder / "vocab.model")
        print(f"vocabulary: {len(vocabulary):,} entries in {time.perf_counter() - start:.1f} s")
        fresh = fresh_model("kor-mini", vocabulary, seed=42)
        assert fresh.pretrain_heads == PretrainHeads("tied", "plain"), fresh.pretrain_heads
        model, paths, parts = fresh, [], []
        for stage in STAGES:
            model, history = pretrained(model, vocabulary, stage, folder)
            parts.append(history)
            paths += [folder / f"{stage.max_len}" / f"epoch-{epoch + 1:03d}" for epoch in range(stage.epochs)]
        show_pretraining(parts)
        finetuned(bertfit, {n: bertfit.load(paths[n - 1]) if n else bertfit.Bert(fresh) for n in TUNED})


def split_movies(corpus: Path, folder: Path) -> None:
    """Write "train.txt", the corpus without the last twentieth of its documents, and "held.txt", that twentieth."""
    movies = corpus.read_text("utf-8").split("\n\n")[:sized(None, 200)]
    cut = len(movies) * 19 // 20
    paths = folder / "train.txt", folder / "held.txt"
    for path, part in zip(paths, (movies[:cut], movies[cut:]), strict=True):
        path.write_text("\n\n".join(part), "utf-8")


def pretrained(model, vocabulary, stage: Stage, folder: Path):
    """Run one stage; returns the model and its history."""
    from bertfit.config.pretraining import PretrainConfig
    from bertfit.corpus.data import open_pretraining_data
    from bertfit.corpus.writer import make_pretraining_data
    from bertfit.training.callbacks import Console
    from bertfit.training.pretraining import pretrain

    data = {}
    for name in ("train", "held"):
        out = folder / f"{name}-{stage.max_len}"
        made = make_pretraining_data(folder / f"{name}.txt", vocabulary, out, max_len=stage.max_len, dup_factor=5,
                                     seed=42)
        print(f"{name}, {stage.max_len} tokens: {made['counts']['instances']:,} pairs in {made['seconds']:.1f} s")
        data[name] = open_pretraining_data(out)
    config = PretrainConfig(epochs=stage.epochs, steps_per_epoch=stage.steps, batch_size=stage.batch, seed=42,
                            learning_rate=2e-3, warmup=0.05, validation_steps=50, save_epochs=1)
    done = pretrain(model, data["train"], config=config, validation=data["held"], out_dir=folder / f"{stage.max_len}",
                    callbacks=[Console(1)])
    history = pd.DataFrame(done.record["history"])
    history.insert(0, "max_len", stage.max_len)
    history.insert(1, "batch_size", stage.batch)
    batches = itertools.islice(data["held"].batches(stage.batch, seed=0, epoch=0), 50)
    random_next = float(np.mean([batch.next_labels.mean() for batch in batches]))
    history["val_nsp_chance"] = max(random_next, 1 - random_next)  # accuracy of always giving the more frequent answer
    return done, history


def show_pretraining(parts: list[pd.DataFrame]) -> None:
    """Print the curves of both stages and write them to pretrain-korean.csv."""
    for before, part in itertools.pairwise(parts):
        part[["epoch", "steps"]] += before[["epoch", "steps"]].iloc[-1]
    history = pd.concat(parts)
    OUT.mkdir(parents=True, exist_ok=True)
    history.round(5).to_csv(OUT / "pretrain-korean.csv", index=False)
    shown = ["epoch", "max_len", "steps", "val_nsp_loss", "val_nsp_accuracy", "val_nsp_chance", "val_mlm_loss",
             "val_mlm_accuracy", "seconds"]
    print(history[shown].to_string(index=False, float_format=lambda x: f"{x:.4f}"))
    print(f"pretraining: {history['seconds'].sum() / 60:.1f} minutes")


def finetuned(bertfit, starts: dict) -> None:
    """Mean accuracy on the test reviews by epochs of pretraining: a small version of reference B's table."""
    train, test = (pd.read_csv(data_file(f"nsmc_{name}.tsv"), sep="\t", nrows=sized(None, 100))
                   for name in ("train", "test"))
    rows = []
    for seed in SEEDS:
        for epochs, start in starts.items():
            fitted = bertfit.fit(train, "document", "label", start, epochs=5, batch_size=128, learning_rate=5e-4,
                                 monitor="accuracy", seed=seed, verbose=0)
            report, record = fitted.evaluate(test)["overall"], fitted.model.record
            rows.append({"pretraining_epochs": epochs, "seed": seed, "best_epoch": record["best_epoch"],
                         "test_accuracy": report["accuracy"], "test_auc": report["auc"], "seconds": record["seconds"]})
    every = pd.DataFrame(rows)
    print(every.to_string(index=False, float_format=lambda x: f"{x:.4f}"))
    groups = every.drop(columns="seed").groupby("pretraining_epochs")
    table = groups.mean().assign(test_accuracy_sd=groups["test_accuracy"].std()).reset_index()
    table.round(5).to_csv(OUT / "finetune-korean.csv", index=False)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4f}"))


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
