"""One toy BERT for tests, two layers of width 16 on 27 tokens, and texts that it can learn from."""

from __future__ import annotations

import numpy as np

from bertfit.config.encoder import BertConfig
from bertfit.config.head import HeadConfig
from bertfit.config.task import Task
from bertfit.config.training import TrainConfig
from bertfit.model.model import Model
from bertfit.network.encoder import Encoder
from bertfit.text.vocabulary import Vocabulary

#: Ids are places in this list: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, good 5, bad 6, film 7, ...
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "very", "dull", "fun", "a", "the",
          "plot", "##s", "##ly", "!", ".", "é", "日", "fine", "awful", "nice", "poor", "movie", "was", "is"]
VOCABULARY = Vocabulary.from_bytes(("\n".join(TOKENS) + "\n").encode(), lower_case=True)
TEXTS = ["a good film", "a very bad film!", "the plot", "fun", "dull", "the film. a fun plot. very very good plots"]
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}

#: Fields by which families of encoders differ, in four combinations that have them all.
OTHER_ENCODERS = {
    "albert": {"embedding_size": 6, "share_layers": True},
    "roberta": {"type_vocab_size": 1, "position_offset": 2},
    "mpnet": {"type_vocab_size": 0, "relative_attention_num_buckets": 8},
    "talking": {"talking_heads": True, "gated_feed_forward": True, "hidden_act": "gelu"},
}


def toy_config(**changes) -> BertConfig:
    """Sizes of the toy, or others. Fresh weights are wider than BERT's, so that they do something."""
    sizes = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 32, "initializer_range": 0.2,
    }
    return BertConfig(len(TOKENS), **{**sizes, **changes})


def toy_model(seed: int = 1, **changes) -> Model:
    """An unfitted toy with fresh weights; the same seed gives the same weights."""
    config = toy_config(**changes)
    source = {"kind": "huggingface", "path": "/nowhere", "sha256": "ab" * 32}
    return Model("toy", config, VOCABULARY, Encoder(config, seed=seed), source)


def toy_head(kind: str = "binary", seed: int = 1, **head) -> Model:
    """A toy with a random head and a record as if it had been fitted; no training."""
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


def encoder_layer_names(config) -> list[str]:
    """The names of the layers that carry weights, as keras-bert calls them, in the order of the graph."""
    names = ["Embedding-Token", "Embedding-Segment", "Embedding-Position", "Embedding-Norm"]
    for number in range(1, config.num_hidden_layers + 1):
        for part in ("MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm"):
            names.append(f"Encoder-{number}-{part}")
    return [*names, "NSP-Dense"]


def fill_at_random(layers, seed=0, scale=0.3) -> None:
    """Put new random numbers into every weight of the layers, those included that start as zeros or ones."""
    rng = np.random.default_rng(seed)
    for layer in layers:
        layer.set_weights([rng.normal(0, scale, w.shape).astype("float32") for w in layer.get_weights()])


def toy_texts(n=200, seed=0, longest=20) -> list[str]:
    """n texts of 3 to `longest` - 1 words, each word one token of the vocabulary."""
    rng = np.random.default_rng(seed)
    words = ["good", "bad", "fine", "awful", "nice", "poor", "movie", "film", "the", "a", "was", "is"]
    return [" ".join(rng.choice(words, rng.integers(3, longest))) for _ in range(n)]


def has_word(texts, word) -> np.ndarray:
    """1.0 for each text with the word, else 0.0."""
    return np.array([float(word in text.split()) for text in texts])


def toy_rows(n: int = 40, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """n texts of three words and whether "good" is among them."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(["good", "bad", "film", "plot", "very"], 3)) for _ in range(n)]
    return texts, has_word(texts, "good")


def windows_of(text: str, size: int, overlap: int) -> list[str]:
    """A text's windows of `size` words, of which neighbours share `overlap`; the last ends with the text."""
    words, begin, windows = text.split(), 0, []
    while True:
        windows.append(" ".join(words[begin : begin + size]))
        if begin + size >= len(words):
            return windows
        begin += size - overlap
