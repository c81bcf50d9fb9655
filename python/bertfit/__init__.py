"""bertfit: fine-tune, evaluate and use BERT models, from Python and from R.

>>> import bertfit
>>> bertfit.models()["name"][:2]                                            # doctest: +SKIP
>>> model = bertfit.load("minilm-l6-uncased")                               # doctest: +SKIP
>>> spam = bertfit.fit(frame, "text", "type", model, epochs=2)              # doctest: +SKIP
>>> spam.predict(["call now to claim your prize"], type="class")            # doctest: +SKIP
>>> spam.evaluate(test_frame)["overall"]                                    # doctest: +SKIP
>>> spam.save("spam-model"); bertfit.load("spam-model")                     # doctest: +SKIP

| name | what it does |
| --- | --- |
| `load(x)` | opens a model by name or folder; a `Bert` |
| `fit(data, text, target, model, ...)` | fine-tunes it; a new `Bert` |
| `Bert` | `.predict`, `.evaluate`, `.embed`, `.tokenize`, `.fill_mask`, `.next_sentence`, `.save`, `.export` |
| `train_vocabulary(source, size, type)` | makes a WordPiece or SentencePiece vocabulary from texts; a `Vocabulary` |
| `init(config, vocabulary)` | a model with fresh weights, to pretrain; a `Bert` |
| `make_pretraining_data(corpus, vocabulary, out_dir)` | masked pairs of sentences, in Google's files |
| `pretrain_model(model, data, ...)` | pretrains it; a new `Bert` |
| `models()`, `download_model(name)` | the models known by name, and how to have one in the cache |
| `train_steps(...)` | optimizer steps of a training run |
| `BertConfig` | sizes of an encoder; `BertConfig.from_preset(name)` has those of published ones |
| `HeadConfig`, `TrainConfig` | settings of the head and of training |
| `PretrainHeads`, `PretrainConfig` | the same for pretraining |
| `Callback` | base of what `fit` tells about its steps and epochs |
| `BertfitError` | base of every error raised on purpose |

Importing bertfit starts nothing: TensorFlow comes with the first call that needs it. R's functions and these
share one core; the R package calls `bertfit.api`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

#: Public name -> the module that has it, and its name there. None of these may be a module's name: importing
#: that module would put it in the name's place.
_PUBLIC = {
    "load": ("frames", "load"),
    "fit": ("frames", "fit"),
    "init": ("frames", "init"),
    "Bert": ("bert", "Bert"),
    "pretrain_model": ("frames_pretrain", "pretrain_model"),
    "models": ("registry", "table"),
    "download_model": ("download", "download"),
    "train_steps": ("schedule", "train_steps"),
    "train_vocabulary": ("vocab_train", "train_vocabulary"),
    "make_pretraining_data": ("pretrain_data", "make_pretraining_data"),
    "Vocabulary": ("vocab", "Vocabulary"),
    "BertConfig": ("config", "BertConfig"),
    "Callback": ("callbacks", "Callback"),
    "HeadConfig": ("config", "HeadConfig"),
    "TrainConfig": ("config", "TrainConfig"),
    "PretrainConfig": ("pretrain_config", "PretrainConfig"),
    "PretrainHeads": ("pretrain_config", "PretrainHeads"),
    "BertfitError": ("errors", "BertfitError"),
}

__all__ = ["__version__", *_PUBLIC]

def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'bertfit' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(f"bertfit.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
