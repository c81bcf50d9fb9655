"""Every family of Hugging Face folders computes what transformers computes: encoders, classifiers and masked tokens."""

import dataclasses
import json
import shutil
import warnings

import numpy as np
import pytest

from bertfit.checkpoints import families as table
from bertfit.checkpoints.huggingface import HuggingFaceWeights, read_config
from bertfit.config import BertConfig
from bertfit.errors import CheckpointError
from toys.families import FAMILIES, KINDS

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def weights_of(folder):
    config = read_config(folder)
    return HuggingFaceWeights(folder, config, config.vocab_size)


def encoder_of(folder):
    from bertfit.network import Encoder

    weights = weights_of(folder)
    encoder = Encoder(weights.config, fresh=False)
    weights.fill(encoder)
    return weights, encoder


def batch_of(config, rows=4, length=24, seed=1):
    """Ids, segments (pairs, for a family that has them) and which positions are real; padding at the end."""
    random = np.random.default_rng(seed)
    ids = random.integers(config.pad_token_id + 4, config.vocab_size, (rows, length)).astype(np.int32)
    lengths = random.integers(5, length, rows)
    lengths[0] = length
    real = np.arange(length)[None] < lengths[:, None]
    segments = (np.arange(length)[None] >= lengths[:, None] // 2) & real & (config.type_vocab_size > 1)
    return np.where(real, ids, config.pad_token_id).astype(np.int32), segments.astype(np.int32), real


def inputs(ids, segments):
    from bertfit import _env

    return [_env.tensorflow().constant(array) for array in (ids, segments)]


def theirs(model, ids, segments, real):
    given = {"input_ids": ids, "attention_mask": real, **({"token_type_ids": segments} if segments.any() else {})}
    with torch.no_grad():
        return model.eval()(**{name: torch.tensor(value.astype(np.int64)) for name, value in given.items()})


@pytest.mark.parametrize("family", FAMILIES)
def test_encoder_outputs_equal_those_of_transformers(families, family):
    folder = families.folder(family)
    weights, encoder = encoder_of(folder)
    ids, segments, real = batch_of(weights.config)
    expected = theirs(transformers.AutoModel.from_pretrained(folder), ids, segments, real)
    states = encoder.states(inputs(ids, segments), False)[-1]
    assert np.abs(states.numpy() - expected.last_hidden_state.numpy())[real].max() < 1e-5
    assert np.ptp(expected.last_hidden_state.numpy()) > 1
    first = encoder.first(inputs(ids, segments), False)
    assert np.abs(first.numpy() - expected.last_hidden_state.numpy()[:, 0]).max() < 1e-5
    graph, pooled = encoder.graph()(inputs(ids, segments), training=False)
    assert np.abs(graph.numpy() - expected.last_hidden_state.numpy())[real].max() < 1e-5
    assert (weights.missing == ()) == hasattr(expected, "pooler_output")
    if weights.missing == ():
        assert np.abs(pooled.numpy() - expected.pooler_output.numpy()).max() < 1e-5
    assert weights.unused == ()


@pytest.mark.parametrize("family", FAMILIES)
def test_as_many_tokens_as_the_table_has_positions(families, family):
    folder = families.folder(family)
    weights, encoder = encoder_of(folder)
    assert weights.config.max_position_embeddings == 40
    ids, segments, real = batch_of(weights.config, length=40)
    expected = theirs(transformers.AutoModel.from_pretrained(folder), ids, segments, real).last_hidden_state.numpy()
    assert np.abs(encoder.states(inputs(ids, segments), False)[-1].numpy() - expected)[real].max() < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_mlm_logits_equal_those_of_transformers(families, family):
    from bertfit.config import PretrainHeads
    from bertfit.network import PretrainingLayers

    folder = families.folder(family, "mlm")
    weights, encoder = encoder_of(folder)
    heads = PretrainingLayers(encoder, PretrainHeads(nsp="none"))
    heads.set_weights(weights.read_heads())
    ids, segments, real = batch_of(weights.config)
    model, loading = transformers.AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    expected = theirs(model, ids, segments, real).logits.numpy()
    ours = heads.token_logits(encoder.states(inputs(ids, segments), False)[-1][0]).numpy()
    assert np.abs(ours - expected[0]).max() < 1e-4 < np.ptp(expected)
    assert weights.unused == () and weights.missing == ("pooler",)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_has_the_form_of_its_family(families, family):
    """The head's layers, applied by hand to what the encoder gives."""
    folder = families.folder(family, "classifier", num_labels=3)
    weights, encoder = encoder_of(folder)
    ids, segments, real = batch_of(weights.config)
    expected = theirs(transformers.AutoModelForSequenceClassification.from_pretrained(folder), ids, segments, real)
    x = encoder.first(inputs(ids, segments), False)
    head, arrays = weights.classifier.head, weights.classifier.read()
    x = (encoder.pooled(x) if head.pooling == "nsp" else x).numpy()
    if head.hidden:
        act = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0),
               "gelu": lambda v: torch.nn.functional.gelu(torch.tensor(v)).numpy()}[head.activation]
        x = act(x @ arrays["Head-Dense-1"][0] + arrays["Head-Dense-1"][1])
    logits = x @ arrays["output"][0] + arrays["output"][1]
    assert np.abs(logits - expected.logits.numpy()).max() < 1e-5 < np.ptp(logits)
    assert weights.unused == () and weights.classifier.task.kind == "multiclass"


# ---- what is not used, what is refused ----


def altered(families, tmp_path, family, kind="encoder", tensors=None, settings=None, **changes):
    """A copy of a toy with other tensors (name -> array, None to remove) and settings."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "copy"
    shutil.copytree(families.folder(family, kind, **changes), folder)
    if tensors:
        arrays = {**load_file(folder / "model.safetensors"), **tensors}
        save_file({name: array for name, array in arrays.items() if array is not None}, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    config = {name: value for name, value in {**config, **(settings or {})}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


DECODERS = {"bert": "cls.predictions.decoder.weight", "distilbert": "vocab_projector.weight",
            "electra": "generator_lm_head.weight", "albert": "predictions.decoder.weight",
            "roberta": "lm_head.decoder.weight", "mpnet": "lm_head.decoder.weight"}
TABLES = {"bert": "bert", "distilbert": "distilbert", "electra": "electra", "albert": "albert", "roberta": "roberta",
          "mpnet": "mpnet"}


@pytest.mark.parametrize("family", DECODERS)
def test_a_decoder_of_its_own_leaves_the_mlm_head_out(families, tmp_path, family):
    from safetensors.numpy import load_file

    stored = load_file(families.folder(family, "mlm") / "model.safetensors")
    tied = stored[f"{TABLES[family]}.embeddings.word_embeddings.weight"]
    same = altered(families, tmp_path / "same", family, "mlm", {DECODERS[family]: tied.copy()})
    assert weights_of(same).has_heads and weights_of(same).unused == ()
    other = weights_of(altered(families, tmp_path / "other", family, "mlm", {DECODERS[family]: tied + 1}))
    assert not other.has_heads and DECODERS[family] in other.unused
    assert len(other.unused) == 6  # the head's five tensors, too
    untied = altered(families, tmp_path / "untied", family, "mlm", settings={"tie_word_embeddings": False})
    assert not weights_of(untied).has_heads


def test_a_bias_of_the_decoder_is_the_heads(families, tmp_path):
    from safetensors.numpy import load_file

    bias = load_file(families.folder("roberta", "mlm") / "model.safetensors")["lm_head.bias"]
    both = {"lm_head.decoder.bias": bias}
    assert weights_of(altered(families, tmp_path / "both", "roberta", "mlm", both)).unused == ()
    moved = weights_of(altered(families, tmp_path / "moved", "roberta", "mlm", {**both, "lm_head.bias": None}))
    assert np.array_equal(moved.read_heads()["MLM-Sim"][0], bias)
    other = weights_of(altered(families, tmp_path / "other", "roberta", "mlm", {"lm_head.decoder.bias": bias + 1}))
    assert not other.has_heads and "lm_head.decoder.bias" in other.unused


def test_other_heads_are_named_as_unused(families):
    discriminator = weights_of(families.folder("electra", "pretraining"))
    assert {name.partition(".")[0] for name in discriminator.unused} == {"discriminator_predictions"}
    assert len(discriminator.unused) == 4 and not discriminator.has_heads
    order = weights_of(families.folder("albert", "pretraining"))
    assert order.has_heads and order.unused == ("sop_classifier.classifier.bias", "sop_classifier.classifier.weight")


def test_the_mlm_head_of_another_activation_is_left_out(families):
    """transformers computes RoBERTa's MLM head with gelu whatever the encoder's activation is."""
    weights = weights_of(families.folder("roberta", "mlm", hidden_act="relu"))
    assert not weights.has_heads and len(weights.unused) == 5


def test_old_names_and_buffers(families, tmp_path):
    from safetensors.numpy import load_file

    stored = load_file(families.folder("albert") / "model.safetensors")
    names = {name: name.replace("orm.weight", "orm.gamma").replace("orm.bias", "orm.beta") for name in stored}
    renamed = {new: stored[old] for old, new in names.items() if old != new}
    assert renamed
    tensors = {**renamed, **{old: None for old, new in names.items() if old != new},
               "embeddings.position_ids": np.arange(40)[None]}
    weights, encoder = encoder_of(altered(families, tmp_path, "albert", tensors=tensors))
    _, plain = encoder_of(families.folder("albert"))
    assert weights.unused == ()
    assert all(np.array_equal(a, b) for a, b in zip(encoder.weights, plain.weights, strict=True))


@pytest.mark.parametrize("family, settings, match", [
    ("albert", {"num_hidden_groups": 2}, "`num_hidden_groups` in config.json must be 1.*\n.*says 2.*\n.*albert"),
    ("albert", {"inner_group_num": 2}, "`inner_group_num` in config.json must be 1"),
    ("electra", {"position_embedding_type": "relative_key"}, '`position_embedding_type` in config.json must be "abs'),
    ("roberta", {"is_decoder": True}, "`is_decoder`"),
    ("bert", {"add_cross_attention": True}, "`add_cross_attention`"),
    ("mpnet", {"relative_attention_num_buckets": 64}, "`relative_attention_num_buckets`"),
    ("mpnet", {"pad_token_id": 0}, "`pad_token_id` in config.json must be 1"),
    ("distilbert", {"dim": None}, "has no dim"),
    ("distilbert", {"activation": "silu"}, "`activation` in config.json must be one of gelu"),
    ("distilbert", {"dropout": 2}, "hidden_dropout_prob` must be"),
    ("electra", {"embedding_size": None}, "has no embedding_size"),
    ("roberta", {"max_position_embeddings": 2}, "`max_position_embeddings` must be"),
    ("roberta", {"max_position_embeddings": "x"}, "`max_position_embeddings` must be"),
    ("roberta", {"max_position_embeddings": 50}, r"position_embeddings.weight is \[42, 32\], not \[50, 32\]"),
    ("distilbert", {"n_layers": 3}, r"Missing: transformer\.layer\.2\.attention\.q_lin\.weight"),
    ("distilbert", {"n_layers": 1}, r"Unknown: transformer\.layer\.1\."),
    *((family, {"model_type": family}, '`model_type` in config.json must be one of "bert", "distilbert", "electra", '
       f'"albert", "roberta", "camembert", "xlm-roberta", "mpnet".*\n.*says "{family}"')
      for family in ("deberta-v2", "modernbert", "t5", "gpt2")),
])
def test_what_does_not_open_is_one_error(families, tmp_path, family, settings, match):
    folder = altered(families, tmp_path, family if family in FAMILIES else "bert", settings=settings)
    with pytest.raises(CheckpointError, match=match) as caught:
        weights_of(folder)
    assert str(folder) in str(caught.value)


def test_a_dropout_that_is_none_is_an_error_of_the_file(families, tmp_path):
    folder = altered(families, tmp_path, "roberta", "classifier", settings={"classifier_dropout": 3})
    with pytest.raises(CheckpointError, match=r"must describe a classifier.*\n.*config\.json: .*`dropout` must be"):
        weights_of(folder)


def test_rows_of_the_table_after_the_vocabulary_are_left_out_and_named(families):
    folder = families.folder("roberta", "mlm")
    config = read_config(folder)
    whole, fewer = weights_of(folder), HuggingFaceWeights(folder, config, config.vocab_size - 6)
    assert fewer.config.vocab_size == config.vocab_size - 6
    assert fewer.unused == ("roberta.embeddings.word_embeddings.weight (6 rows after the last token's)",)
    assert np.array_equal(fewer.read_heads()["MLM-Sim"][0], whole.read_heads()["MLM-Sim"][0][:-6])
    from bertfit.network import Encoder

    encoder = Encoder(fewer.config, fresh=False)
    fewer.fill(encoder)
    table_rows = encoder.get_layer("Embedding-Token").get_weights()[0]
    assert len(table_rows) == config.vocab_size - 6 and np.abs(table_rows).min(axis=0).max() > 0


# ---- the table ----


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_is_written_as_it_was_read(families, family, kind):
    folder = families.folder(family, kind)
    saved = json.loads((folder / "config.json").read_text())
    config = read_config(folder)
    written = table.FAMILIES[family].write(config)
    assert {name: saved.get(name) for name in written} == written
    assert config.model_type == family and transformers.AutoConfig.for_model(**written).hidden_size == 32


def test_every_family_has_its_own_differences():
    plain = BertConfig(30, hidden_size=8, num_attention_heads=2)
    for family in table.FAMILIES.values():
        settings = family.write(dataclasses.replace(plain, model_type=family.model_type))
        assert settings["model_type"] == family.model_type
    assert list(table.FAMILIES) == list(FAMILIES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert table.FAMILIES["albert"].name("encoder.layer.0.attention.output.LayerNorm.bias") == (
            "encoder.albert_layer_groups.0.albert_layers.0.attention.LayerNorm.bias")
