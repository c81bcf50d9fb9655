"""Mutated files either open or raise an error of bertfit's own classes; none takes long, fills the memory or crashes.

A few hundred mutations of each kind of file by default; the environment variable BERTFIT_FUZZ sets the number of all.
"""

import io
import json
import os
import pickle
import random
import resource
import time
import zipfile
from pathlib import Path

import pytest

from bertfit.checkpoints import archive
from bertfit.checkpoints.tfhub import TfHubWeights
from bertfit.checkpoints.weight_files import open_weights
from bertfit.errors import BertfitError

STORED = Path(__file__).parents[1] / "stored" / "tfhub"
KINDS = ("index.json", "zip", "pickle", "old pickle", "saved_model.pb")
TOTAL = int(os.environ.get("BERTFIT_FUZZ", "1000"))
SECONDS, MEGABYTES = 10.0, 600
_BYTES = (0, 1, 0x7F, 0x80, 0xFF)
_VALUES = ("null", "true", "-1", "1e999", "9" * 5000, '""', '"../../x"', '"/etc/passwd"', "[]", "{}", '"\\ud800"',
           "[" * 2000, '"model-00001-of-00002.safetensors"', '"\\u0000.safetensors"', "NaN")
_PICKLED = (b"cos\nsystem\n(S'touch x'\ntR.", b"\x8c\x02os\x8c\x06system\x93", b"R", b"b", b"Q", b"\x85", b"(",
            b"t", b"u", b"0", b"2", b"}", b"]", b"\x8b\xff\xff\xff\x7f", b"\x8d" + b"\xff" * 8, b"J\xff\xff\xff\x7f",
            b"K\x00", b"h\x00", b"\x81", b"\x92", b"o", b"i",
            b"P1\n", b"I9999999999999999999999\n", b"\x98", b".")


def mutated(data: bytes, rng: random.Random, words=()) -> bytes:
    """The bytes with one to four changes: flipped, replaced, left out, doubled or cut short."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1) if data else 0
        length = min(rng.choice((1, 1, 2, 8, 64, 1000)), len(data) - at)
        way = rng.randrange(7)
        if way == 0 and length:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1 and length:
            data[at : at + length] = bytes(rng.choice(_BYTES) for _ in range(length))
        elif way == 2:
            del data[at : at + length]
        elif way == 3:
            data[at:at] = data[at : at + length] * rng.choice((1, 1, 50))
        elif way == 4 and rng.random() < 0.2:
            del data[at:]
        elif way == 5 and words:
            data[at : at + rng.choice((0, length))] = rng.choice(words)
        elif length:
            data[at] = rng.randrange(256)
    return bytes(data)


def mutated_json(text: str, rng: random.Random) -> bytes:
    """The text with a value replaced by an odd one, or changed as bytes."""
    if rng.random() < 0.5:
        return mutated(text.encode(), rng)
    places = [at for at, char in enumerate(text) if char in '":,{}']
    start, stop = sorted((rng.choice(places), rng.choice(places)))
    stop = min(stop, start + 80)
    odd = rng.choice(('"', ":", ",", "")) + rng.choice(_VALUES)
    return f"{text[:start]}{odd}{text[stop:]}".encode("utf-8", "ignore")


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, data in files.items():
            target.writestr(name, data)
    return made.getvalue()


def sharded(folder):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    files = {number: f"model-0000{number}-of-00002.safetensors" for number in (1, 2)}
    for number, file in files.items():
        save_file({f"w{number}.{i}": torch.ones(2) for i in range(4)}, folder / file)
    places = {f"w{number}.{i}": file for number, file in files.items() for i in range(4)}
    return json.dumps({"metadata": {"total_size": 64}, "weight_map": places})


def state():
    torch = pytest.importorskip("torch")
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4)).half().state_dict()


def cases(kind, folder):
    """A function that writes a mutated file, and one that reads what it may have become."""
    def weights():
        found = open_weights(folder)
        for name in found.names:
            found.read(name)

    if kind == "saved_model.pb":
        archive.unpack(STORED / "bert.tar.gz", folder / "bert", 2**24)
        path = folder / "bert" / "saved_model.pb"
        whole = path.read_bytes()
        # Most of the file is the graph; its end is the object graph, which names the variables.
        tail = len(whole) - 40_000

        def write(rng):
            half = rng.random() < 0.5
            path.write_bytes(whole[:tail] + mutated(whole[tail:], rng) if half else mutated(whole, rng))

        return write, lambda: TfHubWeights(folder / "bert")
    if kind == "index.json":
        text, path = sharded(folder), folder / "model.safetensors.index.json"
        path.write_text(text)
        return lambda rng: path.write_bytes(mutated_json(text, rng)), weights
    torch = pytest.importorskip("torch")
    path = folder / "pytorch_model.bin"
    torch.save(state(), path, _use_new_zipfile_serialization=kind != "old pickle")
    whole = path.read_bytes()
    if kind != "pickle":
        return lambda rng: path.write_bytes(mutated(whole, rng, _PICKLED)), weights
    with zipfile.ZipFile(path) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    place = next(name for name in files if name.endswith("data.pkl"))
    return lambda rng: path.write_bytes(zipped({**files, place: mutated(files[place], rng, _PICKLED)})), weights


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_open_or_raise_our_errors(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, read = cases(kind, tmp_path)
    read()  # the whole file; what is imported once is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = refused = 0
    for seed in range(TOTAL // len(KINDS)):
        write(random.Random(f"{kind} {seed}"))
        start = time.perf_counter()
        try:
            read()
            opened += 1
        except BertfitError as error:
            assert str(error)
            refused += 1
        except Exception as error:
            raise AssertionError(f"{kind}, seed {seed}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - start < SECONDS, f"{kind}, seed {seed}"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\n{kind}: {opened} opened, {refused} refused, {grown:.0f} MB more")
    assert refused > opened / 20 and grown < MEGABYTES
    assert not (tmp_path / "x").exists()


def test_the_mutations_would_run_code():
    """Python's own reader runs what is put into the pickles: the refusal is no accident of their form."""
    ran = []
    import sys
    import types

    module = types.ModuleType("fuzzed")
    module.run = lambda *arguments: ran.append(arguments)
    sys.modules["fuzzed"] = module
    try:
        pickle.loads(_PICKLED[0].replace(b"cos\nsystem", b"cfuzzed\nrun"))
    finally:
        del sys.modules["fuzzed"]
    assert ran == [("touch x",)]
