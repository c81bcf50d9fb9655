"""Models of the Hugging Face hub that are worth knowing, as data: encoders of every family, and finished classifiers.

What is None was not certain when this was written; the model's card tells. Opens no connection.

>>> find("unitary/toxic-bert").labels[:3]
('toxic', 'severe_toxic', 'obscene')
"""

from __future__ import annotations

import dataclasses
import difflib

from bertfit.config import BertConfig


@dataclasses.dataclass(frozen=True)
class Recommended:
    """A model of the hub.

    Args:
        name: Its id.
        layers, hidden, heads: Sizes of the encoder.
        config: The whole configuration, from which its parameters are counted.
        cased: Whether upper and lower case differ.
        language: "English", "French", "100 languages", ...
        task: What it predicts: "toxicity" or "sentiment"; None for an encoder.
        labels: Names of its classes or labels.
        licence: As its card names it.
    """

    name: str
    layers: int
    hidden: int
    heads: int
    config: BertConfig | None = None
    cased: bool | None = None
    language: str | None = "English"
    task: str | None = None
    labels: tuple[str, ...] = ()
    licence: str | None = None


def _base(vocab_size: int, layers: int = 12, hidden: int = 768, heads: int = 12, **others) -> BertConfig:
    return BertConfig(vocab_size, hidden, layers, heads, 4 * hidden, **others)


_ROBERTA = {"type_vocab_size": 1, "position_offset": 2, "pad_token_id": 1, "layer_norm_eps": 1e-5}
_DISTILBERT = _base(30522, 6, type_vocab_size=0, model_type="distilbert")
_ROBERTA_BASE = _base(50265, model_type="roberta", **_ROBERTA)
_XLM_ROBERTA_BASE = _base(250002, model_type="xlm-roberta", **_ROBERTA)


def _model(name: str, config: BertConfig, cased: bool, language: str, licence: str | None, task: str | None = None,
           labels: tuple[str, ...] = ()) -> Recommended:
    return Recommended(name, config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config, cased,
                       language, task, labels, licence)


ENCODERS = (
    _model("distilbert/distilbert-base-uncased", _DISTILBERT, False, "English", "apache-2.0"),
    _model("google/electra-small-discriminator", _base(30522, 12, 256, 4, embedding_size=128, model_type="electra"),
           False, "English", "apache-2.0"),
    _model("google/electra-base-discriminator", _base(30522, model_type="electra"), False, "English", "apache-2.0"),
    _model("albert/albert-base-v2", _base(30000, embedding_size=128, share_layers=True, model_type="albert"), False,
           "English", "apache-2.0"),
    _model("FacebookAI/roberta-base", _ROBERTA_BASE, True, "English", "mit"),
    _model("FacebookAI/xlm-roberta-base", _XLM_ROBERTA_BASE, True, "100 languages", "mit"),
    _model("almanach/camembert-base", _base(32005, model_type="camembert", **_ROBERTA), True, "French", "mit"),
    _model("microsoft/mpnet-base", _base(30527, model_type="mpnet", relative_attention_num_buckets=32,
                                         **{**_ROBERTA, "type_vocab_size": 0}), False, "English", None),
)

_JIGSAW = ("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit")
_IDENTITIES = ("male", "female", "homosexual_gay_or_lesbian", "christian", "jewish", "muslim", "black", "white",
               "psychiatric_or_mental_illness")
CLASSIFIERS = (
    _model("unitary/toxic-bert", _base(30522), False, "English", "apache-2.0", "toxicity",
           ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")),
    _model("unitary/unbiased-toxic-roberta", _ROBERTA_BASE, True, "English", "apache-2.0", "toxicity",
           (*_JIGSAW, *_IDENTITIES)),
    _model("unitary/multilingual-toxic-xlm-roberta", _XLM_ROBERTA_BASE, True, "7 languages", "apache-2.0", "toxicity"),
    Recommended("martin-ha/toxic-comment-model", 6, 768, 12, task="toxicity", labels=("non-toxic", "toxic")),
    _model("distilbert/distilbert-base-uncased-finetuned-sst-2-english", _DISTILBERT, False, "English", "apache-2.0",
           "sentiment", ("NEGATIVE", "POSITIVE")),
    _model("nlptown/bert-base-multilingual-uncased-sentiment", _base(105879), False, "6 languages", "mit",
           "sentiment", ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")),
    _model("cardiffnlp/twitter-roberta-base-sentiment-latest", _ROBERTA_BASE, True, "English", None, "sentiment",
           ("negative", "neutral", "positive")),
)
MODELS = {model.name: model for model in (*ENCODERS, *CLASSIFIERS)}


def find(name: str) -> Recommended:
    """The model of that id, KeyError if it is none of these."""
    return MODELS[name]


def near(name: str) -> list[str]:
    """Ids that are similar to a name, with or without their owners; the most similar first.

    >>> near("roberta-base"), near("unitary/toxicbert")[0]
    (['FacebookAI/roberta-base'], 'unitary/toxic-bert')
    """
    key = name.lower()
    short = {model.lower().split("/")[1]: model for model in MODELS}
    if key in short:
        return [short[key]]
    whole = {model.lower(): model for model in MODELS}
    return [whole[found] for found in difflib.get_close_matches(key, whole, n=3, cutoff=0.75)]
