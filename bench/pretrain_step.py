"""One pretraining step of reference A's first sizes: bertfit against transformers in PyTorch, bfloat16.

Batch 32, 256 tokens, vocabulary 8,007, width 256, 3 layers, 39 masked tokens a row; AdamW, dropout 0.1, gradients
clipped. PyTorch runs BertForPreTraining under bfloat16 autocast, its two losses as that class gives them. Each side
has a process of its own; turns alternate, medians count.

Run: bench/pretrain_step.py [repeats]
"""

from __future__ import annotations

import sys

from harness import Worker, compare, machine

ROWS, STEPS = 32, 5


def main() -> None:
    """Print examples a second and the ratio."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    workers = {"bertfit": Worker("pretrain_bertfit.py", str(STEPS)), "PyTorch": Worker("pretrain_torch.py", str(STEPS))}
    try:
        seconds = compare({name: worker.contender("step") for name, worker in workers.items()}, repeats)
    finally:
        for worker in workers.values():
            worker.close()
    print(machine())
    for name, value in seconds.items():
        print(f"{name}: {ROWS * STEPS / value:.1f} examples/s")
    print(f"bertfit / PyTorch: {seconds['PyTorch'] / seconds['bertfit']:.2f}")


if __name__ == "__main__":
    main()
