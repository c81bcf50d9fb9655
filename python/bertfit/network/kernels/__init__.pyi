# Written by tests/python/test_types.py.
from bertfit.network.kernels.activations import gelu as gelu
from bertfit.network.kernels.attention import MASKED as MASKED
from bertfit.network.kernels.attention import attention_weights as attention_weights
from bertfit.network.kernels.attention import split_heads as split_heads
from bertfit.network.kernels.dropping import drop as drop
from bertfit.network.kernels.dropping import mix as mix
from bertfit.network.kernels.losses import token_losses as token_losses
from bertfit.network.kernels.normalization import normalize as normalize
from bertfit.network.kernels.normalization import residual_norm as residual_norm
__all__: list[str]
