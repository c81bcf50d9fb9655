"""Fifteen epochs with a frozen encoder (reference C) on sms_spam.csv with MiniLM, against the same in PyTorch.

3,900 messages of at most 25 tokens, a head of 512 units, batch 16, AdamW 1e-5. The PyTorch loop is reference C's: the
encoder runs without gradients in every epoch, here under bfloat16 autocast. It is timed on one epoch, and the time is
multiplied by 15. Both must end with a loss below that of guessing.

Run: bench/frozen.py [repeats]
"""

from __future__ import annotations

import csv
import functools

from harness import Row, Side, compare, data_file, main, sized
from models import torch_step

ROWS, LENGTH, BATCH, EPOCHS = sized(3900, 64), 25, 16, sized(15, 2)


def messages() -> tuple[list[str], list[int]]:
    """The first 3,900 messages and whether they are spam."""
    with open(data_file("sms_spam.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:ROWS]
    return [row["text"] for row in rows], [int(row["label"]) for row in rows]


def bertfit():
    """`bertfit.fit` with freeze = "encoder"."""
    import bertfit as core

    texts, targets = messages()
    model = core.load("minilm-l6-uncased")

    def run() -> float:
        fitted = core.fit(None, texts, targets, model, task="binary", epochs=EPOCHS, batch_size=BATCH, max_len=LENGTH,
                          validation=0, freeze="encoder", learning_rate=1e-5, class_weights="balanced", seed=1,
                          head={"hidden": [512], "dropout": 0.1}, verbose=0)
        return fitted.model.record["history"]["loss"][-1]

    return run


def pytorch():
    """One epoch of the loop."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from bertfit.checkpoints import registry

    folder = str(registry.folder(registry.find("minilm-l6-uncased")))
    encoder = AutoModel.from_pretrained(folder).eval()
    texts, targets = messages()
    tokens = AutoTokenizer.from_pretrained(folder)(texts, truncation=True, max_length=LENGTH, padding="max_length",
                                                   return_tensors="pt")
    labels = torch.tensor(targets)
    torch.manual_seed(1)
    head = torch.nn.Sequential(torch.nn.Linear(384, 512), torch.nn.ReLU(), torch.nn.Dropout(0.1),
                               torch.nn.Linear(512, 2), torch.nn.LogSoftmax(dim=1))
    share = labels.float().mean()
    loss_of = torch.nn.NLLLoss(torch.stack([0.5 / (1 - share), 0.5 / share]))
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-5)

    def loss(rows):
        with torch.no_grad():
            pooled = encoder(**{name: value[rows] for name, value in tokens.items()}).pooler_output
        return loss_of(head(pooled).float(), labels[rows])

    def run() -> float:
        total = 0.0
        for rows in torch.randperm(ROWS).split(BATCH):
            total += torch_step(head.parameters(), optimizer, functools.partial(loss, rows)) * len(rows)
        return total / ROWS

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The row of the table."""
    with Side(__file__, "bertfit") as ours, Side(__file__, "pytorch") as theirs:
        seconds = compare({"bertfit": ours.run, "PyTorch": theirs.run}, repeats)
        limit = sized(0.7, 2.0)
        assert ours.answer < limit and theirs.answer < limit, (ours.answer, theirs.answer)
    theirs_all = seconds["PyTorch"] * EPOCHS
    return [Row("15 epochs with a frozen encoder, MiniLM", "the same loop in PyTorch, bfloat16", 8.0,
                theirs_all / seconds["bertfit"],
                detail=f"{seconds['bertfit']:.1f} s and {theirs_all:.1f} s (15 times its epoch)")]


if __name__ == "__main__":
    main(measure)
