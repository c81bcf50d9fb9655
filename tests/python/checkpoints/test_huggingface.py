"""Hugging Face folders: outputs equal those of transformers in PyTorch, and all damage is reported."""

import json
import struct

import numpy as np
import pytest

from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.errors import CheckpointError
from toys.checkpoints import (
    CONFIG,
    google_tensors,
    huggingface_tensors,
    minilm,
    toy_batch,
    write_google,
    write_huggingface,
)


def filled(folder):
    from bertfit.network.encoder import Encoder

    checkpoint = open_checkpoint(folder)
    encoder = Encoder(checkpoint.config, fresh=False)
    checkpoint.fill(encoder)
    return encoder.graph()


def weights(folder):
    return filled(folder).get_weights()


def same(a, b):
    return len(a) == len(b) > 0 and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def transformers_outputs(folder, ids, segments, real):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.BertModel.from_pretrained(str(folder), attn_implementation="eager").eval()
    with torch.no_grad():
        out = model(
            input_ids=torch.tensor(ids.astype(np.int64)), token_type_ids=torch.tensor(segments.astype(np.int64)),
            attention_mask=torch.tensor(real.astype(np.int64)),
        )
    return out.last_hidden_state.numpy(), out.pooler_output.numpy(), sum(p.numel() for p in model.parameters())


def assert_equal_to_transformers(folder, batch):
    ids, segments, real = batch
    sequence, pooled, count = transformers_outputs(folder, *batch)
    encoder = filled(folder)
    actual = encoder([ids, segments])
    assert np.abs(sequence - actual[0].numpy())[real].max() < 1e-4
    assert np.abs(pooled - actual[1].numpy()).max() < 1e-4
    assert np.std(sequence) > 0.1
    assert encoder.count_params() == count


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"])
def test_outputs_equal_transformers(tmp_path, activation):
    folder = write_huggingface(tmp_path / "toy", hidden_act=activation, layer_norm_eps=1e-3)
    assert_equal_to_transformers(folder, toy_batch())


@pytest.mark.real
def test_minilm_equals_transformers():
    ids, segments, real = toy_batch(vocab_size=30522, rows=4, length=48)
    assert_equal_to_transformers(minilm(), (ids, segments, real))


def test_a_model_that_transformers_saved_opens(tmp_path):
    transformers = pytest.importorskip("transformers")
    sizes = {k: v for k, v in CONFIG.items() if k != "initializer_range"}
    model = transformers.BertForSequenceClassification(transformers.BertConfig(**sizes))
    model.save_pretrained(tmp_path / "saved")
    folder = write_huggingface(tmp_path / "texts")
    (tmp_path / "saved/vocab.txt").write_bytes((folder / "vocab.txt").read_bytes())
    expected = model.bert.encoder.layer[1].output.dense.weight.detach().numpy().T
    assert np.array_equal(filled(tmp_path / "saved").get_layer("Encoder-2-FeedForward").get_weights()[2], expected)


def test_the_same_weights_as_from_google(tmp_path):
    assert same(weights(write_huggingface(tmp_path / "h")), weights(write_google(tmp_path / "g", google_tensors())))


def test_prefixes_old_names_buffers_and_heads_change_nothing(tmp_path):
    plain = huggingface_tensors()
    renamed = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in plain.items()
    }
    renamed |= {
        "bert.embeddings.position_ids": np.arange(12)[None],
        "cls.predictions.bias": np.zeros(40, np.float32),
        "cls.predictions.transform.LayerNorm.gamma": np.zeros(16, np.float32),
        "classifier.weight": np.zeros((2, 16), np.float32),
    }
    assert same(weights(write_huggingface(tmp_path / "a")), weights(write_huggingface(tmp_path / "b", renamed)))


def test_half_precision_is_widened(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    plain = huggingface_tensors()
    for dtype, tolerance in ((torch.float16, 2e-3), (torch.bfloat16, 1e-2), (torch.float64, 0)):
        folder = write_huggingface(tmp_path / str(dtype))
        narrow = {name: torch.tensor(np.ascontiguousarray(value)).to(dtype) for name, value in plain.items()}
        save_file(narrow, folder / "model.safetensors")
        kernel = filled(folder).get_layer("NSP-Dense").get_weights()[0]
        assert kernel.dtype == np.float32
        assert np.array_equal(kernel, narrow["pooler.dense.weight"].float().numpy().T)
        assert np.abs(kernel - plain["pooler.dense.weight"].T).max() <= tolerance


# ---- every tensor is accounted for ----


def refused(folder, match):
    with pytest.raises(CheckpointError, match=match) as caught:
        open_checkpoint(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def changed(tmp_path, change, match, **settings):
    tensors = huggingface_tensors()
    change(tensors)
    return refused(write_huggingface(tmp_path / "bad", tensors, **settings), match)


@pytest.mark.parametrize("name", [n for n in huggingface_tensors() if not n.startswith("pooler")])
def test_every_missing_tensor_is_named(tmp_path, name):
    changed(tmp_path, lambda t: t.pop(name), f"Missing: {name} ")


def test_half_a_pooler_is_an_error_and_none_is_told(tmp_path):
    changed(tmp_path / "a", lambda t: t.pop("pooler.dense.bias"), r"Missing: pooler\.dense\.bias")
    tensors = {name: value for name, value in huggingface_tensors().items() if not name.startswith("pooler.")}
    assert open_checkpoint(write_huggingface(tmp_path / "b", tensors)).missing == ("pooler",)
    assert open_checkpoint(write_huggingface(tmp_path / "c")).missing == ()


def test_wrong_shapes_are_named(tmp_path):
    name = "encoder.layer.0.intermediate.dense.weight"
    message = changed(tmp_path, lambda t: t.update({name: t[name].T}), r"is \[16, 24\], not \[24, 16\]")
    assert name in message and "config.json" in message


@pytest.mark.parametrize("name", ["encoder.layer.2.output.dense.bias", "bert.extra", "pooler.x", "bert.cls.x"])
def test_unknown_tensors_are_named(tmp_path, name):
    changed(tmp_path, lambda t: t.update({name: np.zeros(3, np.float32)}), f"Unknown: {name}")


def test_tensors_outside_of_the_encoder_are_named_as_unused(tmp_path):
    extra = {"qa_outputs.weight": np.zeros((2, 16), np.float32), "adapter.x": np.zeros(3, np.float32),
             "cls.seq_relationship.bias": np.zeros(2, np.float32), "bert.embeddings.position_ids": np.arange(12)[None]}
    checkpoint = open_checkpoint(write_huggingface(tmp_path / "a", {**huggingface_tensors(), **extra}))
    assert checkpoint.unused == ("adapter.x", "cls.seq_relationship.bias", "qa_outputs.weight")
    assert open_checkpoint(write_huggingface(tmp_path / "b")).unused == ()


def test_the_same_tensor_twice_is_an_error(tmp_path):
    name = "pooler.dense.bias"
    changed(tmp_path, lambda t: t.update({f"bert.{name}": t[name]}), "twice")


def test_integers_and_values_that_are_not_finite_are_errors(tmp_path):
    name = "pooler.dense.bias"
    changed(tmp_path / "a", lambda t: t.update({name: t[name].astype(np.int32)}), f"{name}: its type I32")

    def poison(tensors):
        tensors[name] = tensors[name].copy()
        tensors[name][0] = np.inf

    changed(tmp_path / "b", poison, f"{name}: .*not finite")


def test_many_faults_are_one_error(tmp_path):
    def change(tensors):
        for name in [n for n in tensors if n.startswith("encoder.layer.1.")]:
            del tensors[name]
        tensors["encoder.zzz"] = np.zeros(1, np.float32)

    message = changed(tmp_path, change, "Missing")
    assert "and 11 more" in message and "Unknown: encoder.zzz" in message


# ---- damage ----


@pytest.mark.parametrize("keep", [0, 5, 100, 3000, -4, -1])
def test_a_truncated_file_is_an_error(tmp_path, keep):
    folder = write_huggingface(tmp_path / "toy")
    file = folder / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:keep])
    header_ends = 8 + struct.unpack("<Q", content[:8])[0]
    cut_in_data = keep < 0 or keep > header_ends
    message = refused(folder, "cut short" if cut_in_data else "header")
    assert "model.safetensors" in message and ("tensor " in message) == cut_in_data


def test_trailing_bytes_and_bad_headers_are_errors(tmp_path):
    folder = write_huggingface(tmp_path / "toy")
    file = folder / "model.safetensors"
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    name = "pooler.dense.bias"

    def with_header(**entry):
        text = json.dumps({**header, name: {**header[name], **entry}}).encode()
        return struct.pack("<Q", len(text)) + text + content[8 + length :]

    for bad in (
        content + b"x",
        struct.pack("<Q", 2**40) + content[8:],
        content[:8] + b"[" + content[9:],
        with_header(shape=[15]),
        with_header(dtype="F12"),
        with_header(data_offsets=[0, 64]),
        with_header(data_offsets=["a", "b"]),
    ):
        file.write_bytes(bad)
        refused(folder, r"model\.safetensors")


# ---- other models, other formats ----


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"model_type": "deberta-v2"}, '`model_type`.* "bert", .*"mpnet".*\n.*"deberta-v2"'),
        ({"model_type": None}, "`model_type`.*must be one of"),
        ({"position_embedding_type": "relative_key"}, "`position_embedding_type`.*\n.*relative_key"),
        ({"is_decoder": True}, "`is_decoder`"),
        ({"hidden_act": "silu"}, "`hidden_act`"),
        ({"intermediate_size": None}, "has no intermediate_size"),
        ({"pad_token_id": 3}, "`pad_token_id`.*\n.*says 3; in .* it is 0"),
        ({"vocab_size": 44}, r"embeddings\.word_embeddings\.weight is \[40, 16\], not \[44, 16\]"),
        ({"vocab_size": 39}, "has 40 tokens; `vocab_size` in .* is 39"),
        ({"layer_norm_eps": 0}, "`layer_norm_eps` must be"),
        ({"num_hidden_layers": 3}, r"Missing: encoder\.layer\.2\."),
    ],
)
def test_configurations_that_do_not_fit_are_named(tmp_path, settings, match):
    assert "config.json" in refused(write_huggingface(tmp_path / "toy", **settings), match)


@pytest.mark.parametrize(
    ("name", "what"),
    [("tf_model.h5", "Keras"), ("flax_model.msgpack", "Flax"), ("adapter_config.json", "adapter"),
     ("other.txt", "has neither, and no shards")],
)
def test_other_weight_formats_say_how_to_convert(tmp_path, name, what):
    folder = write_huggingface(tmp_path / "toy")
    (folder / "model.safetensors").rename(folder / name)
    message = refused(folder, what)
    assert ("save_pretrained" in message) == (name != "other.txt")


def test_files_that_change_after_the_check_leave_no_half_filled_model(tmp_path):
    from bertfit.model.model import Model

    folder = write_huggingface(tmp_path / "toy")
    checkpoint = open_checkpoint(folder)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:9000])
    with pytest.raises(CheckpointError, match="must be whole"):
        Model.from_checkpoint(checkpoint)
