# Written by tests/python/test_types.py.
from bertfit.network.batches import STEP as STEP
from bertfit.network.batches import filled as filled
from bertfit.network.batches import inference_batches as inference_batches
from bertfit.network.batches import padded_length as padded_length
from bertfit.network.batches import training_batches as training_batches
from bertfit.network import compiling as compiling
from bertfit.network import kernels as kernels
from bertfit.network.products import compute_in as compute_in
from bertfit.network.tracing import share as share
from bertfit.network.encoder import Encoder as Encoder
from bertfit.network.encoder import fill_from_google as fill_from_google
from bertfit.network.heads import build_head as build_head
from bertfit.network.heads import draw_pooler as draw_pooler
from bertfit.network.heads import feature_width as feature_width
from bertfit.network.heads import layers_read as layers_read
from bertfit.network.heads import logits_function as logits_function
from bertfit.network.heads import network_graph as network_graph
from bertfit.network.heads import pooling_function as pooling_function
from bertfit.network.noise import FreshNormal as FreshNormal
from bertfit.network.pretrain_heads import PretrainingLayers as PretrainingLayers
__all__: list[str]
