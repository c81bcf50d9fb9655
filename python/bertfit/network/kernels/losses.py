"""The cross-entropy loss over a vocabulary."""

from __future__ import annotations

from bertfit import _env
from bertfit.network.compiling import is_compiling, kernel
from bertfit.network.tracing import custom_gradient

tf = _env.tensorflow()


def token_losses(logits, labels):
    """Cross-entropy [M] of float32 logits [M, V] and token ids [M]."""
    if not is_compiling():
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    @custom_gradient
    def forward(logits):
        losses, sums = _token_losses(logits, labels)
        return losses, lambda dy: _token_losses_gradient(logits, labels, sums, dy)

    return forward(logits)


@kernel
def _token_losses(logits, labels):
    sums = tf.reduce_logsumexp(logits, axis=-1)
    return sums - tf.gather(logits, labels, batch_dims=1), sums


@kernel
def _token_losses_gradient(logits, labels, sums, dy):
    own = tf.range(logits.shape[-1])[None] == labels[:, None]
    return (tf.exp(logits - sums[:, None]) - tf.cast(own, tf.float32)) * dy[:, None]
