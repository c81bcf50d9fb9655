"""The small operations between the matrix products, each as one pass over memory.

TensorFlow runs an expression such as GELU as a dozen operations that each read and write the whole tensor; on a
CPU they cost as much as the products. Within `compiling.compiled`, the functions here are one loop forward and one
backward, and keep less for the backward pass. Outside it they are the same formulas as plain operations: a compiled
loop belongs to one shape, and a short run does not win its compilation back (`training.shapes`).

tests/python/network/test_kernels.py holds every compiled form against the plain one and against NumPy.
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "activations": "gelu",
    "attention": "MASKED attention_weights split_heads",
    "dropping": "drop mix",
    "losses": "token_losses",
    "normalization": "normalize residual_norm",
})
