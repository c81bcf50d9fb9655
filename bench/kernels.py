"""Compiled kernels against plain TensorFlow operations, forward and backward, at BERT-base's sizes (16 x 128).

Prints milliseconds of both, seconds of compiling, and the constants of `bertfit.training.shapes`: seconds per token,
layer and unit of width of all operations between the products of a layer. Results of both agree up to rounding.

Run: bench/kernels.py [repeats]
"""

from __future__ import annotations

import functools
import sys
import time

import numpy as np
from harness import compare, machine, sized, timed

from bertfit import _env
from bertfit.network import compiling, kernels

tf = _env.tensorflow()
ROWS, LENGTH, WIDTH, HEADS = sized(16, 2), 128, 768, 12
KEY = tf.constant([1, 2], tf.uint32)

#: Name, function, shapes and dtypes of its tensors, and calls per encoder layer.
KERNELS = (
    ("gelu", lambda x: kernels.gelu(x, approximate=True), [((ROWS * LENGTH, 4 * WIDTH), tf.bfloat16)], 1),
    ("normalize", lambda x, g: kernels.normalize(x, g, g, 1e-12),
     [((ROWS, LENGTH, WIDTH), tf.float32), ((WIDTH,), tf.float32)], 2),
    ("drop", lambda x: kernels.drop(x, 0.1, KEY), [((ROWS, LENGTH, WIDTH), tf.float32)], 2),
    ("attention_weights", lambda x: kernels.attention_weights(x, None, 0.125, 0.1, KEY),
     [((ROWS, HEADS, LENGTH, LENGTH), tf.bfloat16)], 1),
)


def both(function, tensors):
    """The plain and the compiled form with their gradients, the seconds of compiling, and the largest difference."""
    traced = {}
    for compiled in (False, True):
        def step(*tensors, compiled=compiled):
            with compiling.compiled(compiled), tf.GradientTape() as tape:
                tape.watch(tensors[0])
                value = function(*tensors)
            return value, tape.gradient(value, tensors[0])

        traced["compiled" if compiled else "plain"] = tf.function(step)
    start = time.perf_counter()
    values = [[tf.cast(x, tf.float32).numpy() for x in step(*tensors)] for step in traced.values()]
    seconds = time.perf_counter() - start
    difference = max(np.abs(a - b).max() for a, b in zip(*values, strict=True))
    return traced, seconds, difference


def main() -> None:
    """Print the table and the constants."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    total = {"plain": 0.0, "compiled": 0.0}
    print(machine())
    print(f"{'':20}{'plain':>9}{'compiled':>10}{'first':>9}{'difference':>12}")
    for name, function, shapes, times in KERNELS:
        tensors = [tf.cast(tf.random.stateless_normal(shape, [1, 2]), dtype) for shape, dtype in shapes]
        traced, first, difference = both(function, tensors)
        runs = {form: timed(functools.partial(step, *tensors)) for form, step in traced.items()}
        seconds = compare(runs, repeats)
        for form, value in seconds.items():
            total[form] += value * times
        plain, compiled = (1e3 * value for value in seconds.values())
        print(f"{name:20}{plain:6.2f} ms{compiled:7.2f} ms{first:7.2f} s{difference:12.1e}")
    for form, value in total.items():
        print(f"{form}: {value / (ROWS * LENGTH * WIDTH):.1e} s per token, layer and unit of width")


if __name__ == "__main__":
    main()
