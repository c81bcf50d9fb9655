"""Pretraining learns, its losses are transformers', and a killed run goes on to the same weights."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.pretraining import PretrainConfig, PretrainHeads
from bertfit.corpus.data import open_pretraining_data
from bertfit.corpus.writer import make_pretraining_data
from bertfit.errors import ArgumentError, BundleError, DataError, TrainingError
from bertfit.inference.mask_filling import fill_mask, next_sentence
from bertfit.model import persist
from bertfit.model.exporting import export
from bertfit.model.fresh import fresh_model
from bertfit.rows.table import Rows
from bertfit.text.vocabulary import Vocabulary
from bertfit.text.vocabulary_training import train_vocabulary
from bertfit.training.callbacks import Callback
from bertfit.training.pretraining import pretrain
from bertfit.training.pretraining_objective import Pretraining, step_inputs
from bertfit.training.run import Run
from bertfit.training.shapes import Shapes
from toys.models import OTHER_ENCODERS

tf = _env.tensorflow()

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
         "max_position_embeddings": 32}
QUIET = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
# A text of our own: eight short tales whose sentences follow from each other.
TALES = [[f"the {who} went to the {where} in the morning", f"there the {who} met a {whom} by the gate",
          f"the {whom} gave the {who} a {what} to carry", f"in the evening the {who} brought the {what} home"]
         for who, where, whom, what in [
             ("miller", "market", "baker", "sack"), ("fisher", "harbour", "sailor", "net"),
             ("smith", "forge", "farmer", "hammer"), ("child", "school", "teacher", "book"),
             ("queen", "garden", "painter", "rose"), ("monk", "abbey", "pilgrim", "candle"),
             ("hunter", "forest", "ranger", "lantern"), ("weaver", "mill", "dyer", "cloth")]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with the tales as a corpus, their vocabulary and pretraining data."""
    folder = tmp_path_factory.mktemp("tales")
    (folder / "corpus.txt").write_text("\n\n".join("\n".join(tale) for tale in TALES) + "\n")
    sentences = [sentence for tale in TALES for sentence in tale]
    vocabulary = train_vocabulary(sentences * 3, 150, out=folder / "vocab.txt")
    make_pretraining_data(folder / "corpus.txt", vocabulary, folder / "data", max_len=32, dup_factor=6, seed=1)
    return folder


@pytest.fixture(scope="module")
def data(corpus):
    return open_pretraining_data(corpus / "data")


def fresh(corpus, seed=1, **settings):
    return fresh_model({**SIZES, **settings}, Vocabulary.from_file(corpus / "vocab.txt", lower_case=True), seed=seed)


def same(a, b):
    return all(np.array_equal(x, y) for name in a.weights()
               for x, y in zip(a.weights()[name], b.weights()[name], strict=True))


class Interrupt(Callback):
    def __init__(self, step):
        self.step, self.seen = step, 0

    def on_step(self, info):
        self.seen += 1
        if self.seen == self.step:
            raise KeyboardInterrupt


# -- What is learnt ------------------------------------------------------------------------------------

def test_a_small_text_is_learnt_by_heart(corpus, data):
    model = pretrain(fresh(corpus, **QUIET), data, config=PretrainConfig(
        steps=400, steps_per_epoch=100, batch_size=32, learning_rate=5e-3, warmup=0.1, masking="static", seed=1))
    history = model.record["history"]
    assert history["mlm_accuracy"][-1] > 0.9
    assert history["nsp_accuracy"][-1] > 0.9
    assert history["mlm_loss"][0] > history["mlm_loss"][-1]
    assert history["steps"] == [100, 200, 300, 400] and history["epoch"] == [1, 2, 3, 4]


@pytest.mark.parametrize("heads", [PretrainHeads(), PretrainHeads("tied", "plain")])
def test_both_forms_of_heads_learn(corpus, data, heads):
    model = pretrain(fresh(corpus), data, heads=heads,
                     config=PretrainConfig(steps=60, steps_per_epoch=30, learning_rate=5e-3, seed=1))
    losses = model.record["history"]["mlm_loss"]
    assert losses[1] < losses[0] - 0.3
    names = list(model.weights())
    assert ("MLM-Dense" in names) == (heads.mlm == "transform") and "NSP" in names


def test_masked_tokens_alone_are_learnt_without_the_next_sentence(corpus, data, tmp_path):
    start = fresh(corpus)
    config = PretrainConfig(steps=60, steps_per_epoch=30, learning_rate=5e-3, seed=1)
    model = pretrain(start, data, heads=PretrainHeads(nsp="none"), config=config, validation=data)
    history = model.record["history"]
    assert history["mlm_loss"][1] < history["mlm_loss"][0] - 0.3 and history["loss"] == history["mlm_loss"]
    assert not [name for name in history if "nsp" in name] and "val_mlm_accuracy" in history
    assert "NSP" not in model.weights()
    np.testing.assert_array_equal(model.weights()["NSP-Dense"][0], start.weights()["NSP-Dense"][0])
    assert len(fill_mask(model, Rows.of(["the miller went to the [MASK]"]), top=2)["token"]) == 2
    with pytest.raises(ArgumentError, match="must have an NSP head"):
        next_sentence(model, Rows.of(["a"], ["b"]))
    with pytest.raises(ArgumentError, match="`monitor` must be another measure"):
        pretrain(model, data, config=PretrainConfig(steps=1, monitor="nsp_loss"))


@pytest.mark.parametrize("family", OTHER_ENCODERS)
def test_every_other_encoder_is_pretrained(corpus, data, family):
    start = fresh(corpus, **OTHER_ENCODERS[family])
    model = pretrain(start, data, config=PretrainConfig(steps=40, steps_per_epoch=20, learning_rate=5e-3, seed=1))
    assert model.pretrain_heads.nsp == ("google" if start.config.type_vocab_size == 2 else "none")
    losses = model.record["history"]["mlm_loss"]
    assert losses[1] < losses[0] - 0.2


def test_tied_logits_alone_need_embeddings_of_the_vectors_width(corpus, data):
    with pytest.raises(ArgumentError, match='`heads` must have mlm "transform"'):
        pretrain(fresh(corpus, embedding_size=6), data, heads=PretrainHeads("tied", "plain"))


def test_losses_are_those_of_transformers(corpus, data, tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = fresh(corpus, **QUIET)
    model.add_pretraining(PretrainHeads(), seed=3)
    batch = next(data.batches(16, seed=1))
    objective = Pretraining(model, data, None, PretrainConfig(batch_size=16, precision="float32"), 1)
    sums = objective.measure(batch)
    other = transformers.BertForPreTraining.from_pretrained(export(model, tmp_path / "hf", "huggingface")).eval()
    labels = np.full(batch.input_ids.shape, -100)
    rows, columns = np.nonzero(batch.weights)
    labels[rows, batch.positions[rows, columns]] = batch.labels[rows, columns]
    with torch.no_grad():
        out = other(**{name: torch.tensor(value.astype(np.int64)) for name, value in {
            "input_ids": batch.input_ids, "token_type_ids": batch.segment_ids,
            "attention_mask": (batch.input_ids != 0), "labels": labels, "next_sentence_label": batch.next_labels,
        }.items()})
    assert sums[2] == len(rows) and sums[5] == 16
    assert abs(sums[0] / sums[2] + sums[3] / sums[5] - float(out.loss)) < 1e-4
    right = (out.prediction_logits.argmax(-1).numpy() == labels).sum()
    assert sums[1] == right and sums[4] == (out.seq_relationship_logits.argmax(-1).numpy() == batch.next_labels).sum()


def test_a_step_sees_masked_places_and_no_padding_columns(data):
    batch = next(data.batches(8, seed=2))
    ids, segments, places, labels, following = step_inputs(batch, 0, Shapes(None, 32))
    assert ids.shape[1] < 32 or (batch.input_ids[:, 24:] != 0).any()
    assert ids.shape[1] % 8 == 0 and not batch.input_ids[:, ids.shape[1]:].any()
    masked = int(batch.weights.sum())
    assert len(places) == len(labels) == -(-masked // 64) * 64  # filled up
    assert (labels[masked:] == -1).all() and (labels[:masked] >= 0).all()
    places, labels = places[:masked], labels[:masked]
    restored = ids.copy().reshape(-1)
    restored[places] = labels
    assert (np.sort(places) == np.unique(places)).all()  # each masked place once
    assert (restored.reshape(ids.shape)[:, 0] == ids[:, 0]).all()  # never [CLS]
    assert segments.shape == ids.shape and len(following) == 8


def test_masks_are_new_in_every_epoch_unless_static(corpus, data):
    def seen(masking):
        config = PretrainConfig(batch_size=data.n, masking=masking)
        steps = Pretraining(fresh_with_heads(corpus), data, None, config, 1).steps(0)
        return [np.sort(b.input_ids, axis=None).tobytes() for _, [b] in zip(range(2), steps, strict=False)]

    first, second = seen("dynamic")
    assert first != second
    first, second = seen("static")
    assert first == second


def fresh_with_heads(corpus):
    model = fresh(corpus)
    model.add_pretraining(PretrainHeads())
    return model


def test_validation_trains_nothing(corpus, data):
    config = PretrainConfig(steps=6, steps_per_epoch=3, seed=4)
    with_it = pretrain(fresh(corpus), data, config=config, validation=data)
    without = pretrain(fresh(corpus), data, config=config)
    assert same(with_it, without)
    assert set(with_it.record["history"]) - set(without.record["history"]) == {
        f"val_{name}" for name in ("loss", "mlm_loss", "mlm_accuracy", "nsp_loss", "nsp_accuracy")}


# -- What is kept, and going on ------------------------------------------------------------------------

CONFIG = {"steps": 20, "steps_per_epoch": 5, "batch_size": 16, "learning_rate": 1e-3, "seed": 7, "save_steps": 2}


@pytest.mark.parametrize("step", [12, 10, 20])  # within an epoch, at the end of one, at the end of all
def test_an_interrupted_run_goes_on_to_the_same_weights(corpus, data, tmp_path, step):
    start, config = fresh(corpus), PretrainConfig(**CONFIG)
    whole = pretrain(start, data, config=config, out_dir=tmp_path / "whole")
    part = pretrain(start, data, config=config, out_dir=tmp_path / "part", callbacks=[Interrupt(step)])
    assert part.record["interrupted"] and part.record["steps"] == step
    assert same(part, whole) == (step == 20) and len(part.record["history"]["loss"]) == (step - 1) // 5
    done = pretrain(start, data, config=config, out_dir=tmp_path / "part", resume=True)
    assert same(done, whole)
    for name in ("loss", "mlm_accuracy", "nsp_accuracy", "steps", "learning_rate"):
        assert done.record["history"][name] == whole.record["history"][name]
    assert same(persist.load(tmp_path / "whole" / "last"), whole)
    assert [p.name[:15] for p in (tmp_path / "part").glob("state-*")] == ["state-000000020"]


def test_ctrl_c_in_the_middle_of_a_step_waits_for_its_end(corpus, data, tmp_path, monkeypatch):
    start, config, run_batch, count = fresh(corpus), PretrainConfig(**CONFIG), Run.run_batch, itertools.count(1)
    whole = pretrain(start, data, config=config)

    def interrupted(self, batch, last):
        sums = run_batch(self, batch, last)  # the weights have changed, the step is not counted yet
        if next(count) == 12:
            signal.raise_signal(signal.SIGINT)
        return sums

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell's jobs ignore it
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Run, "run_batch", interrupted)
            part = pretrain(start, data, config=config, out_dir=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert part.record["interrupted"] and part.record["steps"] == 12
    assert same(pretrain(start, data, config=config, out_dir=tmp_path, resume=True), whole)


def test_with_compiled_kernels_too(corpus, data, tmp_path, request):
    start, config = fresh(corpus, **QUIET), PretrainConfig(**CONFIG, precision="float32")
    plain = pretrain(start, data, config=config)
    request.getfixturevalue("compile_at_once")
    whole = pretrain(start, data, config=config)
    for name in ("loss", "mlm_accuracy", "nsp_accuracy"):
        np.testing.assert_allclose(whole.record["history"][name], plain.record["history"][name], rtol=1e-3)
    pretrain(start, data, config=config, out_dir=tmp_path, callbacks=[Interrupt(12)])
    assert same(pretrain(start, data, config=config, out_dir=tmp_path, resume=True), whole)


def test_a_killed_process_goes_on_to_the_same_weights(corpus, data, tmp_path):
    start = fresh(corpus)
    whole = pretrain(start, data, config=PretrainConfig(**CONFIG))
    script = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from test_pretraining import CONFIG, Callback, PretrainConfig, fresh, open_pretraining_data, pretrain
        class Slow(Callback):
            def on_step(self, info): time.sleep(0.3)
        corpus = Path({str(corpus)!r})
        pretrain(fresh(corpus), open_pretraining_data(corpus / "data"), config=PretrainConfig(**CONFIG),
                 out_dir={str(tmp_path)!r}, callbacks=[Slow()])
    """)
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    child = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE,
                             env={**os.environ, "PYTHONPATH": places})
    while not list(tmp_path.glob("state-*")) and child.poll() is None:
        time.sleep(0.05)
    time.sleep(0.8)
    child.kill()
    assert child.wait() == -signal.SIGKILL, child.stderr.read().decode()
    states = list(tmp_path.glob("state-*"))
    assert states and max(int(s.name[6:15]) for s in states) < CONFIG["steps"]
    assert same(pretrain(start, data, config=PretrainConfig(**CONFIG), out_dir=tmp_path, resume=True), whole)


def test_epochs_are_kept_when_asked(corpus, data, tmp_path):
    config = PretrainConfig(**{**CONFIG, "save_epochs": 2})
    done = pretrain(fresh(corpus), data, config=config, out_dir=tmp_path)
    kept = sorted(p.name for p in tmp_path.iterdir() if p.name[:5] not in ("state", "run.j"))
    assert kept == ["best", "epoch-002", "epoch-004", "last"]
    assert same(persist.load(tmp_path / "epoch-004"), done)


@pytest.mark.parametrize("monitor, validated, by", [
    ("auto", False, "loss"), ("auto", True, "val_mlm_accuracy"), ("mlm_accuracy", False, "mlm_accuracy"),
])
def test_the_best_is_judged_by_loss_where_nothing_is_held_out(corpus, data, tmp_path, monitor, validated, by):
    config = PretrainConfig(**{**CONFIG, "steps": 40, "monitor": monitor})
    history = pretrain(fresh(corpus), data, config=config, out_dir=tmp_path,
                       validation=data if validated else None).record["history"]
    best = persist.load(tmp_path / "best").record
    signed = np.array(history[by]) if by == "loss" else -np.array(history[by])
    assert best["best_epoch"] == 1 + int(np.argmin(signed)) == best["history"]["epoch"][-1]
    assert best["settings"]["monitor"] == by.removeprefix("val_")


def test_heads_of_a_loaded_model_are_trained_on(corpus, data):
    model, before = fresh_with_heads(corpus), fresh_with_heads(corpus).weights()
    done = pretrain(model, data, config=PretrainConfig(steps=1, warmup=0, min_learning_rate=1e-4, seed=1))
    assert same(model, fresh_with_heads(corpus))  # the model given is left as it is
    assert 0 < np.abs(done.weights()["MLM-Dense"][0] - before["MLM-Dense"][0]).max() < 1e-3
    with pytest.raises(ArgumentError, match="`heads` must be left out"):
        pretrain(model, data, heads=PretrainHeads("tied"))


def test_a_state_belongs_to_its_run(corpus, data, tmp_path):
    config = PretrainConfig(**CONFIG)
    pretrain(fresh(corpus), data, config=config, out_dir=tmp_path, callbacks=[Interrupt(3)])
    with pytest.raises(ArgumentError, match=r"`learning_rate` was 0\.001, now 0\.01\."):
        pretrain(fresh(corpus), data, config=PretrainConfig(**{**CONFIG, "learning_rate": 1e-2}), out_dir=tmp_path,
                 resume=True)
    with pytest.raises(ArgumentError, match="`seed` must be that of the run"):
        pretrain(fresh(corpus), data, config=PretrainConfig(**{**CONFIG, "seed": 8}), out_dir=tmp_path, resume=True)
    with pytest.raises(ArgumentError, match="has none"):
        pretrain(fresh(corpus), data, config=config, out_dir=tmp_path / "new", resume=True)
    with pytest.raises(ArgumentError, match="`out_dir` must be given"):
        pretrain(fresh(corpus), data, config=config, resume=True)
    [state] = tmp_path.glob("state-*")
    (state / "arrays.safetensors").write_bytes((state / "arrays.safetensors").read_bytes()[:-7])
    with pytest.raises(BundleError, match="must be whole"):
        pretrain(fresh(corpus), data, config=config, out_dir=tmp_path, resume=True)


# -- Refusals ------------------------------------------------------------------------------------------

def test_data_must_fit_the_model(corpus, data):
    with pytest.raises(DataError, match="model's positions"):
        pretrain(fresh(corpus, max_position_embeddings=16), data)
    words = train_vocabulary([sentence for tale in TALES for sentence in tale] * 3, 149)
    with pytest.raises(DataError, match="model's vocabulary"):
        pretrain(fresh_model(SIZES, words), data)


def test_a_loss_that_is_no_number_stops_the_run(corpus, data):
    with pytest.raises(TrainingError, match="learning_rate"):
        pretrain(fresh(corpus), data, config=PretrainConfig(steps=30, learning_rate=1e30, clip_norm=None, warmup=0))
