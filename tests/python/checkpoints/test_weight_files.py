"""Weight files of every format give the tensors that PyTorch wrote; damage and code are refused."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bertfit.checkpoints import weight_files
from bertfit.checkpoints.checkpoint import open_checkpoint
from bertfit.checkpoints.weight_files import open_weights
from bertfit.errors import CheckpointError
from toys.checkpoints import CONFIG, write_huggingface, write_texts

torch = pytest.importorskip("torch")

INDEX, BIN = "model.safetensors.index.json", "pytorch_model.bin"


def toy_state(seed=0):
    """Tensors of every type and layout that a state dict may have."""
    torch.manual_seed(seed)
    base = torch.randn(6, 4)
    return {
        "plain": base, "turned": base.T, "view": base[1:4, 1:3], "half": base.half(), "brain": base.bfloat16(),
        "double": base.double(), "parameter": torch.nn.Parameter(base), "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5), "ids": torch.arange(5)[None],
    }


def written(folder, state, **options):
    folder.mkdir(exist_ok=True)
    torch.save(state, folder / BIN, **options)
    return folder


def saved_by_transformers(folder, size="100GB", dtype=None):
    """A BERT saved by transformers, with a vocabulary; returns the model."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    sizes = {k: v for k, v in CONFIG.items() if k != "initializer_range"}
    model = transformers.BertForPreTraining(transformers.BertConfig(**sizes)).to(dtype or torch.float32)
    model.save_pretrained(folder, max_shard_size=size)
    write_texts(folder, json.loads((folder / "config.json").read_text()), "config.json")
    return model


def layer_weights(folder):
    from bertfit.network.encoder import Encoder

    checkpoint = open_checkpoint(folder)
    encoder = Encoder(checkpoint.config, fresh=False)
    checkpoint.fill(encoder)
    return [*encoder.graph().get_weights(), *(w for ws in checkpoint.heads().values() for w in ws)]


def same(a, b):
    return len(a) == len(b) > 0 and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def refused(folder, match):
    with pytest.raises(CheckpointError, match=match) as caught:
        open_weights(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


# ---- what is read ----


@pytest.mark.parametrize("options", [{}, {"pickle_protocol": 4}, {"_use_new_zipfile_serialization": False}])
def test_a_bin_gives_the_tensors_that_torch_saved(tmp_path, options):
    state = toy_state()
    weights = open_weights(written(tmp_path / "w", state, **options))
    assert weights.names == {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name, tensor in state.items():
        if name != "ids":
            values = weights.read(name)
            assert values.dtype == np.float32
            assert np.array_equal(values, tensor.detach().float().numpy()), name
    with pytest.raises(CheckpointError, match="tensor ids: its type I64 is not a float"):
        weights.read("ids")


def test_a_state_dict_with_its_metadata_is_read(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
    weights = open_weights(written(tmp_path / "w", module.state_dict()))
    assert np.array_equal(weights.read("0.weight"), module[0].weight.detach().numpy())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_form_of_a_bert_is_the_same_model(tmp_path, dtype):
    model = saved_by_transformers(tmp_path / "whole", dtype=dtype)
    whole = layer_weights(tmp_path / "whole")
    expected = model.bert.encoder.layer[1].output.dense.weight.detach().float().numpy().T
    assert any(np.array_equal(array, expected) for array in whole)

    saved_by_transformers(tmp_path / "shards", size="4KB", dtype=dtype)
    assert not (tmp_path / "shards/model.safetensors").exists()
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 1
    assert same(layer_weights(tmp_path / "shards"), whole)

    (tmp_path / "whole/model.safetensors").unlink()
    written(tmp_path / "whole", model.state_dict())
    assert same(layer_weights(tmp_path / "whole"), whole)

    (tmp_path / "whole" / BIN).unlink()
    names = sorted(model.state_dict())
    halves = {f"pytorch_model-0000{i}-of-00002.bin": names[i - 1 :: 2] for i in (1, 2)}
    for file, part in halves.items():
        torch.save({name: model.state_dict()[name] for name in part}, tmp_path / "whole" / file)
    places = {name: file for file, part in halves.items() for name in part}
    (tmp_path / "whole" / f"{BIN}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert same(layer_weights(tmp_path / "whole"), whole)


def test_safetensors_come_before_anything_else(tmp_path):
    folder = write_huggingface(tmp_path / "toy")
    (folder / BIN).write_bytes(b"not read")
    (folder / INDEX).write_text("not read")
    assert open_weights(folder).paths == (folder / "model.safetensors",)


def test_only_the_bytes_of_the_tensor_asked_for_are_read(tmp_path, monkeypatch):
    """16 MB in the file, of which one tensor of 4 KB is read: the peak of new memory stays far below 1 MB."""
    import tracemalloc

    large = torch.zeros(2**22)
    weights_folder = written(tmp_path / "w", {"large": large, "small": torch.ones(1024)})
    tracemalloc.start()
    values = open_weights(weights_folder).read("small")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.sum() == 1024 and peak < 2**20


def test_the_digest_covers_every_file(tmp_path):
    saved_by_transformers(tmp_path / "shards", size="4KB")
    weights = open_weights(tmp_path / "shards")
    before = weights.sha256
    assert len(weights.paths) == 1 + len(list((tmp_path / "shards").glob("model-*.safetensors")))
    content = bytearray(weights.paths[-1].read_bytes())
    content[-1] ^= 1
    weights.paths[-1].write_bytes(content)
    os.utime(weights.paths[-1], ns=(1, 1))
    assert open_weights(tmp_path / "shards").sha256 != before


def test_a_shard_that_changes_before_the_model_is_built_is_told(tmp_path):
    saved_by_transformers(tmp_path / "shards", size="4KB")
    checkpoint = open_checkpoint(tmp_path / "shards")
    checkpoint.require_unchanged()
    checkpoint.weights[-1].write_bytes(checkpoint.weights[-1].read_bytes() + b"x")
    with pytest.raises(CheckpointError, match="must stay as it is"):
        checkpoint.require_unchanged()


# ---- shards and their index ----


def test_an_index_that_does_not_fit_its_shards_is_an_error(tmp_path):
    saved_by_transformers(tmp_path / "s", size="4KB")
    index = tmp_path / "s" / INDEX
    content = json.loads(index.read_text())
    places = content["weight_map"]
    name, place = next(iter(places.items()))
    other = next(file for file in places.values() if file != place)

    def with_places(**changed):
        index.write_text(json.dumps({**content, "weight_map": {**places, **changed}}))

    (tmp_path / "s" / "sub").mkdir()
    for bad in ("../secret.safetensors", "/etc/passwd", "sub/x.safetensors", "model.bin", 3, None, "a\0.safetensors"):
        with_places(**{name: bad})
        refused(tmp_path / "s", "is not the name of a .safetensors file beside it")
    with_places(**{name: "model-9.safetensors"})
    refused(tmp_path / "s", r"must have all files that its .*\n.*has no model-9\.safetensors")
    with_places(**{name: other})
    refused(tmp_path / "s", f"tensor {name}: .*(it is not|does not say)")
    with_places(**{"more.weight": place})
    refused(tmp_path / "s", "tensor more.weight: .* and it is not")
    for text in ("{}", '{"weight_map": []}', '{"weight_map": {}}'):
        index.write_text(text)
        refused(tmp_path / "s", "no `weight_map`")
    for text in ("", "[" * 100_000, '{"weight_map": ' * 100_000):
        index.write_text(text)
        refused(tmp_path / "s", "must be valid JSON")


# ---- pickles ----


class Evil:
    """An object whose unpickling creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_code_in_a_bin_is_refused_and_not_run(tmp_path):
    target = tmp_path / "made by the file"
    for number, options in enumerate([{}, {"pickle_protocol": 4}, {"_use_new_zipfile_serialization": False}]):
        folder = written(tmp_path / str(number), {"a": torch.ones(3), "b": Evil(target)}, **options)
        message = refused(folder, "nothing that runs code")
        assert ".open" in message and "Nothing in it was run" in message and not target.exists()
    torch.load(folder / BIN, weights_only=False)  # the file is what it claims to be
    assert target.exists()


@pytest.mark.parametrize(
    "value",
    [os.system, print, torch.nn.Linear(2, 2), np.float64(1), np.ones(3), Path("x"), {1, 2}, torch.device("cpu"), 1 + 2j,
     torch.Size([1])],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_refused(tmp_path, value):
    refused(written(tmp_path / "w", {"a": value}), "nothing that runs code")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ([torch.ones(2)], "has a list"),
        (torch.ones(2), "has a Tensor"),
        ({"model": {"a": torch.ones(2)}, "epoch": 3}, "under 'model' a dict"),
        ({3: torch.ones(2)}, "has a dict"),
        ({("a",): torch.ones(2)}, "a tuple as the name"),
    ],
)
def test_a_bin_holds_a_dictionary_of_tensors(tmp_path, content, match):
    refused(written(tmp_path / "w", content), match)


@pytest.mark.parametrize("keep", [0, 3, 40, 1000, -1, -30, -500])
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_a_truncated_bin_is_an_error(tmp_path, keep, options):
    file = written(tmp_path / "w", toy_state(), **options) / BIN
    file.write_bytes(file.read_bytes()[:keep])
    refused(tmp_path / "w", "must be whole")


def rewritten(folder, change):
    """The zip archive again, with its files (name -> bytes) as `change` leaves them."""
    with zipfile.ZipFile(folder / BIN) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    change(files)
    with zipfile.ZipFile(folder / BIN, "w") as target:
        for name, data in files.items():
            target.writestr(name, data)


def test_a_foreign_byte_order_is_refused(tmp_path):
    folder = written(tmp_path / "w", toy_state())
    rewritten(folder, lambda files: files.update({"pytorch_model/byteorder": b"big"}))
    refused(folder, "little-endian")


def test_missing_and_short_storages_are_named(tmp_path):
    def refused_after(change, match):
        folder = written(tmp_path / "w", {"a": torch.ones(5)})
        rewritten(folder, change)
        refused(folder, match)

    refused_after(lambda files: files.pop("pytorch_model/data/0"), "tensor a: its numbers .* are missing")
    refused_after(lambda files: files.update({"pytorch_model/data/0": b"1234"}), "has 4 bytes, not 20")
    refused_after(lambda files: files.pop("pytorch_model/data.pkl"), r"no data\.pkl")
    refused_after(lambda files: files.update({"pytorch_model/constants.pkl": b""}), "TorchScript")


def with_tensor(folder, offset, shape, strides):
    """A bin with one tensor of a storage of 6 numbers, whose view is said to be this."""
    written(folder, {"a": torch.ones(6)})

    class Stored:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", torch.FloatStorage, "0", "cpu", 6) if isinstance(value, Stored) else None

    class View:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Stored(), offset, shape, strides, False, {})

    made = io.BytesIO()
    Pickler(made, 2).dump({"a": View()})
    rewritten(folder, lambda files: files.update({"pytorch_model/data.pkl": made.getvalue()}))
    return folder


def test_views_stay_inside_their_storage(tmp_path):
    good = open_weights(with_tensor(tmp_path / "w", 1, (2, 2), (3, 1)))
    assert good.names == {"a": (2, 2)} and good.read("a").sum() == 4
    for offset, shape, strides in [
        (1, (6,), (1,)), (0, (7,), (1,)), (0, (2, 2), (5, 1)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (2,), (1, 1)),
        (0, (2.0,), (1,)), (0, (True,), (1,)), (0, (10**12,), (0,)), (0, (2**70,), (2**70,)), (0, "ab", "cd"),
    ]:
        refused(with_tensor(tmp_path / "w", offset, shape, strides), "must be whole")


def test_the_names_of_the_files_are_those_of_transformers():
    utils = pytest.importorskip("transformers.utils")
    assert weight_files.FILES == (utils.SAFE_WEIGHTS_NAME, utils.SAFE_WEIGHTS_INDEX_NAME, "pytorch_model.bin",
                                  "pytorch_model.bin.index.json")
