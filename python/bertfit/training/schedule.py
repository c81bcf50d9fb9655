"""How many optimizer steps a training run takes, and the learning rate at each of them.

`train_steps` counts as ``keras_bert.calc_train_steps`` does. `learning_rate_at` is the reference, in NumPy, for the
schedule of keras-bert's AdamWarmup; `optimizer.AdamWarmup` computes the same in TensorFlow, and tests compare the two.
"""

from __future__ import annotations

import numpy as np

from bertfit.settings import is_number, is_whole, require


def train_steps(n: int, batch_size: int, epochs: int, warmup: float = 0.1) -> tuple[int, int]:
    """The number of optimizer steps, and how many of them are warmup.

    The last, smaller batch of an epoch is a step too. The warmup is rounded down.

    Args:
        n: Training rows.
        batch_size: Rows per step.
        epochs: Passes over the rows.
        warmup: Fraction of all steps over which the learning rate rises.

    Returns:
        ``(total, warmup_steps)``: the `decay_steps` and `warmup_steps` of AdamWarmup.

    Raises:
        ArgumentError: A count is not a whole number of at least 1 (`n`: at least 0), or `warmup` not between 0 and 1.

    Example:
        >>> train_steps(1024, batch_size=32, epochs=10, warmup=0.1)
        (320, 32)
    """
    for name, value, low in (("n", n, 0), ("batch_size", batch_size, 1), ("epochs", epochs, 1)):
        require(is_whole(value, low), name, f"a whole number of at least {low}", value)
    require(is_number(warmup, 0, 1), "warmup", "a share between 0 and 1", warmup)
    total = int(-(-n // batch_size) * epochs)
    return total, int(total * warmup)


def learning_rate_at(
    step: int | np.ndarray,
    *,
    decay_steps: int,
    warmup_steps: int,
    learning_rate: float = 1e-3,
    min_learning_rate: float = 0.0,
) -> np.ndarray:
    """The learning rate that AdamWarmup uses at a step.

    It rises from 0 to `learning_rate` over `warmup_steps`, then falls on the line that starts at
    `learning_rate` at step 0 and ends at `min_learning_rate` at `decay_steps`. As in keras-bert, the two
    lines do not meet: at the end of the warmup the rate drops by the part of the decay that has passed.

    Args:
        step: Steps counted from 1 (the first update is step 1); a number or an array of any shape.
        decay_steps: Step at which the rate reaches `min_learning_rate`; it stays there.
        warmup_steps: Steps over which the rate rises; 0 for none.
        learning_rate: Rate at the end of the warmup.
        min_learning_rate: Rate from `decay_steps` on.

    Returns:
        float64, of the shape of `step`.

    Example:
        >>> learning_rate_at(np.array([1, 2, 3, 10]), decay_steps=10, warmup_steps=2, learning_rate=1.0).tolist()
        [0.5, 1.0, 0.7, 0.0]
    """
    step = np.asarray(step, np.float64)
    rise = learning_rate * step / max(warmup_steps, 1)
    passed = np.minimum(step, decay_steps) / max(decay_steps, 1)
    fall = min_learning_rate + (learning_rate - min_learning_rate) * (1.0 - passed)
    return np.where(step <= warmup_steps, rise, fall)
