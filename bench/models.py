"""Models for several benchmarks, saved with the same weights for bertfit and for its peers."""

from __future__ import annotations

import csv
import functools
import pathlib
from collections.abc import Callable, Iterable

import filelock
from harness import SCRATCH, Side, data_file, sized


def base() -> pathlib.Path:
    """Folder of a classifier of BERT-base's sizes with fresh weights, in subfolders "bertfit" and "huggingface"."""
    return _made("base", "make_base")


def minilm() -> pathlib.Path:
    """As `base`, for MiniLM fine-tuned briefly on comments."""
    return _made("minilm", "make_minilm")


def family(name: str) -> pathlib.Path:
    """As `base`, for "distilbert", "roberta" or "albert"."""
    return _made(name, "make_family", name)


def _made(name: str, function: str, *arguments: str) -> pathlib.Path:
    """The model's folder, made by the first process that asks for it while others wait."""
    folder = SCRATCH / name
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(SCRATCH / f"{name}.lock"):
        if not (folder / "huggingface").is_dir():
            with Side(__file__, function, str(folder), *arguments) as side:
                side.run()
    return folder


def make_base(folder: str):
    """Make `base`'s folder."""
    return _maker(folder, {}, {})


def make_family(folder: str, name: str):
    """Make `family`'s folder: the published base sizes and dropout rates, and the head of transformers' classifier."""
    gelu, no_dropout = {"hidden_act": "gelu"}, {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    width = sized(768, 128)
    fields, head = {
        "distilbert": ({"num_hidden_layers": sized(6, 2), "type_vocab_size": 0, **gelu},
                       {"pooling": "cls", "hidden": (width,), "activation": "relu"}),
        "roberta": ({"type_vocab_size": 1, "position_offset": 1, "layer_norm_eps": 1e-5, **gelu},
                    {"pooling": "cls", "hidden": (width,), "activation": "tanh"}),
        "albert": ({"embedding_size": sized(128, 32), "share_layers": True, **no_dropout}, {}),
    }[name]
    return _maker(folder, {"model_type": name, **fields}, head)


def _maker(folder: str, fields: dict, head: dict):
    """The function that makes a classifier with fresh weights."""
    from bertfit.checkpoints import registry
    from bertfit.config.encoder import BertConfig
    from bertfit.config.head import HeadConfig
    from bertfit.config.task import Task
    from bertfit.model.fresh import fresh_model

    vocabulary = registry.folder(registry.find("minilm-l6-uncased")) / "vocab.txt"

    def make() -> None:
        small = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
        model = fresh_model(BertConfig(30522, **{**sized({}, small), **fields}), str(vocabulary), seed=0)
        model.add_head(Task("binary", ("no", "yes")), HeadConfig(**head), 0)
        model.record = {"max_len": 128}
        _write(model, folder)

    return make


def make_minilm(folder: str):
    """Make `minilm`'s folder."""
    import bertfit

    def make() -> None:
        texts, targets = comments()
        rows = sized(320, 32)
        fitted = bertfit.fit(None, texts[:rows], targets[:rows], "minilm-l6-uncased", task="binary", epochs=1,
                             max_len=256, validation=0, seed=1, verbose=0, precision="float32")
        _write(fitted.model, folder)

    return make


def _write(model, folder: str) -> None:
    from bertfit.model import persist
    from bertfit.model.exporting import export
    from bertfit.system import replacement

    with replacement(folder) as draft:
        persist.save(model, draft / "bertfit")
        export(model, draft / "huggingface", "huggingface")


def torch_step(parameters: Iterable, optimizer, loss_of: Callable, bfloat16: bool = True) -> float:
    """One step of PyTorch's usual loop: autocast, backward, gradients clipped to norm 1, update. Returns the loss."""
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        loss = loss_of()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


@functools.cache
def comments() -> tuple[list[str], list[int]]:
    """The Wikipedia comments and whether they are toxic."""
    csv.field_size_limit(10**9)
    with open(data_file("wiki_toxicity.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = rows[:sized(None, 64)]
    return [row["comment_text"] for row in rows], [int(float(row["target"]) >= 0.5) for row in rows]
