"""The families of encoders that Hugging Face folders hold, as data: settings and names in which they differ from BERT.

Every family is the same encoder (`network.Encoder`) with other fields of `BertConfig`; its files name the same
tensors otherwise. A new family is one entry of `FAMILIES` and a line in toys/families.py of the tests.

>>> FAMILIES["roberta"].name("cls.predictions.transform.LayerNorm.weight")
'lm_head.layer_norm.weight'
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertfit.checkpoints.tensors import SIZES, Tensor, bert_config
from bertfit.config import BertConfig, HeadConfig
from bertfit.errors import CheckpointError

ACTIVATIONS = {
    "gelu": "gelu", "gelu_python": "gelu", "gelu_new": "gelu_new", "gelu_pytorch_tanh": "gelu_new",
    "relu": "relu", "tanh": "tanh", "linear": "linear",
}
_ALWAYS = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}


@dataclasses.dataclass(frozen=True)
class ClassifierForm:
    """The form of a family's classification head.

    Args:
        output: Name of its last dense layer.
        dense: Name of the dense layer before it; None if there is none.
        activation: That layer's activation.
        pooling: What the head reads, as in `HeadConfig`.
        dropout: Keys of config.json for its dropout rate; the first that has a value counts.
        rate: The rate where none has one.
    """

    output: str = "classifier"
    dense: str | None = None
    activation: str = "relu"
    pooling: str = "nsp"
    dropout: tuple[str, ...] = ("classifier_dropout", "hidden_dropout_prob")
    rate: float = 0.1

    def head(self, config: BertConfig, settings: Mapping[str, Any]) -> HeadConfig:
        """The head's settings, for an encoder; `settings` are config.json's, for the dropout rate."""
        rate = next((settings[key] for key in self.dropout if settings.get(key) is not None), self.rate)
        if self.dense is None:
            return HeadConfig(pooling=self.pooling, dropout=rate)
        return HeadConfig((config.hidden_size,), self.activation, rate, self.pooling)

    def tensors(self, config: BertConfig, outputs: int) -> list[Tensor]:
        """The head's tensors by our layer names, the output layer with as many columns as the file has labels."""
        width = config.hidden_size
        rows = [] if self.dense is None else _dense("Head-Dense-1", self.dense, width, width)
        return [*rows, *_dense("output", self.output, width, outputs)]


def _dense(layer: str, module: str, rows: int, columns: int) -> list[Tensor]:
    return [Tensor(layer, "", f"{module}.weight", (rows, columns), transposed=True),
            Tensor(layer, "", f"{module}.bias", (columns,))]


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of encoders in Hugging Face's files.

    Args:
        model_type: Its name in config.json.
        model: Its name in transformers' class names.
        prefix: Before the encoder's tensors, in files of models with a head.
        renamed: Parts of BERT's tensor names -> this family's, replaced one after the other.
        keys: Fields of `BertConfig` -> keys of config.json, where another.
        sizes: Fields that config.json must give.
        fixed: Fields that config.json does not give -> their values.
        defaults: Fields -> the values where config.json does not give them, if they are not `BertConfig`'s.
        only: Keys of config.json -> the only value that is supported, and the one where the key is absent.
        offset: Whether the position of the first token is the one after the padding token's id (RoBERTa).
        pooler: Whether its encoders may have a pooler.
        nsp: Whether there is a head for the next sentence.
        mlm_activation: Activation of the MLM head; None for the encoder's.
        classifier: The form of its classification head.
        tokenizer: The class of its tokenizer in transformers.
    """

    model_type: str
    model: str
    prefix: str
    renamed: tuple[tuple[str, str], ...] = ()
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sizes: tuple[str, ...] = (*SIZES, "type_vocab_size")
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    only: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    offset: bool = False
    pooler: bool = True
    nsp: bool = False
    mlm_activation: str | None = None
    classifier: ClassifierForm = ClassifierForm()
    tokenizer: str = "BertTokenizer"

    def name(self, bert: str) -> str:
        """This family's name of a tensor, without its prefix, given BERT's."""
        for old, new in self.renamed:
            bert = bert.replace(old, new)
        return bert

    def read(self, settings: Mapping[str, Any], path: Path) -> BertConfig:
        """The configuration of the encoder that a config.json describes.

        Args:
            settings: The file's content.
            path: The file, for error messages.

        Raises:
            CheckpointError: A size is missing, or a value is not valid or not supported.
        """
        for key, value in {**_ALWAYS, **self.only}.items():
            if settings.get(key, value) != value:
                raise CheckpointError(
                    f"The field `{key}` in {path.name} must be {json.dumps(value)}.",
                    [f"{path} says {json.dumps(settings.get(key))}.",
                     f"bertfit opens no other encoders of type {self.model_type}."],
                )
        others = {**self.defaults, **self.fixed, "model_type": self.model_type}
        if self.offset:
            settings, others["position_offset"] = self._without_offset(settings)
        return bert_config(settings, path, ACTIVATIONS, self.sizes, self.keys, others)

    def _without_offset(self, settings: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """`settings` with the longest input in tokens in place of the rows of the table, and the rows in between."""
        padding, rows = settings.get("pad_token_id"), settings.get("max_position_embeddings")
        padding = self.defaults["pad_token_id"] if padding is None else padding
        if type(padding) is not int or type(rows) is not int:  # `bert_config` says what is wrong
            return settings, 0
        return {**settings, "max_position_embeddings": rows - padding - 1}, padding + 1

    def write(self, config: BertConfig) -> dict[str, Any]:
        """The settings of config.json for an encoder: the inverse of `read`.

        >>> config = BertConfig(30, type_vocab_size=0, model_type="distilbert", hidden_size=96)
        >>> FAMILIES["distilbert"].write(config)["dim"]
        96
        """
        names = (*self.sizes, "hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps",
                 "initializer_range", "pad_token_id")
        settings = {self.keys.get(name, name): getattr(config, name) for name in names if name not in self.fixed}
        if self.offset:
            settings["max_position_embeddings"] += config.position_offset
        return {"model_type": self.model_type, **settings, **self.only}


def _lm_head(name: str) -> tuple[tuple[str, str], ...]:
    return (("cls.predictions.transform.dense", f"{name}.dense"),
            ("cls.predictions.transform.LayerNorm", f"{name}.layer_norm"), ("cls.predictions", name))


def _roberta(model_type: str, model: str, tokenizer: str) -> Family:
    return Family(
        model_type, model, "roberta", _lm_head("lm_head"), defaults={"pad_token_id": 1}, offset=True,
        mlm_activation="gelu", tokenizer=tokenizer,
        classifier=ClassifierForm("classifier.out_proj", "classifier.dense", "tanh", "cls"),
    )


_ALL = (
    Family("bert", "Bert", "bert", nsp=True),
    Family(
        "distilbert", "DistilBert", "distilbert",
        (("encoder.layer.", "transformer.layer."), (".attention.self.query", ".attention.q_lin"),
         (".attention.self.key", ".attention.k_lin"), (".attention.self.value", ".attention.v_lin"),
         (".attention.output.dense", ".attention.out_lin"), (".attention.output.LayerNorm", ".sa_layer_norm"),
         (".intermediate.dense", ".ffn.lin1"), (".output.dense", ".ffn.lin2"),
         (".output.LayerNorm", ".output_layer_norm"), ("cls.predictions.transform.dense", "vocab_transform"),
         ("cls.predictions.transform.LayerNorm", "vocab_layer_norm"), ("cls.predictions.decoder", "vocab_projector"),
         ("cls.predictions", "vocab_projector")),
        keys={"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
              "intermediate_size": "hidden_dim", "hidden_act": "activation", "hidden_dropout_prob": "dropout",
              "attention_probs_dropout_prob": "attention_dropout"},
        sizes=SIZES, fixed={"type_vocab_size": 0, "layer_norm_eps": 1e-12}, pooler=False,
        classifier=ClassifierForm("classifier", "pre_classifier", "relu", "cls", ("seq_classif_dropout",), 0.2),
        tokenizer="DistilBertTokenizer",
    ),
    Family(
        "electra", "Electra", "electra",
        (("cls.predictions.transform", "generator_predictions"), ("cls.predictions.decoder", "generator_lm_head"),
         ("cls.predictions", "generator_lm_head")),
        sizes=(*SIZES, "type_vocab_size", "embedding_size"), pooler=False, mlm_activation="gelu",
        classifier=ClassifierForm("classifier.out_proj", "classifier.dense", "gelu", "cls"),
        tokenizer="ElectraTokenizer",
    ),
    Family(
        "albert", "Albert", "albert",
        (("encoder.layer.0", "encoder.albert_layer_groups.0.albert_layers.0"), (".attention.self.", ".attention."),
         (".attention.output.", ".attention."), (".intermediate.dense", ".ffn"), (".output.dense", ".ffn_output"),
         (".output.LayerNorm", ".full_layer_layer_norm"),
         ("embeddings_project", "encoder.embedding_hidden_mapping_in"), ("pooler.dense", "pooler"),
         ("cls.predictions.transform", "predictions"), ("cls.predictions", "predictions")),
        sizes=(*SIZES, "type_vocab_size", "embedding_size"), fixed={"share_layers": True},
        defaults={"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
        only={"num_hidden_groups": 1, "inner_group_num": 1},
        classifier=ClassifierForm(dropout=("classifier_dropout_prob",)), tokenizer="AlbertTokenizer",
    ),
    _roberta("roberta", "Roberta", "RobertaTokenizer"),
    _roberta("camembert", "Camembert", "CamembertTokenizer"),
    _roberta("xlm-roberta", "XLMRoberta", "XLMRobertaTokenizer"),
    Family(
        "mpnet", "MPNet", "mpnet",
        ((".attention.self.query", ".attention.attn.q"), (".attention.self.key", ".attention.attn.k"),
         (".attention.self.value", ".attention.attn.v"), (".attention.output.dense", ".attention.attn.o"),
         (".attention.output.LayerNorm", ".attention.LayerNorm"), *_lm_head("lm_head")),
        sizes=SIZES, fixed={"type_vocab_size": 0, "relative_attention_num_buckets": 32},
        # transformers computes with these two numbers, whatever config.json says.
        only={"relative_attention_num_buckets": 32, "pad_token_id": 1}, defaults={"pad_token_id": 1}, offset=True,
        mlm_activation="gelu", tokenizer="MPNetTokenizer",
        classifier=ClassifierForm("classifier.out_proj", "classifier.dense", "tanh", "cls", ("hidden_dropout_prob",)),
    ),
)
#: Families by their `model_type`.
FAMILIES: dict[str, Family] = {family.model_type: family for family in _ALL}


def find(settings: Mapping[str, Any], path: Path) -> Family:
    """The family of a config.json.

    Raises:
        CheckpointError: Its `model_type` is none that bertfit opens; the message names those that it opens.
    """
    name = settings.get("model_type")
    family = FAMILIES.get(name) if isinstance(name, str) else None
    if family is None:
        raise CheckpointError(
            f"The field `model_type` in {path.name} must be one of {', '.join(map(json.dumps, FAMILIES))}.",
            [f"{path} says {json.dumps(name)}.", "bertfit opens no other encoders of Hugging Face."],
        )
    return family
