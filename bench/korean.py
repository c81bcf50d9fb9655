"""Pretraining from scratch on Korean reviews, and what it brings to fine-tuning.

A vocabulary of 8,000 SentencePiece pieces, reference sizes "kor-mini" (width 128, 2 layers, 4 heads of 32, 128
tokens), pretrained on nsmc_corpus.txt for the minutes given; then a classifier of nsmc_train.tsv from fresh weights,
from half-way and from the end of pretraining, each scored on nsmc_test.tsv. The last twentieth of the movies is
held out from pretraining.

Writes the tables that the vignette shows: inst/extdata/pretrain-korean.csv and finetune-korean.csv.

Run: bench/pretrain [minutes]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from harness import ROOT, data_file, machine

EPOCHS, BATCH = 10, 32
OUT = ROOT / "inst" / "extdata"


def main() -> None:
    """Run the experiment and print both tables."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    corpus = data_file("nsmc_corpus.txt")
    import bertfit
    from bertfit.initial import fresh_model
    from bertfit.pretrain_data import make_pretraining_data
    from bertfit.pretrain_read import open_pretraining_data
    from bertfit.vocab_train import train_vocabulary

    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        training, held = split_movies(corpus, folder)
        start = time.perf_counter()
        vocabulary = train_vocabulary(str(corpus), 8000, "sentencepiece", out=folder / "vocab.model")
        print(f"vocabulary: {len(vocabulary):,} entries in {time.perf_counter() - start:.1f} s")
        for name, text in (("train", training), ("held", held)):
            made = make_pretraining_data(text, vocabulary, folder / name, max_len=128, dup_factor=5, seed=42)
            print(f"{name}: {made['counts']['instances']:,} pairs in {made['seconds']:.1f} s")
        data, validation = (open_pretraining_data(folder / name) for name in ("train", "held"))
        model = fresh_model("kor-mini", vocabulary, seed=42)
        steps = int(minutes * 60 / EPOCHS / seconds_per_step(model, data)) or 1
        pretrained(model, data, validation, steps, folder / "model")
        finetuned(bertfit, fresh_model("kor-mini", vocabulary, seed=42), folder / "model")


def split_movies(corpus: Path, folder: Path) -> tuple[Path, Path]:
    """The corpus without its last twentieth of documents, and that."""
    movies = corpus.read_text("utf-8").split("\n\n")
    cut = len(movies) * 19 // 20
    paths = folder / "train.txt", folder / "held.txt"
    for path, part in zip(paths, (movies[:cut], movies[cut:]), strict=True):
        path.write_text("\n\n".join(part), "utf-8")
    return paths


def seconds_per_step(model, data) -> float:
    """Measured on 60 steps, of which the first epoch of 20 (tracing) does not count."""
    from bertfit.pretrain import pretrain
    from bertfit.pretrain_config import PretrainConfig

    probe = pretrain(model, data, config=PretrainConfig(steps=60, steps_per_epoch=20, batch_size=BATCH, seed=1))
    return sum(probe.record["history"]["seconds"][1:]) / 40


def pretrained(model, data, validation, steps: int, folder: Path) -> None:
    """Pretrain, print the four curves and keep them."""
    from bertfit.callbacks import Console
    from bertfit.pretrain import pretrain
    from bertfit.pretrain_config import PretrainConfig

    config = PretrainConfig(epochs=EPOCHS, steps_per_epoch=steps, batch_size=BATCH, learning_rate=3e-3, seed=42,
                            validation_steps=50, save_epochs=EPOCHS // 2)
    done = pretrain(model, data, config=config, validation=validation, out_dir=folder, callbacks=[Console(1)])
    history = pd.DataFrame(done.record["history"])
    OUT.mkdir(parents=True, exist_ok=True)
    history.round(5).to_csv(OUT / "pretrain-korean.csv", index=False)
    shown = ["epoch", "steps", "val_nsp_loss", "val_nsp_accuracy", "val_mlm_loss", "val_mlm_accuracy", "seconds"]
    print(history[shown].to_string(index=False, float_format=lambda x: f"{x:.4f}"))
    print(f"pretraining: {done.record['seconds'] / 60:.1f} minutes, {done.record['steps']:,} steps of {BATCH}")


def finetuned(bertfit, fresh, folder: Path) -> None:
    """Accuracy on the test reviews from three starting points, reference B's table in small."""
    train, test = (pd.read_csv(data_file(f"nsmc_{name}.tsv"), sep="\t") for name in ("train", "test"))
    rows = []
    starts = {0: bertfit.Bert(fresh), EPOCHS // 2: bertfit.load(folder / f"epoch-{EPOCHS // 2:03d}"),
              EPOCHS: bertfit.load(folder / "last")}
    for epochs, start in starts.items():
        fitted = bertfit.fit(train, "document", "label", start, epochs=8, batch_size=128, learning_rate=5e-4,
                             monitor="accuracy", seed=42, verbose=0)
        report = fitted.evaluate(test)["overall"]
        rows.append({"pretraining_epochs": epochs, "best_epoch": fitted.model.record["best_epoch"],
                     "test_accuracy": report["accuracy"], "test_auc": report["auc"],
                     "seconds": fitted.model.record["seconds"]})
    table = pd.DataFrame(rows)
    table.round(5).to_csv(OUT / "finetune-korean.csv", index=False)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4f}"))


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
