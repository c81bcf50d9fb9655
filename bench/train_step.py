"""One training step of BERT-base, batch 16, 128 tokens: bertfit against transformers in PyTorch, and the machine.

Both sides train a classifier with dropout 0.1, gradients clipped to norm 1 and AdamW over all 109 million weights;
PyTorch under autocast with SDPA attention. Before training, their predictions with the same weights must agree. The
machine's limit is the rate of bfloat16 matrix products of this model's sizes, by TensorFlow or torch, whichever is
faster.

Run: bench/train_step.py [repeats]
"""

from __future__ import annotations

import numpy as np
from harness import Row, Side, compare, main, sized
from models import base, torch_step

from bertfit.checkpoints.registry import count_parameters
from bertfit.config.encoder import BertConfig

ROWS, LENGTH, STEPS = sized(16, 4), 128, sized(2, 1)
TRIED = {"training step, bfloat16, 16 x 128": (
    "compiled kernels for all that lies between products (residual connection, dropout and normalization as one), the "
    "last layer for [CLS] alone, row sums as products, bias gradients by Sum instead of BiasAddGrad, rates computed "
    "once a step, freed memory kept, and the optimizer compiled as one function (no faster, and slow to compile). In "
    "the profile nearly all of what is left are products at the machine's own rate; after them come GELU's gradient, "
    "the optimizer's passes over the weights and casts.")}


def bertfit(precision: str):
    """Training steps as in `fit`, on rows of 128 tokens."""
    from bertfit.config.training import TrainConfig
    from bertfit.model import Logits, persist
    from bertfit.rows import Rows
    from bertfit.training.feeds import TokenFeed
    from bertfit.training.finetuning_objective import FineTuning
    from bertfit.training.rows import Batch, Coded
    from bertfit.training.run import Run

    model = persist.load(base() / "bertfit")
    encoding = model.tokenizer.encode(texts(512), max_len=LENGTH)
    start = model.run(Logits(), encoding, precision)[:ROWS, 0].tolist()
    rows = Coded.of(model.task, Rows([""] * 512, targets=np.arange(512) % 2))
    feed = TokenFeed(model, encoding, LENGTH, precision)
    config = TrainConfig(epochs=20, batch_size=ROWS, learning_rate=5e-5)
    run = Run(FineTuning(model, feed, rows, None, None, None, config, 0, precision), config, [])
    batch = Batch(np.arange(ROWS), ROWS, True)

    def steps() -> list[float]:
        for _ in range(STEPS):
            run.run_batch(batch)
        return start

    return steps


def pytorch(precision: str):
    """The same steps of BertForSequenceClassification."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = str(base() / "huggingface")
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="sdpa")
    tokens = AutoTokenizer.from_pretrained(folder)(texts(ROWS), truncation=True, max_length=LENGTH,
                                                   padding="max_length", return_tensors="pt")
    with torch.no_grad():
        logits = model.eval()(**tokens).logits
    start = (logits[:, 1] - logits[:, 0]).tolist()
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=5e-5, weight_decay=0.01)
    labels = torch.arange(ROWS) % 2

    def steps() -> list[float]:
        for _ in range(STEPS):
            torch_step(model.parameters(), optimizer, lambda: model(**tokens, labels=labels).loss,
                       precision == "bfloat16")
        return start

    return steps


def texts(n: int) -> list[str]:
    """Texts of more than 128 tokens, all different."""
    return [" ".join(f"word{(i * 31 + j * 7) % 997}" for j in range(90)) for i in range(n)]


TOKENS = sized(2048, 16)
SHAPES = ((TOKENS, 768, 2304), (TOKENS, 768, 768), (TOKENS, 768, 3072), (TOKENS, 3072, 768))
TIMES = sized(10, 1)
FLOPS = sum(2 * m * k * n for m, k, n in SHAPES) * TIMES


def tensorflow_products():
    """Ten bfloat16 products of each size of a layer."""
    from bertfit import _env

    tf = _env.tensorflow()
    pairs = [(tf.cast(tf.random.normal([m, k]), tf.bfloat16), tf.cast(tf.random.normal([k, n]), tf.bfloat16))
             for m, k, n in SHAPES]

    @tf.function
    def products():
        return [tf.matmul(a, b) for a, b in pairs]

    def run() -> None:
        for _ in range(TIMES):
            products()

    return run


def torch_products():
    """The same in torch."""
    import torch

    pairs = [(torch.randn(m, k).bfloat16(), torch.randn(k, n).bfloat16()) for m, k, n in SHAPES]

    def run() -> None:
        with torch.no_grad():
            for _ in range(TIMES):
                for a, b in pairs:
                    a @ b

    return run


def measure(repeats: int = 5) -> list[Row]:
    """The rows of the table: both number formats, and the machine's limit."""
    base()  # made once, before the sides start
    rows = []
    for precision, target in (("bfloat16", 1.4), ("float32", 1.3)):
        extra = ("tensorflow_products", "torch_products") if precision == "bfloat16" else ()
        with Side(__file__, "bertfit", precision) as ours, Side(__file__, "pytorch", precision) as theirs:
            products = {name: Side(__file__, name) for name in extra}
            seconds = compare({"bertfit": ours.run, "PyTorch": theirs.run,
                               **{name: side.run for name, side in products.items()}}, repeats)
            for side in products.values():
                side.close()
            limit = 0.05 if precision == "bfloat16" else 1e-3
            assert np.abs(np.subtract(ours.answer, theirs.answer)).max() < limit, "the two sides' logits differ"
        rate = {name: ROWS * STEPS / value for name, value in seconds.items()}
        rows.append(Row(f"training step, {precision}, 16 x 128", f"PyTorch {precision}", target,
                        rate["bertfit"] / rate["PyTorch"],
                        detail=f"{rate['bertfit']:.2f} and {rate['PyTorch']:.2f} examples/s"))
        if extra:
            peak = FLOPS / min(seconds[name] for name in extra)
            config = BertConfig(30522)
            weights = count_parameters(config)
            tables = (config.vocab_size + config.max_position_embeddings + config.type_vocab_size) * config.hidden_size
            reached, multiplied = (6 * count * ROWS * LENGTH * STEPS / seconds["bertfit"]
                                   for count in (weights, weights - tables))
            rows.append(Row("training step, bfloat16, share of the machine", "bfloat16 products", 0.65, reached / peak,
                            detail=f"6 x {weights / 1e6:.1f}M x tokens: {reached / 1e9:.0f} of "
                            f"{peak / 1e9:.0f} GFLOP/s; without the embedding tables, which nothing multiplies, "
                            f"{multiplied / peak:.2f}"))
    return rows


if __name__ == "__main__":
    main(measure)
