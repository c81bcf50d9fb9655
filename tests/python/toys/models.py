"""Small models with fresh weights for tests, made once per size: two layers, width 8."""

from __future__ import annotations

import numpy as np

from bertfit.config.encoder import BertConfig
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "very", "dull", "fun", "a", "the", "plot",
         "##s", "##ly", "!", ".", "é", "日")

TEXTS = ["a good film", "a very bad film!", "the plot", "fun", "dull", "the film. a fun plot. very very good plots"]


def toy_model(seed: int = 0, **sizes):
    """An unfitted model with random weights."""
    from bertfit.model.model import Model
    from bertfit.network.encoder import Encoder
    from bertfit.text.vocabulary import Vocabulary

    config = BertConfig(**{"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
                           "intermediate_size": 16, "max_position_embeddings": 32, "initializer_range": 0.3, **sizes})
    vocabulary = Vocabulary.from_bytes(("\n".join(WORDS) + "\n").encode(), True)
    encoder = Encoder(config, seed=seed)
    return Model("toy", config, vocabulary, encoder, {"kind": "huggingface", "path": "/nowhere", "sha256": "ab" * 32})


def toy_head(kind: str = "binary", seed: int = 1, **head):
    """A model with a random head and a record as if it had been fitted; no training."""
    model = toy_model()
    labels = {"binary": ("ham", "spam"), "multiclass": ("a", "b", "c"), "multilabel": ("x", "y"),
              "regression": ("score",)}
    task = Task(kind, labels[kind], *((5.0, 2.0) if kind == "regression" else ()))
    model.add_head(task, HeadConfig(**head), seed)
    model.record = {
        "settings": TrainConfig().to_dict(), "max_len": 16, "precision": "float32", "seed": 7, "pairs": False,
        "columns": {"text": ["text"], "target": ["y"]}, "best_epoch": 2, "restored_best": True, "interrupted": False,
        "metrics": {"loss": 0.1 + 0.2, "val_auc": float("nan")},
        "history": {"epoch": [1, 2], "loss": [0.5, 0.1 + 0.2], "val_auc": [float("nan"), 1 / 3]},
    }
    return model


def toy_rows(n: int = 40, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of three words and whether "good" is among them."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(["good", "bad", "film", "plot", "very"], 3)) for _ in range(n)]
    return texts, np.array(["good" in text for text in texts], float)
