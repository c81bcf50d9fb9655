"""Kernels: the operations between the matrix products, each compiled to one pass over memory.

TensorFlow runs an expression such as GELU as a dozen operations that each read and write the whole tensor; on a
CPU they cost as much as the products. Within `compiling.compiled`, each function here is one compiled loop forward and
one backward, and keeps less memory for the backward pass. Otherwise it computes the same formula with plain
operations: a loop is compiled for each new shape, which takes longer than a short run saves (`training.shapes`).

tests/python/network/test_kernels.py compares every compiled kernel with the plain one and with NumPy.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "activations": "gelu",
    "attention": "MASKED attention_weights split_heads",
    "dropping": "drop mix",
    "losses": "token_losses",
    "normalization": "normalize residual_norm",
})
