"""Tiny random models of every family, as transformers itself makes and saves them, with tokenizers that it trained.

`Families.folder(family, kind)` is a folder of one of them, made once per session: see the fixture `families`.
"""

from __future__ import annotations

from pathlib import Path

#: Names that config.json gives.
FAMILIES = ("bert", "distilbert", "electra", "albert", "roberta", "camembert", "xlm-roberta", "mpnet")
#: Kinds of model -> the auto class that makes one; "classifier" has `num_labels` in its configuration.
KINDS = {"encoder": "AutoModel", "mlm": "AutoModelForMaskedLM", "pretraining": "AutoModelForPreTraining",
         "classifier": "AutoModelForSequenceClassification"}
TEXTS = [
    "The quick brown fox jumps over the lazy dog.", "A good film, a very good film!", "the plot was dull and awful",
    "Nice movie; I liked the plot.", "Ça va très bien, déjà vu à Noël.", "Über den Wolken muss die Freiheit sein.",
    "poor acting and a dull story", "what a fine day it was in 2024", "日本語 の 文", "안녕하세요 여러분",
    "numbers 1 2 3 and (brackets) [too]", "it's the user's own fault, isn't it?",
]


def tokenizer(family: str):
    """transformers' tokenizer of the family, trained on `TEXTS`: WordPiece, byte-level BPE or unigram."""
    import transformers

    if family in ("bert", "distilbert", "electra", "mpnet"):
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        if family == "mpnet":
            special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
        pieces = _word_pieces(special)
        made = {"mpnet": "MPNetTokenizer", "distilbert": "DistilBertTokenizer"}.get(family, "BertTokenizer")
        return getattr(transformers, made)(vocab=pieces)
    if family == "roberta":
        vocab, merges = _byte_pairs(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        return transformers.RobertaTokenizer(vocab=vocab, merges=merges)
    if family == "albert":
        return transformers.AlbertTokenizer(
            vocab=_unigram(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], "<unk>", lower=True))
    if family == "camembert":
        first = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]
        return transformers.CamembertTokenizer(
            vocab=[*_unigram(first, "<unk>"), ("<mask>", 0.0)], additional_special_tokens=first[:1])
    return transformers.XLMRobertaTokenizer(vocab=[*_unigram(["<s>", "<pad>", "</s>", "<unk>"], "<unk>"),
                                                   ("<mask>", 0.0)])


def _word_pieces(special: list[str]) -> dict[str, int]:
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False)
    made.train_from_iterator(TEXTS, trainer)
    return made.get_vocab()


def _byte_pairs(special: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    import json

    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=330, special_tokens=special, show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator(TEXTS, trainer)
    model = json.loads(made.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def _unigram(special: list[str], unknown: str, lower: bool = False) -> list[tuple[str, float]]:
    import json

    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.Unigram())
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token=unknown, show_progress=False)
    made.train_from_iterator([text.lower() for text in TEXTS] if lower else TEXTS, trainer)
    return [(piece, score) for piece, score in json.loads(made.to_str())["model"]["vocab"]]


def config(family: str, vocab_size: int, **changes):
    """transformers' configuration of a toy: two layers of width 32, embeddings of width 16 where the family has one.

    BERT's names of the sizes are understood for every family.
    """
    import transformers

    sizes = {
        "vocab_size": vocab_size, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 48, "max_position_embeddings": 40, "initializer_range": 0.2,
    }
    if family in ("electra", "albert"):
        sizes["embedding_size"] = 16
    if family in ("roberta", "camembert", "xlm-roberta", "mpnet"):
        sizes.update(pad_token_id=1, bos_token_id=0, eos_token_id=2, max_position_embeddings=42, layer_norm_eps=1e-5)
    if family in ("roberta", "camembert", "xlm-roberta"):
        sizes["type_vocab_size"] = 1
    if family == "camembert":
        sizes.update(bos_token_id=5, eos_token_id=6)
    if family == "distilbert":  # transformers maps BERT's names to this family's only for reading
        names = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
                 "intermediate_size": "hidden_dim"}
        sizes = {names.get(name, name): value for name, value in sizes.items()}
        changes = {names.get(name, name): value for name, value in changes.items()}
    return transformers.AutoConfig.for_model(family, **{**sizes, **changes})


class Families:
    """Folders of toys below `root`, each made when it is first asked for.

    Args:
        root: An existing folder.
    """

    def __init__(self, root: Path):
        self.root, self._made = root, {}

    def folder(self, family: str, kind: str = "encoder", **changes) -> Path:
        """A folder that transformers saved.

        Args:
            family: One of `FAMILIES`.
            kind: One of `KINDS`.
            changes: Fields of the configuration, such as num_labels, problem_type, id2label, tie_word_embeddings.
        """
        key = (family, kind, repr(sorted(changes.items())))
        if key not in self._made:
            path = self.root / f"{len(self._made):03d}-{family}-{kind}"
            made = tokenizer(family)
            made.save_pretrained(path)
            random_model(kind, config(family, len(made), **changes)).save_pretrained(path)
            self._made[key] = path
        return self._made[key]


def random_model(kind: str, settings, seed: int = 0):
    """A model of a configuration in which no weight is 0 or 1 (normalizations, biases), so that none can be missed."""
    import torch
    import transformers

    torch.manual_seed(seed)
    model = getattr(transformers, KINDS[kind]).from_config(settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()
