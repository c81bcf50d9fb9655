"""Token ids to logits: the encoder, with keras-bert's layer names and weights, its heads and their kernels.

In: ids and segments [B, S]. Out: token vectors [B, S, H], pooled vectors [B, H], logits [B, K].
"""

from bertfit._exports import lazy_exports

__all__, __getattr__, __dir__ = lazy_exports(__name__, {
    "batches": "STEP filled inference_batches padded_length training_batches",
    "compiling": "compiling",
    "kernels": "kernels",
    "products": "compute_in",
    "tracing": "share",
    "encoder": "Encoder fill_from_google",
    "heads": "build_head draw_pooler feature_width layers_read logits_function network_graph pooling_function",
    "noise": "FreshNormal",
    "pretrain_heads": "PretrainingLayers",
})
