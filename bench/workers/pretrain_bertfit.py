"""Worker of bench/pretrain_step.py: pretraining steps of bertfit, without reading data."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from harness import serve

from bertfit import presets
from bertfit.config import BertConfig
from bertfit.encoder import build_encoder
from bertfit.model import Model
from bertfit.pretrain import _Run
from bertfit.pretrain_config import PretrainConfig, PretrainHeads
from bertfit.pretrain_read import PretrainBatch
from bertfit.vocab import Vocabulary

steps, rows, length, masked = int(sys.argv[1]), 32, 256, 39
preset = presets.find("kor-small")
tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"t{i}" for i in range(8002))]
vocabulary = Vocabulary.from_bytes(("\n".join(tokens) + "\n").encode(), lower_case=True)
model = Model("bench", BertConfig(**preset.settings), vocabulary,
              build_encoder(BertConfig(**preset.settings), seed=0), {})
# The same heads as transformers' BertForPreTraining: Google's.
model.add_pretraining(PretrainHeads())
rng = np.random.default_rng(0)
batch = PretrainBatch(
    rng.integers(5, 8007, (rows, length)).astype(np.int32),
    (np.arange(length) >= 128).astype(np.int32)[None].repeat(rows, 0),
    np.sort(rng.permuted(np.arange(1, length)[None].repeat(rows, 0), axis=1)[:, :masked]).astype(np.int32),
    rng.integers(5, 8007, (rows, masked)).astype(np.int32), np.ones((rows, masked), np.float32),
    rng.integers(0, 2, rows).astype(np.int32),
)


class Data:
    """What `_Run` asks of data."""

    n, max_len, max_predictions, description = rows, length, masked, {}


run = _Run(model, Data(), None, PretrainConfig(steps=10**6, batch_size=rows, precision="bfloat16", masking="static"), 0,
           None, [])


def step() -> float:
    """Seconds of `steps` steps."""
    start = time.perf_counter()
    for _ in range(steps):
        run._run_batch(run._train_step, batch)
    return time.perf_counter() - start


serve({"step": step})
