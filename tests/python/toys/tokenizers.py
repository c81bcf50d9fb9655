"""Tokenizers of other families, trained on a few texts: as transformers' own classes make and save them."""

import csv
import functools
import json
from pathlib import Path

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
TEXTS = [
    "The quick brown fox jumps over the lazy dog.", "Don't you DARE, it's 9,000 pounds!", "Ça va? Straße, naïve café.",
    "  two  spaces\tand a tab\n\nand lines ", "이 영화 정말 재미있어요 ㅋㅋㅋ", "日本語のテキスト、漢字。",
    "emoji 😀👍🏽 é é ﬁ ½ ¨x",
    "you are a wonderful neighbour and a quick one", "the man went to the store", "<s> is </s> no <mask> token <pad>",
    "``quotes'' and [MASK] [SEP]", "", " ", "\u00a0x\u2028y\u0085z \u200b w", "a" * 300, "\u0600 number",
    "x\r\ny \r\n z",
] * 2
NAMES = ("roberta", "xlm-roberta", "camembert", "albert", "mpnet", "bert")


def files():
    """The text files of ../shared/data."""
    return sorted(path for path in DATA.glob("*") if path.suffix in (".csv", ".tsv", ".txt"))


def lines(path, most=None):
    """All cells or lines of a file, the longest text of each row."""
    csv.field_size_limit(10**9)
    with open(path, encoding="utf-8", newline="") as file:
        if path.suffix == ".txt":
            found = file.read().split("\n")
        elif path.suffix == ".tsv":
            found = [max(line.split("\t"), key=len) for line in file.read().split("\n")]
        else:
            found = [max(row, key=len) for row in csv.reader(file) if row]
    return found if most is None else found[:: max(1, len(found) // most)][:most]


@functools.cache
def _training_texts():
    texts = list(TEXTS)
    for path in files():
        texts += lines(path, 150)
    return texts


@functools.cache
def transformers_tokenizer(name, **settings):
    """A tokenizer of transformers' class for a family, trained on `TEXTS` and some of ../shared/data."""
    import transformers
    from tokenizers import SentencePieceUnigramTokenizer, Tokenizer, models, normalizers, pre_tokenizers, trainers

    texts = _training_texts()
    if name == "roberta":
        trained = Tokenizer(models.BPE())
        trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trained.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=900, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        model = json.loads(trained.to_str())["model"]
        vocab = {**model["vocab"], "<mask>": len(model["vocab"])}
        merges = [tuple(merge) for merge in model["merges"]]
        return transformers.RobertaTokenizer(vocab=vocab, merges=merges, **settings)
    if name in ("bert", "mpnet"):
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] if name == "bert" else [
            "<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
        trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        trained.normalizer = normalizers.BertNormalizer()
        trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trained.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=900, special_tokens=special,
                                                                     show_progress=False))
        kind = transformers.BertTokenizer if name == "bert" else transformers.MPNetTokenizer
        return kind(vocab=trained.get_vocab(), **settings)
    trained = SentencePieceUnigramTokenizer()
    trained.train_from_iterator(texts, vocab_size=6000, show_progress=False, unk_token="<unk>",
                                special_tokens=["<unk>"])
    pieces = [tuple(piece) for piece in json.loads(trained.to_str())["model"]["vocab"]]
    pieces = [piece for piece in pieces if piece[0] != "<unk>"]
    first = {"xlm-roberta": ["<s>", "<pad>", "</s>", "<unk>"], "albert": ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
             "camembert": ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]}[name]
    last = [] if name == "albert" else [("<mask>", 0.0)]
    kind = {"xlm-roberta": transformers.XLMRobertaTokenizer, "albert": transformers.AlbertTokenizer,
            "camembert": transformers.CamembertTokenizer}[name]
    return kind(vocab=[*((token, 0.0) for token in first), *pieces, *last], **settings)
