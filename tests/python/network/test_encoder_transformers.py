"""Encoders of other families against transformers' own classes, with the weights copied here by name."""

import numpy as np
import pytest

from bertfit import _env
from bertfit.config.encoder import BertConfig
from bertfit.config.pretraining import PretrainHeads
from bertfit.network.encoder import Encoder
from bertfit.network.pretrain_heads import PretrainingLayers

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tf = _env.tensorflow()

SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40}
WORDS = {"word": "Embedding-Token", "position": "Embedding-Position", "token_type": "Embedding-Segment"}
BERT = ("encoder.layer.{}.attention.self.query", "encoder.layer.{}.attention.self.key",
        "encoder.layer.{}.attention.self.value", "encoder.layer.{}.attention.output.dense",
        "encoder.layer.{}.attention.output.LayerNorm", "encoder.layer.{}.intermediate.dense",
        "encoder.layer.{}.output.dense", "encoder.layer.{}.output.LayerNorm")
MPNET = ("encoder.layer.{}.attention.attn.q", "encoder.layer.{}.attention.attn.k", "encoder.layer.{}.attention.attn.v",
         "encoder.layer.{}.attention.attn.o", "encoder.layer.{}.attention.LayerNorm", *BERT[5:])
DISTILBERT = ("transformer.layer.{}.attention.q_lin", "transformer.layer.{}.attention.k_lin",
              "transformer.layer.{}.attention.v_lin", "transformer.layer.{}.attention.out_lin",
              "transformer.layer.{}.sa_layer_norm", "transformer.layer.{}.ffn.lin1", "transformer.layer.{}.ffn.lin2",
              "transformer.layer.{}.output_layer_norm")
ALBERT = tuple(f"encoder.albert_layer_groups.0.albert_layers.0.{name}" for name in (
    "attention.query", "attention.key", "attention.value", "attention.dense", "attention.LayerNorm", "ffn",
    "ffn_output", "full_layer_layer_norm"))

#: Family -> its model, transformers' settings beside `SIZES`, our fields, names in a layer, name of the mapping.
FAMILIES = {
    "albert": ("AlbertModel", {"embedding_size": 10}, {"embedding_size": 10, "share_layers": True}, ALBERT,
               "encoder.embedding_hidden_mapping_in"),
    "electra": ("ElectraModel", {"embedding_size": 10}, {"embedding_size": 10}, BERT, "embeddings_project"),
    "roberta": ("RobertaModel", {"type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 22},
                {"type_vocab_size": 1, "pad_token_id": 1, "position_offset": 2}, BERT, None),
    "mpnet": ("MPNetModel", {"pad_token_id": 1, "max_position_embeddings": 202},
              {"type_vocab_size": 0, "pad_token_id": 1, "position_offset": 2, "relative_attention_num_buckets": 32,
               "max_position_embeddings": 200}, MPNET, None),
    "distilbert": ("DistilBertModel", {}, {"type_vocab_size": 0}, DISTILBERT, None),
}


def dense(state, name):
    return [state[f"{name}.weight"].T, state[f"{name}.bias"]]


def norm(state, name):
    return [state[f"{name}.weight"], state[f"{name}.bias"]]


def ours_and_theirs(family, seed=0):
    """Both encoders with the same random weights, none of which is 0 or 1."""
    kind, settings, fields, names, mapping = FAMILIES[family]
    sizes = {"max_position_embeddings": 20, "vocab_size": 50, **SIZES}
    if family == "distilbert":
        settings = {"dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 40, **settings}
    config = getattr(transformers, kind.replace("Model", "Config"))(**{**sizes, **settings})
    torch.manual_seed(seed)
    theirs = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    activation = {"gelu": "gelu", "gelu_new": "gelu_new"}[getattr(config, "hidden_act", None) or config.activation]
    ours = Encoder(BertConfig(**{**sizes, "hidden_act": activation, **fields,
                                 "layer_norm_eps": getattr(config, "layer_norm_eps", 1e-12)}), fresh=False)
    state = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    weights = {layer: [state[f"embeddings.{name}_embeddings.weight"]] for name, layer in WORDS.items()
               if f"embeddings.{name}_embeddings.weight" in state}
    weights["Embedding-Position"] = [weights["Embedding-Position"][0][ours.config.position_offset :]]
    weights["Embedding-Norm"] = norm(state, "embeddings.LayerNorm")
    if mapping:
        weights["Embedding-Mapping"] = dense(state, mapping)
    if family == "mpnet":
        weights["Embedding-Relative"] = [state["encoder.relative_attention_bias.weight"]]
    for number in (1, 2):
        q, k, v, out, first, inner, outer, second = (name.format(number - 1) for name in names)
        weights[f"Encoder-{number}-MultiHeadSelfAttention"] = [w for name in (q, k, v, out) for w in dense(state, name)]
        weights[f"Encoder-{number}-MultiHeadSelfAttention-Norm"] = norm(state, first)
        weights[f"Encoder-{number}-FeedForward"] = [*dense(state, inner), *dense(state, outer)]
        weights[f"Encoder-{number}-FeedForward-Norm"] = norm(state, second)
    for layer in ours.layers:
        if layer.weights and layer.name != "NSP-Dense":
            layer.set_weights(weights[layer.name])
    return ours, theirs, state


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layers_vectors_are_transformers(family):
    ours, theirs, _ = ours_and_theirs(family)
    length = min(ours.config.max_position_embeddings, 150)  # far apart enough for MPNet's last buckets
    rng, pad = np.random.default_rng(1), ours.config.pad_token_id
    tokens = rng.integers(2, 50, (3, length)).astype(np.int32)
    tokens[1, length // 2 :] = tokens[2, 3:] = pad
    real = tokens != pad
    segments = np.zeros_like(tokens)
    if ours.config.type_vocab_size == 2:
        segments[:, 4:] = 1
    given = {"input_ids": torch.tensor(tokens), "attention_mask": torch.tensor(real)}
    if family not in ("mpnet", "distilbert"):
        given["token_type_ids"] = torch.tensor(segments)
    with torch.no_grad():
        expected = theirs(**given, output_hidden_states=True).hidden_states
    states = ours.states([tf.constant(tokens), tf.constant(segments)], False)
    for state, wanted in zip(states, expected[-2:], strict=True):
        np.testing.assert_allclose(state.numpy()[real], wanted.numpy()[real], atol=1e-5)
    first = ours.first([tf.constant(tokens), tf.constant(segments)], False)
    np.testing.assert_allclose(first, expected[-1].numpy()[:, 0], atol=1e-5)


def test_pooled_output_of_albert_is_transformers():
    ours, theirs, state = ours_and_theirs("albert")
    ours.get_layer("NSP-Dense").set_weights(dense(state, "pooler"))
    tokens = np.random.default_rng(1).integers(1, 50, (3, 9)).astype(np.int32)
    with torch.no_grad():
        expected = theirs(torch.tensor(tokens)).pooler_output.numpy()
    np.testing.assert_allclose(ours.pooled(ours.first([tf.constant(tokens), tf.zeros_like(tokens)], False)), expected,
                               atol=1e-5)


def test_masked_token_logits_of_albert_are_transformers():
    torch.manual_seed(3)
    theirs = transformers.AlbertForMaskedLM(transformers.AlbertConfig(
        vocab_size=50, embedding_size=10, max_position_embeddings=20, initializer_range=0.3, **SIZES)).eval()
    with torch.no_grad():
        theirs.predictions.bias += torch.randn(50)
        theirs.predictions.dense.bias += torch.randn(10)
    state = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    encoder = Encoder(BertConfig(50, embedding_size=10, share_layers=True, **SIZES), fresh=False)
    encoder.get_layer("Embedding-Token").set_weights([state["albert.embeddings.word_embeddings.weight"]])
    heads = PretrainingLayers(encoder, PretrainHeads(nsp="none"))
    heads.set_weights({"MLM-Dense": dense(state, "predictions.dense"),
                       "MLM-Norm": norm(state, "predictions.LayerNorm"), "MLM-Sim": [state["predictions.bias"]]})
    vectors = np.random.default_rng(1).normal(size=(6, 24)).astype(np.float32)
    with torch.no_grad():
        expected = theirs.predictions(torch.tensor(vectors)[None])[0].numpy()
    np.testing.assert_allclose(heads.token_logits(tf.constant(vectors)), expected, atol=1e-5)
