"""One pretraining step of reference A's first sizes: bertfit against transformers in PyTorch, bfloat16.

Batch 32, 256 tokens, vocabulary 8,007, width 256, 3 layers, 39 masked tokens per row; AdamW, dropout 0.1, gradients
clipped. PyTorch runs BertForPreTraining under bfloat16 autocast, with that class's two losses. Reading data is not
measured.

Run: bench/pretrain_step.py [repeats]
"""

from __future__ import annotations

from harness import Row, Side, compare, main, sized
from models import torch_step

ROWS, LENGTH, MASKED, STEPS = sized(32, 4), 256, 39, sized(5, 1)


def bertfit():
    """Steps of bertfit's pretraining run."""
    import numpy as np

    from bertfit.config import presets
    from bertfit.config.encoder import BertConfig
    from bertfit.config.pretraining import PretrainConfig, PretrainHeads
    from bertfit.corpus.data import PretrainBatch
    from bertfit.model.model import Model
    from bertfit.network.encoder import Encoder
    from bertfit.text.vocabulary import Vocabulary
    from bertfit.training.pretraining_objective import Pretraining
    from bertfit.training.run import Run

    config = BertConfig(**presets.find("kor-small").settings)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"t{i}" for i in range(8002))]
    vocabulary = Vocabulary.from_bytes(("\n".join(tokens) + "\n").encode(), lower_case=True)
    model = Model("bench", config, vocabulary, Encoder(config, seed=0), {})
    model.add_pretraining(PretrainHeads())  # the heads that transformers' BertForPreTraining has
    rng = np.random.default_rng(0)
    places = rng.permuted(np.arange(1, LENGTH)[None].repeat(ROWS, 0), axis=1)[:, :MASKED]
    batch = PretrainBatch(
        rng.integers(5, 8007, (ROWS, LENGTH)).astype(np.int32),
        (np.arange(LENGTH) >= 128).astype(np.int32)[None].repeat(ROWS, 0), np.sort(places).astype(np.int32),
        rng.integers(5, 8007, (ROWS, MASKED)).astype(np.int32), np.ones((ROWS, MASKED), np.float32),
        rng.integers(0, 2, ROWS).astype(np.int32),
    )

    class Data:
        """The part of the interface of `PretrainingData` that the run uses."""

        n, max_len, max_predictions, description = ROWS, LENGTH, MASKED, {}

    config = PretrainConfig(steps=10**6, batch_size=ROWS, precision="bfloat16", masking="static")
    run = Run(Pretraining(model, Data(), None, config, 0), config, [])

    def steps() -> None:
        for _ in range(STEPS):
            run.run_batch(batch)

    return steps


def pytorch():
    """Steps of BertForPreTraining."""
    import torch
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(0)
    model = BertForPreTraining(BertConfig(
        vocab_size=8007, hidden_size=256, num_hidden_layers=3, num_attention_heads=4, intermediate_size=1024,
        max_position_embeddings=LENGTH, hidden_act="gelu_new", layer_norm_eps=1e-3,
    )).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    ids = torch.randint(5, 8007, (ROWS, LENGTH))
    segments = (torch.arange(LENGTH) >= 128).long().expand(ROWS, LENGTH)
    labels = torch.full((ROWS, LENGTH), -100)
    for row in range(ROWS):
        labels[row, torch.randperm(LENGTH - 1)[:MASKED] + 1] = torch.randint(5, 8007, (MASKED,))
    following = torch.randint(0, 2, (ROWS,))

    batch = {"input_ids": ids, "token_type_ids": segments, "attention_mask": torch.ones_like(ids), "labels": labels,
             "next_sentence_label": following}

    def steps() -> None:
        for _ in range(STEPS):
            torch_step(model.parameters(), optimizer, lambda: model(**batch).loss)

    return steps


def measure(repeats: int = 5) -> list[Row]:
    """The row of the table."""
    with Side(__file__, "bertfit") as ours, Side(__file__, "pytorch") as theirs:
        seconds = compare({"bertfit": ours.run, "PyTorch": theirs.run}, repeats)
    rate = {name: ROWS * STEPS / value for name, value in seconds.items()}
    return [Row("pretraining step, bfloat16, 32 x 256", "BertForPreTraining in PyTorch, bfloat16", 1.5,
                rate["bertfit"] / rate["PyTorch"],
                detail=f"{rate['bertfit']:.1f} and {rate['PyTorch']:.1f} examples/s")]


if __name__ == "__main__":
    main(measure)
