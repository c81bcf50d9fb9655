"""A toy BERT for tests: seventeen tokens, two layers of width 16, and texts that a toy can learn from."""

import numpy as np

from bertfit.config.encoder import BertConfig
from bertfit.model.model import Model
from bertfit.network.encoder import Encoder
from bertfit.text.vocabulary import Vocabulary

WORDS = ["good", "bad", "fine", "awful", "nice", "poor", "movie", "film", "the", "a", "was", "is"]
VOCABULARY = Vocabulary.from_bytes(
    ("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]) + "\n").encode(), lower_case=True
)
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def toy_config(**changes) -> BertConfig:
    """Sizes of the toy, or others. Fresh weights are wider than BERT's, so that they do something."""
    sizes = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 32, "initializer_range": 0.2,
    }
    return BertConfig(len(VOCABULARY), **{**sizes, **changes})


def toy_model(seed=1, **changes) -> Model:
    """A fresh toy encoder; the same seed gives the same weights."""
    config = toy_config(**changes)
    source = {"kind": "fresh", "path": "", "sha256": ""}
    return Model("toy", config, VOCABULARY, Encoder(config, seed=seed), source)


def encoder_layer_names(config) -> list[str]:
    """The names of the layers that carry weights, as keras-bert calls them, in the order of the graph."""
    names = ["Embedding-Token", "Embedding-Segment", "Embedding-Position", "Embedding-Norm"]
    for number in range(1, config.num_hidden_layers + 1):
        for part in ("MultiHeadSelfAttention", "MultiHeadSelfAttention-Norm", "FeedForward", "FeedForward-Norm"):
            names.append(f"Encoder-{number}-{part}")
    return [*names, "NSP-Dense"]


def toy_texts(n=200, seed=0, longest=20) -> list[str]:
    """n texts of 3 to `longest` - 1 known words: as many tokens, and two."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(3, longest))) for _ in range(n)]


def has_word(texts, word) -> np.ndarray:
    """1.0 for each text with the word, else 0.0."""
    return np.array([float(word in text.split()) for text in texts])


def fill_at_random(layers, seed=0, scale=0.3) -> None:
    """Put new random numbers into every weight of the layers, those included that start as zeros or ones."""
    rng = np.random.default_rng(seed)
    for layer in layers:
        layer.set_weights([rng.normal(0, scale, w.shape).astype("float32") for w in layer.get_weights()])
