"""Toy checkpoints on disk, written under the names that Google's and Hugging Face's own code uses.

The names are spelled out here a second time on purpose: a mistake in `bertfit.tensors` must not hide.
"""

import json
from pathlib import Path

import numpy as np

CONFIG = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
    "initializer_range": 0.02,
}
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{i}" for i in range(9))]


def google_tensors(config=CONFIG, seed=1):
    """Google's variables, heads and optimizer slots included, as name -> float32 array, well away from zero."""
    h, f = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "bert/embeddings/word_embeddings": (config["vocab_size"], h),
        "bert/embeddings/token_type_embeddings": (config["type_vocab_size"], h),
        "bert/embeddings/position_embeddings": (config["max_position_embeddings"], h),
        "bert/embeddings/LayerNorm/gamma": (h,),
        "bert/embeddings/LayerNorm/beta": (h,),
        "bert/pooler/dense/kernel": (h, h),
        "bert/pooler/dense/bias": (h,),
        "cls/predictions/output_bias": (config["vocab_size"],),
        "cls/predictions/transform/dense/kernel": (h, h),
        "cls/predictions/transform/dense/bias": (h,),
        "cls/predictions/transform/LayerNorm/gamma": (h,),
        "cls/predictions/transform/LayerNorm/beta": (h,),
        "cls/seq_relationship/output_weights": (2, h),
        "cls/seq_relationship/output_bias": (2,),
        "bert/pooler/dense/kernel/adam_m": (h, h),
        "bert/pooler/dense/kernel/adam_v": (h, h),
    }
    for i in range(config["num_hidden_layers"]):
        layer = f"bert/encoder/layer_{i}"
        for part, rows, columns in (
            ("attention/self/query", h, h), ("attention/self/key", h, h), ("attention/self/value", h, h),
            ("attention/output/dense", h, h), ("intermediate/dense", h, f), ("output/dense", f, h),
        ):
            shapes[f"{layer}/{part}/kernel"], shapes[f"{layer}/{part}/bias"] = (rows, columns), (columns,)
        for part in ("attention/output", "output"):
            shapes[f"{layer}/{part}/LayerNorm/gamma"] = shapes[f"{layer}/{part}/LayerNorm/beta"] = (h,)
    random = np.random.default_rng(seed)
    tensors = {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    return tensors | {"global_step": np.array(7, np.int64)}


def write_tensorflow(prefix, tensors):
    """A TensorFlow checkpoint with these variables at the path `prefix`."""
    from bertfit import _env

    tf = _env.tensorflow()
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tensors[n] for n in names]
    )


def write_texts(folder, config, config_name, tokens=TOKENS):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / config_name).write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
    return folder


def write_google(folder, tensors=None, config=CONFIG, prefix="bert_model.ckpt", tokens=TOKENS):
    """A folder as Google's zip archives have it."""
    folder = write_texts(Path(folder), config, "bert_config.json", tokens)
    write_tensorflow(folder / prefix, google_tensors(config) if tensors is None else tensors)
    return folder


def huggingface_tensors(config=CONFIG, seed=1):
    """The same weights as `google_tensors`, under Hugging Face's names and the other way round."""
    google = google_tensors(config, seed)
    g = {name.removeprefix("bert/"): value for name, value in google.items() if name.startswith("bert/")}
    tensors = {
        "embeddings.word_embeddings.weight": g["embeddings/word_embeddings"],
        "embeddings.position_embeddings.weight": g["embeddings/position_embeddings"],
        "embeddings.token_type_embeddings.weight": g["embeddings/token_type_embeddings"],
        "embeddings.LayerNorm.weight": g["embeddings/LayerNorm/gamma"],
        "embeddings.LayerNorm.bias": g["embeddings/LayerNorm/beta"],
        "pooler.dense.weight": g["pooler/dense/kernel"].T,
        "pooler.dense.bias": g["pooler/dense/bias"],
    }
    for i in range(config["num_hidden_layers"]):
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                     "intermediate.dense", "output.dense"):
            source = f"encoder/layer_{i}/{part.replace('.', '/')}"
            tensors[f"encoder.layer.{i}.{part}.weight"] = g[f"{source}/kernel"].T
            tensors[f"encoder.layer.{i}.{part}.bias"] = g[f"{source}/bias"]
        for part in ("attention.output", "output"):
            source = f"encoder/layer_{i}/{part.replace('.', '/')}/LayerNorm"
            tensors[f"encoder.layer.{i}.{part}.LayerNorm.weight"] = g[f"{source}/gamma"]
            tensors[f"encoder.layer.{i}.{part}.LayerNorm.bias"] = g[f"{source}/beta"]
    return tensors


def write_huggingface(folder, tensors=None, config=CONFIG, tokens=TOKENS, **settings):
    """A folder as transformers' save_pretrained leaves it; `settings` go into config.json."""
    from safetensors.numpy import save_file

    config = {"model_type": "bert", "layer_norm_eps": 1e-12, "pad_token_id": 0, **config, **settings}
    folder = write_texts(Path(folder), config, "config.json", tokens)
    tensors = huggingface_tensors() if tensors is None else tensors
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, folder / "model.safetensors")
    return folder


def minilm():
    """The folder of a real pretrained encoder; skips the test where it can neither be found nor fetched."""
    import pytest

    from bertfit.checkpoints import downloads
    from bertfit.errors import DownloadError

    try:
        return downloads.download("minilm-l6-uncased")
    except DownloadError as error:
        if "reachable" in str(error):
            pytest.skip(str(error))
        raise


def toy_batch(vocab_size=40, rows=5, length=12, seed=3):
    """Ids and segments [rows, length] with pairs and padding, and which positions are real."""
    random = np.random.default_rng(seed)
    ids = random.integers(5, vocab_size, (rows, length)).astype(np.int32)
    segments = (np.arange(length)[None] >= random.integers(3, length, (rows, 1))).astype(np.int32)
    lengths = random.integers(4, length + 1, rows)
    lengths[0] = length
    real = np.arange(length)[None] < lengths[:, None]
    return ids * real, segments * real, real
