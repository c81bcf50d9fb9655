"""Made the files of this folder, once, by the code of commit 5f12a21. Not to be run by newer code: see README.md.

    PYTHONPATH=python:tests/python python tests/python/stored/make.py
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import shutil
import tempfile
import zipfile
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import pandas as pd
import pytest
import sentencepiece
from local_server import serve

import bertfit
import test_stored

HERE = Path(__file__).parent
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "plot", "very", "dull", "fun", "not", "a",
         "the", "is", "was", "and", "it", "old", "new", "day", "night", "cafe", "##s", "##ly", "##er", "!", ".", ",",
         "?", "日", "本", "e", "t", "##e", "##t", "##n", "o", "##o"]
SIZES = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
         "max_position_embeddings": 16, "initializer_range": 0.3}
ASKED = {
    "texts": ["The film is good!", "a very dull plot, and not new", "CAFÉ 日本 xyz", "",
              "it was a good day and a bad night and it was a very old film and the plot is not fun"],
    "second": ["it is very new.", "a day", "the film", "not bad!",
               "the plot was dull and the film was old and the end"],
    "masked": ["the [MASK] is good .", "a [MASK] [MASK] !", "[MASK]", "日 [MASK]", "it was not a very [MASK] film"],
}
TRAIN = {"epochs": 3, "batch_size": 4, "learning_rate": 2e-2, "max_len": 12, "validation": 0.25, "seed": 1,
         "precision": "float32", "verbose": 0}
PRETRAIN = {"steps": 12, "steps_per_epoch": 4, "batch_size": 8, "learning_rate": 2e-4, "save_epochs": 1, "seed": 7,
            "precision": "float32"}


class Interrupt(bertfit.Callback):
    """Stops a run after this many steps."""

    def __init__(self, step: int):
        self.left = step

    def on_step(self, info):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def sentence_pieces() -> bytes:
    """A SentencePiece model without its tables of normalization, which alone would take 240 KB."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(ASKED["texts"] * 4 + ASKED["second"] * 4), model_writer=model, vocab_size=48,
        normalization_rule_name="identity", character_coverage=0.99, hard_vocab_limit=False, minloglevel=2,
        pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="[PAD]", unk_piece="[UNK]", bos_piece="[BOS]",
        eos_piece="[EOS]", control_symbols=["[SEP]", "[CLS]", "[MASK]"], num_threads=1)
    return model.getvalue()


def rows(n: int = 144) -> pd.DataFrame:
    """Texts of one word that says everything, twice, and two others."""
    random = np.random.default_rng(5)
    keys = np.array(["good", "bad", "night"])[np.arange(n) % 3]
    texts = [" ".join([key, *random.choice(["a", "the", "film", "is", "plot", "it"], 2), key]) for key in keys]
    good, bad = ((keys == word).astype(float) for word in ("good", "bad"))
    return pd.DataFrame({
        "text": texts, "other": texts[::-1], "share": 0.8 * good + 0.1 * (np.arange(n) % 2),
        "kind": np.where(good > 0, "up", np.where(bad > 0, "down", "even")), "good": good, "bad": bad,
        "score": 100 + 30 * good - 20 * bad + np.arange(n) / n,
        "label": np.array(['it\'s "naïve", no', "日本", "a, b; c\td"], object)[np.arange(n) % 3],
        'te,xt "é"': texts,
    })


def fits(base, pieces):
    """Name and fitted model."""
    data = rows()
    names = {"text": 'te,xt "é"', "target": "label"}
    one_class = data[data["kind"] == "down"].head(6)
    mean = {"pooling": "mean"}
    kept = {**TRAIN, "validation": 0.0}
    yield "binary", bertfit.fit(data, "text", "share", base, **TRAIN)
    yield "multiclass", bertfit.fit(data, "text", "kind", base, **TRAIN)
    yield "multilabel", bertfit.fit(data, "text", ["good", "bad"], base, head=mean, **TRAIN)
    yield "regression", bertfit.fit(data, "text", "score", base, head={"pooling": "cls"}, monitor="rmse", **TRAIN)
    yield "pairs", bertfit.fit(data, "text", "good", base, pair="other", **TRAIN)
    yield "head", bertfit.fit(data, "text", "kind", base, head={
        "hidden": (6, 4), "activation": "tanh", "dropout": 0.2, "pooling": "mean", "layers": (1, -1),
        "initializer": "glorot_uniform"}, **{**TRAIN, "validation": one_class})  # no AUC: NaN in the history
    yield "frozen", bertfit.fit(data, "text", "share", base, head={"pooling": "max"}, freeze=1, **TRAIN)
    yield "names", bertfit.fit(data, **names, model=pieces,
                               class_weights={"日本": 2.0, 'it\'s "naïve", no': 0.5, "a, b; c\td": 1.0}, **TRAIN)
    yield "interrupted", bertfit.fit(data, "text", "kind", base, callbacks=[Interrupt(50)], **kept)
    yield "interrupted-at-once", bertfit.fit(data, "text", "kind", base, callbacks=[Interrupt(1)], **kept)


def archive(folder: Path) -> bytes:
    """The files of a folder as one of Google's zip archives."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.iterdir()):
            opened.writestr(zipfile.ZipInfo(f"uncased_L-2_H-128_A-2/{path.name}"), path.read_bytes(),
                            zipfile.ZIP_DEFLATED)
    return made.getvalue()


def downloads(body: bytes) -> None:
    """A whole download and half of one, from a server on this machine under a name of its own."""
    with pytest.MonkeyPatch.context() as patch:
        server = serve(patch)
        site = next(server)
        patch.setenv("http_proxy", os.environ["BERTFIT_MIRROR"])
        patch.setenv("BERTFIT_MIRROR", "http://models.example")
        site.body = body
        bertfit.download_model(test_stored.CACHED, HERE / "cache")
        half = len(body) // 2
        site.cuts, site.status = [half], [0, 503, 503, 503]
        try:
            bertfit.download_model(test_stored.CACHED, HERE / "half")
        except bertfit.BertfitError as error:
            print(error)
        assert (HERE / "half" / "partial" / f"{test_stored.CACHED}.zip").stat().st_size == half
        (HERE / "half" / "rest.bin").write_bytes(body[half:])
        next(server, None)
    for leftover in (HERE / "cache" / "locks", HERE / "cache" / "partial", HERE / "half" / "locks",
                     HERE / "half" / "models"):
        shutil.rmtree(leftover)


def tales() -> str:
    return "\n\n".join(f"the {a} film is {b} .\na very {b} plot .\nit was a {a} day and not {b} !"
                       for a in ("old", "new") for b in ("good", "bad", "fun", "dull")) + "\n"


def main(work: Path) -> None:
    for name in ("bundles", "memory", "pretraining", "cache", "half"):
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
    words = bertfit.Vocabulary.from_bytes(("\n".join(WORDS) + "\n").encode(), True)
    config = bertfit.BertConfig(vocab_size=len(words), **SIZES)
    start = bertfit.init(config, words, seed=1, name="toy")
    calm = {**SIZES, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    plain = bertfit.init(bertfit.BertConfig(vocab_size=len(words), **calm), words, seed=3)
    plain.export(work / "toy-uncased", "huggingface")
    base = bertfit.load(work / "toy-uncased", name="toy")
    piece_words = bertfit.Vocabulary.from_bytes(sentence_pieces())
    pieces = bertfit.init(bertfit.BertConfig(vocab_size=len(piece_words), **calm), piece_words, seed=2, name="pieces")

    place = HERE / "pretraining"
    (place / "vocab.txt").write_bytes(words.to_bytes())
    (work / "corpus.txt").write_text(tales(), "utf-8")
    bertfit.make_pretraining_data(work / "corpus.txt", bertfit.Vocabulary.from_file(place / "vocab.txt"),
                                  place / "data", max_len=16, dup_factor=6, seed=1, shards=2)
    part = bertfit.pretrain_model(start, place / "data", out_dir=place / "run", callbacks=[Interrupt(6)], verbose=0,
                                  **PRETRAIN)
    assert part.interrupted
    shutil.copytree(place / "run", work / "run")
    resumed = bertfit.pretrain_model(start, place / "data", out_dir=work / "run", resume=True, verbose=0, **PRETRAIN)
    whole = bertfit.pretrain_model(start, place / "data", verbose=0, **PRETRAIN)
    resumed.save(work / "resumed")
    whole.save(work / "whole")
    weights = (work / "resumed" / "model.safetensors").read_bytes()
    assert weights == (work / "whole" / "model.safetensors").read_bytes()
    (place / "resumed.safetensors").write_bytes(weights)

    models = {
        "loaded": bertfit.load(work / "toy-uncased", name="toy", max_len=12),
        "fresh": pieces,
        **dict(fits(base, pieces)),
        "google-heads": resumed,
        "plain-heads": bertfit.pretrain_model(start, place / "data", heads={"mlm": "tied", "nsp": "plain"},
                                              validation=place / "data", **{**PRETRAIN, "steps": 4}, verbose=0),
    }
    for name, model in models.items():
        model.save(HERE / "bundles" / name)
    for name, data in {
        "multiclass.bytes": test_stored.to_bytes(models["multiclass"]),
        "google-heads.bytes": test_stored.to_bytes(models["google-heads"]),
        "multiclass.pickle": pickle.dumps(models["multiclass"], protocol=4),
    }.items():
        (HERE / "memory" / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))

    resumed.export(work / "google", "google")
    downloads(archive(work / "google"))
    # Answers are those of the models as they are read back.
    models = {name: bertfit.load(HERE / "bundles" / name) for name in models}
    models["run"] = bertfit.load(place / "run" / "last")  # one epoch is done: "best" and "epoch-001" are the same
    models["cached"] = bertfit.load(test_stored.CACHED, cache_dir=shutil.copytree(HERE / "cache", work / "cache"),
                                    download=False)
    static = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-6, "masking": "static", "seed": 3,
              "precision": "float32"}
    read = bertfit.pretrain_model(HERE / "bundles" / "google-heads", place / "data", verbose=0, **static)
    said = {
        "asked": ASKED,
        "models": {name: test_stored.facts(model, ASKED) for name, model in models.items()},
        "pretraining": {
            "config": config.to_dict(), "control": PRETRAIN,
            "history": resumed.history.drop(columns="seconds").to_dict("list"),
            "static": {"control": static, "history": read.history.drop(columns="seconds").to_dict("list")},
        },
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in said["models"].items()]
    rest = [f"{json.dumps(key)}: {json.dumps(said[key], ensure_ascii=False)}" for key in ("asked", "pretraining")]
    joined = ",\n".join([*rest, '"models": {\n' + ",\n".join(lines) + "}"])
    (HERE / "expected.json").write_text(f"{{{joined}}}\n", "utf-8")
    np.savez_compressed(HERE / "expected.npz", **{
        f"{name}/{key}": value for name, model in models.items()
        for key, value in test_stored.arrays(model, ASKED).items()})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
