"""The README's table: what is done with a model of every family, from its folder on, against transformers.

Rows of the table are the families, and a test here is one of its columns.
"""

import warnings

import numpy as np
import pandas as pd
import pytest

import bertfit
from bertfit.errors import ArgumentError
from bertfit.notices import FreshPoolerWarning
from toys.families import FAMILIES
from toys.families import TEXTS as SEEN

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.parametrize("family", FAMILIES)

TEXTS = [*SEEN, "A very dull film.", "x", "the quick story  of a lazy user 2024!"]
FIRST, SECOND = [text[:8] for text in TEXTS], [text[:8].upper() for text in TEXTS[::-1]]


@pytest.fixture
def opened(families, family):
    """A function from a kind of toy to its folder and the model opened from it, with nothing told about it."""
    def open_kind(kind, **changes):
        folder = families.folder(family, kind, **changes)
        with warnings.catch_warnings():
            warnings.simplefilter("error", bertfit.BertfitWarning)
            return folder, bertfit.load(folder)

    return open_kind


def oracle(folder, auto, texts=TEXTS, pairs=None):
    """The outputs of transformers, text by text, so that no padding is involved."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, auto).from_pretrained(folder).eval()
    # transformers 5's tokenizer of ALBERT leaves the segments of pairs out, which the model was pretrained with.
    segments = getattr(model.config, "type_vocab_size", 0) > 1
    out = []
    for row, text in enumerate(texts):
        given = tokenizer(text, *([] if pairs is None else [pairs[row]]), return_tensors="pt",
                          return_token_type_ids=segments)
        with torch.no_grad():
            out.append(model(**given))
    return tokenizer, out


@pytest.mark.parametrize("texts, pairs", [(TEXTS, None), (FIRST, SECOND)], ids=["texts", "pairs"])
def test_encoder_outputs(opened, texts, pairs):
    folder, model = opened("encoder")
    _, expected = oracle(folder, "AutoModel", texts, pairs)
    states = [out.last_hidden_state[0].numpy() for out in expected]
    for pooling, pool in (("cls", lambda state: state[0]), ("mean", lambda state: state.mean(axis=0))):
        vectors = model.embed(texts, pairs, pooling=pooling, precision="float32")
        assert np.abs(vectors - np.stack([pool(state) for state in states])).max() < 1e-5, pooling
        assert np.ptp(vectors, axis=0).max() > 0.1
    if "pooler_output" in expected[0]:
        vectors = model.embed(texts, pairs, pooling="nsp", precision="float32")
        assert np.abs(vectors - np.stack([out.pooler_output[0].numpy() for out in expected])).max() < 1e-5


HEADS = {"binary": {"id2label": {0: "fine", 1: "toxic"}}, "multiclass": {"id2label": {0: "a", 1: "b", 2: "c"}},
         "multilabel": {"id2label": {0: "x", 1: "y"}, "problem_type": "multi_label_classification"},
         "regression": {"id2label": {0: "stars"}, "problem_type": "regression"}}


def probabilities(model, texts=TEXTS):
    """Predictions as a matrix: a column per class or label, for a regression the number."""
    return np.asarray(model.predict(texts, precision="float32"), np.float64).reshape(len(texts), -1)


@pytest.mark.parametrize("kind", HEADS)
def test_classifier_probabilities(opened, kind):
    folder, model = opened("classifier", **HEADS[kind])
    logits = torch.cat([out.logits for out in oracle(folder, "AutoModelForSequenceClassification")[1]])
    expected = {"regression": logits, "multilabel": logits.sigmoid()}.get(kind, logits.softmax(-1)).numpy()
    ours = probabilities(model)
    assert model.task.kind == kind and list(model.labels) == list(HEADS[kind]["id2label"].values())
    assert np.abs(ours - expected[:, -ours.shape[1]:]).max() < 1e-5 and np.ptp(ours) > 1e-2


def test_masked_tokens(opened):
    folder, model = opened("mlm")
    tokenizer, _ = oracle(folder, "AutoModelForMaskedLM", [])
    texts = [f"the plot was {tokenizer.mask_token} and awful", f"{tokenizer.mask_token} very good film"]
    found = model.fill_mask(texts, top=7)
    assert found.equals(model.fill_mask([text.replace(tokenizer.mask_token, "[MASK]") for text in texts], top=7))
    for row, out in enumerate(oracle(folder, "AutoModelForMaskedLM", texts)[1]):
        place = tokenizer(texts[row])["input_ids"].index(tokenizer.mask_token_id)
        best = out.logits[0, place].softmax(-1).topk(7)
        mine = found[found["row"] == found["row"].unique()[row]]
        assert mine["token"].tolist() == tokenizer.convert_ids_to_tokens(best.indices.tolist())
        assert np.abs(mine["probability"] - best.values.numpy()).max() < 1e-5


def test_saving_and_loading(opened, family, tmp_path):
    _, model = opened("classifier", **HEADS["multiclass"])
    again = bertfit.load(model.save(tmp_path / "saved"))
    assert np.array_equal(probabilities(again), probabilities(model))
    assert again.config == model.config and again.config.model_type == family
    _, mlm = opened("mlm")
    again = bertfit.load(mlm.save(tmp_path / "mlm"))
    assert again.fill_mask("the [MASK] film").equals(mlm.fill_mask("the [MASK] film"))


def test_bytes_as_r_keeps_them(opened):
    """`saveRDS()` stores these bytes; in Python `pickle` does."""
    import pickle

    _, model = opened("classifier", **HEADS["multilabel"])
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(probabilities(again), probabilities(model)) and again.task == model.task


@pytest.mark.parametrize("kind", ["encoder", "mlm", *HEADS])
def test_export(opened, tmp_path, kind):
    folder, model = opened(*({"encoder": ["encoder"], "mlm": ["mlm"]}.get(kind, ["classifier"])), **HEADS.get(kind, {}))
    out = model.export(tmp_path / "out", "huggingface")
    auto = {"encoder": "AutoModel", "mlm": "AutoModelForMaskedLM"}.get(kind, "AutoModelForSequenceClassification")
    loading = getattr(transformers, auto).from_pretrained(out, output_loading_info=True)[1]
    assert not loading["unexpected_keys"] and not [name for name in loading["missing_keys"] if "pooler" not in name]
    before, after = oracle(folder, auto)[1], oracle(out, auto)[1]
    for a, b in zip(before, after, strict=True):
        a, b = a[0].numpy(), b[0].numpy()
        if kind == "binary":  # the first of the two logits is 0 now
            a, b = a[:, 1] - a[:, 0], b[:, 1] - b[:, 0]
        assert np.abs(a - b).max() < 1e-5
    with warnings.catch_warnings():
        warnings.simplefilter("error", bertfit.BertfitWarning)
        again = bertfit.load(out)
    assert again.config == model.config
    if kind == "encoder":
        assert np.array_equal(again.embed(TEXTS, pooling="cls"), model.embed(TEXTS, pooling="cls"))
    elif kind == "mlm":
        assert again.fill_mask("the [MASK] film").equals(model.fill_mask("the [MASK] film"))
    else:
        assert again.task == model.task
        assert np.array_equal(probabilities(again), probabilities(model))


def test_no_more_tokens_than_the_table_has_positions(opened, families, family):
    _, model = opened("classifier", **HEADS["multiclass"])
    assert model.max_len == 40
    with pytest.raises(ArgumentError, match=r"(?s)`max_len` must be between 1 and 40.*41"):
        bertfit.load(families.folder(family), max_len=41)
    with pytest.raises(ArgumentError, match=r"(?s)`max_len` must be at most 40.*41"):
        bertfit.fit(None, TEXTS, (["a", "b"] * len(TEXTS))[: len(TEXTS)], model, max_len=41, verbose=0)
    shorter = bertfit.load(families.folder(family, "classifier", **HEADS["multiclass"]), max_len=12)
    assert shorter.max_len == 12 and np.allclose(probabilities(shorter, ["x"]), probabilities(model, ["x"]), atol=1e-6)


def test_googles_format_holds_bert_only(opened, family, tmp_path):
    _, model = opened("encoder", hidden_act="gelu_new")
    if family == "bert":
        assert bertfit.load(model.export(tmp_path / "out", "google")).config == model.config
        return
    with pytest.raises(ArgumentError, match=f"of the family {family}; Google's format holds BERT"):
        model.export(tmp_path / "out", "google")


def test_fine_tuning_for_an_epoch(opened, family):
    _, model = opened("encoder")
    data = pd.DataFrame({"text": TEXTS * 4, "label": (["good", "bad", "bad"] * len(TEXTS) * 2)[: len(TEXTS) * 4]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", FreshPoolerWarning)
        if family in ("distilbert", "electra"):  # families without a pooler: that of the default head is told
            with pytest.raises(FreshPoolerWarning, match="has no pretrained pooler"):
                bertfit.fit(data, "text", "label", model, epochs=1, seed=1, verbose=0)
        fitted = bertfit.fit(data, "text", "label", model, epochs=1, seed=1, verbose=0, validation=0,
                             learning_rate=1e-3, head={"pooling": "mean"})
    old, new = model.model.weights(), fitted.model.weights()
    same = [name for name, arrays in old.items() if all(map(np.array_equal, arrays, new[name]))]
    assert same == ["NSP-Dense"]  # which no mean over tokens reads
    assert np.ptp(probabilities(fitted)) > 0 and len(fitted.history) == 1
    frozen = bertfit.fit(data, "text", "label", model, epochs=1, seed=1, verbose=0, freeze="encoder",
                         head={"pooling": "cls"})
    kept = frozen.model.weights()
    assert all(np.array_equal(a, b) for name in old for a, b in zip(old[name], kept[name], strict=True))


def test_a_fitted_model_is_exported_with_a_head_of_its_family(opened, family, tmp_path):
    from bertfit.checkpoints import families as table
    from bertfit.config import HeadConfig, Task

    model = opened("encoder")[1].model

    def fitted(head):
        made = model.copy()
        made.add_head(Task("multiclass", ["good", "bad", "fine"]), head, seed=3)
        return bertfit.Bert(made)

    mine = fitted(table.FAMILIES[family].classifier.head(model.config, {}))
    again = bertfit.load(mine.export(tmp_path / "out", "huggingface"))
    assert again.task == mine.task and np.array_equal(probabilities(again), probabilities(mine))
    logits = torch.cat([out.logits for out in oracle(tmp_path / "out", "AutoModelForSequenceClassification")[1]])
    assert np.abs(probabilities(mine) - logits.softmax(-1).numpy()).max() < 1e-5 < np.ptp(logits.numpy())
    for head in (HeadConfig(pooling="max"), HeadConfig((8,), "tanh", pooling="cls")):
        with pytest.raises(ArgumentError, match=f"A {family} classifier has the pooling"):
            fitted(head).export(tmp_path / "other", "huggingface")


def test_pretraining_for_an_epoch(opened, tmp_path):
    """Masked tokens alone: these checkpoints have no head for the next sentence."""
    _, model = opened("mlm")
    (tmp_path / "corpus.txt").write_text("\n".join([*TEXTS, "", *TEXTS[::-1]]), "utf-8")
    bertfit.make_pretraining_data(tmp_path / "corpus.txt", model.model.vocabulary, tmp_path / "data", max_len=24,
                                  dup_factor=2, seed=1)
    trained = bertfit.pretrain(model, tmp_path / "data", epochs=1, seed=1, batch_size=8, learning_rate=1e-3, verbose=0)
    assert trained.model.pretrain_heads.nsp == "none" and not any("nsp" in name for name in trained.history)
    old, new = model.model.weights(), trained.model.weights()
    assert [name for name, arrays in old.items() if all(map(np.array_equal, arrays, new[name]))] == ["NSP-Dense"]
    assert trained.history["mlm_loss"].iloc[-1] < 2 * np.log(model.config.vocab_size)
    again = bertfit.load(trained.export(tmp_path / "out", "huggingface"))
    assert again.fill_mask("the [MASK] film").equals(trained.fill_mask("the [MASK] film"))
