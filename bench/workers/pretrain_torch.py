"""Worker of bench/pretrain_step.py: pretraining steps of transformers' BertForPreTraining in PyTorch."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import torch
from harness import serve
from transformers import BertConfig, BertForPreTraining

steps, rows, length, masked = int(sys.argv[1]), 32, 256, 39
torch.manual_seed(0)
model = BertForPreTraining(BertConfig(
    vocab_size=8007, hidden_size=256, num_hidden_layers=3, num_attention_heads=4, intermediate_size=1024,
    max_position_embeddings=256, hidden_act="gelu_new", layer_norm_eps=1e-3,
)).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
ids = torch.randint(5, 8007, (rows, length))
segments = (torch.arange(length) >= 128).long().expand(rows, length)
labels = torch.full((rows, length), -100)
for row in range(rows):
    places = torch.randperm(length - 1)[:masked] + 1
    labels[row, places] = torch.randint(5, 8007, (masked,))
following = torch.randint(0, 2, (rows,))


def step() -> float:
    """Seconds of `steps` steps."""
    start = time.perf_counter()
    for _ in range(steps):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=ids, token_type_ids=segments, attention_mask=torch.ones_like(ids), labels=labels,
                         next_sentence_label=following).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
    return time.perf_counter() - start


serve({"step": step})
