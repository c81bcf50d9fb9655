"""Prediction with BERT-base at 128 tokens: bertfit in bfloat16, PyTorch in bfloat16, onnxruntime in float32.

All three classify the same 128 rows with the same weights, in batches of 32, and must agree. onnxruntime runs the graph
that torch.onnx exports, with its optimizations switched on.

Run: bench/predict_fixed.py [repeats]
"""

from __future__ import annotations

import numpy as np
from harness import Row, Side, compare, main, sized
from models import base
from train_step import LENGTH, texts

ROWS, BATCH = sized(128, 32), sized(32, 16)
TRIED = {"prediction, bfloat16, length 128": (
    "weights cast and laid side by side once a run; biases and GELU within oneDNN's products, the scores' factor and "
    "mask within theirs, softmax in bfloat16, normalization in the form that oneDNN makes one pass (together 6%); the"
    " last layer for [CLS] alone; compiled kernels (no faster where no gradient is taken) and weights as constants of"
    " the graph (products 5% faster, but a graph for every state of the weights). What is left is products at the "
    "machine's own rate.")}


def bertfit(precision: str):
    """The computation of `bertfit.inference.predict`, without the tokenizer."""
    from bertfit.model import Logits, persist

    model = persist.load(base() / "bertfit")
    encoding = model.tokenizer.encode(texts(ROWS), max_len=LENGTH)
    return lambda: model.run(Logits(), encoding, precision, token_budget=BATCH * LENGTH)[:, 0].tolist()


def _peer():
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = str(base() / "huggingface")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(texts(ROWS), truncation=True, max_length=LENGTH,
                                                   padding="max_length", return_tensors="pt")
    return torch, model, {name: tokens[name] for name in ("input_ids", "attention_mask", "token_type_ids")}


def pytorch():
    """BertForSequenceClassification under bfloat16 autocast."""
    torch, model, tokens = _peer()

    def run() -> list[float]:
        answers = []
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            for start in range(0, ROWS, BATCH):
                logits = model(**{name: value[start : start + BATCH] for name, value in tokens.items()}).logits.float()
                answers += (logits[:, 1] - logits[:, 0]).tolist()
        return answers

    return run


def onnx(folder: str):
    """The exported graph in onnxruntime."""
    import onnxruntime

    torch, model, tokens = _peer()
    path = f"{folder}/model.onnx"
    torch.onnx.export(model, tuple(value[:BATCH] for value in tokens.values()), path, input_names=list(tokens),
                      output_names=["logits"], dynamo=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    arrays = {name: value.numpy() for name, value in tokens.items()}

    def run() -> list[float]:
        answers = []
        for start in range(0, ROWS, BATCH):
            logits = session.run(None, {name: value[start : start + BATCH] for name, value in arrays.items()})[0]
            answers += (logits[:, 1] - logits[:, 0]).tolist()
        return answers

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The rows of the table, one per peer."""
    folder = str(base())  # made once, before the sides start
    with Side(__file__, "bertfit", "bfloat16") as ours, Side(__file__, "pytorch") as torch_side, \
            Side(__file__, "onnx", folder) as onnx_side:
        sides = {"bertfit": ours, "PyTorch bfloat16": torch_side, "onnxruntime float32": onnx_side}
        seconds = compare({name: side.run for name, side in sides.items()}, repeats)
        for name in ("PyTorch bfloat16", "onnxruntime float32"):
            assert np.abs(np.subtract(ours.answer, sides[name].answer)).max() < 0.05, f"{name} answers otherwise"
            # The logits of a fresh head differ by hundredths only, so the correlation is checked too.
            assert np.corrcoef(ours.answer, sides[name].answer)[0, 1] > 0.9, f"{name} answers otherwise"
    rate = {name: ROWS / value for name, value in seconds.items()}
    return [Row("prediction, bfloat16, length 128", name, target, rate["bertfit"] / rate[name],
                detail=f"{rate['bertfit']:.1f} and {rate[name]:.1f} rows/s")
            for name, target in (("PyTorch bfloat16", 1.25), ("onnxruntime float32", 1.5))]


if __name__ == "__main__":
    main(measure)
