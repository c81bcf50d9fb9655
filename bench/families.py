"""Prediction and training of DistilBERT, RoBERTa and ALBERT of their base sizes at 128 tokens: bertfit and PyTorch.

Both sides are classifiers with the same random weights, in bfloat16 where the processor multiplies it, else in float32;
PyTorch under autocast with SDPA attention, as in train_step.py and predict_fixed.py. Their predictions must agree. The
vocabulary is BERT's in all three, because the size of the table of tokens makes hardly a difference.

Run: bench/families.py [repeats]
"""

from __future__ import annotations

import numpy as np
from harness import Row, Side, compare, main, sized
from models import family, torch_step

FAMILIES = ("distilbert", "roberta", "albert")
LENGTH = 128
#: Rows and batch of a prediction, rows of a training step.
PREDICTED, BATCH, TRAINED = sized(32, 4), sized(16, 4), sized(8, 4)


def _tokens(model, rows: int):
    texts = [" ".join(f"word{(i * 31 + j * 7) % 997}" for j in range(90)) for i in range(rows)]
    return model.tokenizer.encode(texts, max_len=LENGTH)


def bertfit_prediction(name: str, precision: str):
    """The computation of `bertfit.inference.predict`, without the tokenizer."""
    from bertfit.model import Logits, persist

    model = persist.load(family(name) / "bertfit")
    encoding = _tokens(model, PREDICTED)
    return lambda: model.run(Logits(), encoding, precision, token_budget=BATCH * LENGTH)[:, 0].tolist()


def bertfit_training(name: str, precision: str):
    """Training steps as in `fit`."""
    from bertfit.config.training import TrainConfig
    from bertfit.model import persist
    from bertfit.rows import Rows
    from bertfit.training.feeds import TokenFeed
    from bertfit.training.finetuning_objective import FineTuning
    from bertfit.training.rows import Batch, Coded
    from bertfit.training.run import Run

    model = persist.load(family(name) / "bertfit")
    encoding = _tokens(model, 512)
    rows = Coded.of(model.task, Rows([""] * 512, targets=np.arange(512) % 2))
    config = TrainConfig(epochs=20, batch_size=TRAINED, learning_rate=5e-5)
    run = Run(FineTuning(model, TokenFeed(model, encoding, LENGTH, precision), rows, None, None, None, config, 0,
                         precision), config, [])
    batch = Batch(np.arange(TRAINED), TRAINED, True)
    return lambda: run.run_batch(batch) and None


def _peer(name: str, rows: int):
    import torch
    from transformers import AutoModelForSequenceClassification

    from bertfit.model import persist

    folder = family(name)
    model = AutoModelForSequenceClassification.from_pretrained(str(folder / "huggingface"), attn_implementation="sdpa")
    ids, _, mask = _tokens(persist.load(folder / "bertfit"), rows).pad()
    inputs = {"input_ids": ids, "attention_mask": mask}
    return torch, model.eval(), {key: torch.tensor(value.astype(np.int64)) for key, value in inputs.items()}


def pytorch_prediction(name: str, precision: str):
    """The same predictions."""
    torch, model, tokens = _peer(name, PREDICTED)

    def run() -> list[float]:
        answers = []
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            for start in range(0, PREDICTED, BATCH):
                logits = model(**{key: value[start : start + BATCH] for key, value in tokens.items()}).logits.float()
                answers += (logits[:, 1] - logits[:, 0]).tolist()
        return answers

    return run


def pytorch_training(name: str, precision: str):
    """The same steps: AdamW over all weights, gradients clipped to norm 1."""
    torch, model, tokens = _peer(name, TRAINED)
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=5e-5, weight_decay=0.01)
    labels = torch.arange(TRAINED) % 2

    def step() -> None:
        torch_step(model.parameters(), optimizer, lambda: model(**tokens, labels=labels).loss, precision == "bfloat16")

    return step


def measure(repeats: int = 5) -> list[Row]:
    """Two rows of the table per family."""
    from bertfit import _env

    precision, rows = _env.resolve_precision("auto"), []
    for name in FAMILIES:
        family(name)  # made once, before the sides start
        for work, count in (("prediction", PREDICTED), ("training", TRAINED)):
            with Side(__file__, f"bertfit_{work}", name, precision) as ours, \
                    Side(__file__, f"pytorch_{work}", name, precision) as theirs:
                seconds = compare({"bertfit": ours.run, "PyTorch": theirs.run}, repeats)
                if work == "prediction":
                    limit = 0.05 if precision == "bfloat16" else 1e-3
                    assert np.abs(np.subtract(ours.answer, theirs.answer)).max() < limit, f"{name}: logits differ"
            rate = {side: count / value for side, value in seconds.items()}
            size = f"{BATCH if work == 'prediction' else TRAINED} x {LENGTH}"
            rows.append(Row(f"{name}-base, {work}, {precision}, {size}", f"PyTorch {precision}", 1.2,
                            rate["bertfit"] / rate["PyTorch"],
                            detail=f"{rate['bertfit']:.2f} and {rate['PyTorch']:.2f} rows/s"))
    return rows


if __name__ == "__main__":
    main(measure)
