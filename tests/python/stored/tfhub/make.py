"""Made the SavedModels of this folder, and what they answered: see README.md, which says how to run it.

Needs tf-models-official, whose `export_tfhub_lib` is the program that made TF Hub's BERT encoders.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path

os.environ.update(TF_USE_LEGACY_KERAS="1", CUDA_VISIBLE_DEVICES="-1")

import numpy as np
import sentencepiece
import tensorflow as tf
import tf_keras
from official.modeling import tf_utils
from official.nlp.configs.encoders import EncoderConfig, build_encoder
from official.nlp.modeling import layers, models, networks
from official.nlp.tools import export_tfhub_lib

HERE = Path(__file__).parent
SENTENCES = ["Only a silly person would approve of this.", "the rating of this film is very good",
             "an old hat, and a new man", "this is the best day of them all!", "not a good night to be out in the rain"]
WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz.,!?",
         *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"), "the", "good", "film", "not", "person", "rating",
         "this", "is", "day", "very", "old", "new", "of"]
PIECES = 90
SIZES = {"vocab_size": len(WORDS), "hidden_size": 16, "num_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 24, "max_position_embeddings": 20, "type_vocab_size": 2,
         "dropout_rate": 0.1, "attention_dropout_rate": 0.1}


def randomize(variables, seed: int) -> None:
    """Weights well away from their initial zeros and ones, so that no two of a shape are alike."""
    random = np.random.default_rng(seed)
    for variable in variables:
        if variable.dtype.is_floating:
            middle = 1.0 if "gamma" in variable.name else 0.0
            variable.assign(random.normal(middle, 0.3, variable.shape).astype(np.float32))


def pieces(folder: Path) -> Path:
    """A SentencePiece model with ALBERT's special tokens, without the tables of normalization, which take 240 KB."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([sentence.lower() for sentence in SENTENCES] * 20), model_writer=model,
        vocab_size=PIECES, hard_vocab_limit=False,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"], minloglevel=2,
        normalization_rule_name="identity", pad_piece="<pad>",
    )
    path = folder / "30k-clean.model"
    path.write_bytes(model.getvalue())
    return path


def export(folder: Path, kind: str, sizes: dict, seed: int, with_mlm: bool, **texts) -> None:
    config = EncoderConfig(**{"type": kind, kind: sizes})
    encoder = build_encoder(config)
    items = {"encoder": encoder, "model": encoder}
    if with_mlm:
        pretrainer = models.BertPretrainerV2(encoder, mlm_activation=tf_utils.get_activation("gelu"))
        pretrainer(pretrainer.inputs)
        items = pretrainer.checkpoint_items
        randomize(pretrainer.variables, seed)
    else:
        randomize(encoder.variables, seed)
    checkpoint = tf.train.Checkpoint(**items).save(str(folder.parent / f"{folder.name}-checkpoint"))
    tf_keras.backend.clear_session()
    export_tfhub_lib.export_model(
        str(folder), encoder_config=config, model_checkpoint_path=checkpoint, with_mlm=with_mlm, **texts)


def export_talking_heads(folder: Path, seed: int, vocab_file: Path) -> None:
    """`export_tfhub_lib` has no configuration of this encoder; after building it the steps are `export_model`'s."""
    initializer = tf_keras.initializers.TruncatedNormal(stddev=0.02)
    gelu = tf_utils.get_activation("gelu")
    encoder = networks.EncoderScaffold(
        pooled_output_dim=16, num_hidden_instances=2, dict_outputs=True,
        embedding_cfg={"vocab_size": len(WORDS), "type_vocab_size": 2, "hidden_size": 16, "seq_length": None,
                       "max_seq_length": 20, "initializer": initializer, "dropout_rate": 0.1},
        hidden_cls=layers.TransformerScaffold,
        hidden_cfg={"num_attention_heads": 4, "inner_dim": 24, "inner_activation": gelu,
                    "attention_cls": layers.TalkingHeadsAttention,
                    "attention_cfg": {"num_heads": 4, "key_dim": 4, "dropout": 0.1},
                    "feedforward_cls": layers.GatedFeedforward,
                    "feedforward_cfg": {"inner_dim": 24, "inner_activation": gelu, "dropout": 0.1},
                    "dropout_rate": 0.1, "attention_dropout_rate": 0.1})
    inputs = {tensor.name: tensor for tensor in encoder.inputs}
    outputs = encoder(inputs)
    outputs["default"] = outputs["pooled_output"]
    model = tf_keras.Model(inputs, outputs)
    randomize(model.variables, seed)
    model.vocab_file = tf.saved_model.Asset(str(vocab_file))
    model.do_lower_case = tf.Variable(True, trainable=False)
    model.save(str(folder), include_optimizer=False, save_format="tf")


def ask(folder: Path, vocab_size: int, with_mlm: bool) -> dict[str, np.ndarray]:
    """Random ids with pairs and padding, and what the SavedModel answers when run."""
    random = np.random.default_rng(5)
    rows, length = 4, 14
    lengths = random.integers(5, length + 1, rows)
    lengths[0] = length
    mask = (np.arange(length)[None] < lengths[:, None]).astype(np.int32)
    ids = random.integers(5, vocab_size, (rows, length)).astype(np.int32) * mask
    segments = (np.arange(length)[None] >= random.integers(3, length, (rows, 1))).astype(np.int32) * mask
    model = tf.saved_model.load(str(folder))
    inputs = {"input_word_ids": ids, "input_mask": mask, "input_type_ids": segments}
    found = model({name: tf.constant(value) for name, value in inputs.items()}, training=False)
    answers = {"sequence": found["sequence_output"].numpy(), "pooled": found["pooled_output"].numpy()}
    if with_mlm:
        inputs["masked_lm_positions"] = np.array([[1, 3]] * rows, np.int32)
        found = model.mlm({name: tf.constant(value) for name, value in inputs.items()}, training=False)
        answers["mlm_logits"] = found["mlm_logits"].numpy()
    return inputs | answers


def packed(folder: Path, target: Path) -> None:
    """The folder as a tar.gz with the files at its top, as TF Hub's have them."""
    def plain(info):
        info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
        return info

    with open(target, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped, \
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, "./", filter=plain)


def main(target: Path) -> None:
    scratch = Path(tempfile.mkdtemp())
    vocab = scratch / "vocab.txt"
    vocab.write_text("".join(f"{word}\n" for word in WORDS))
    wordpiece = {"vocab_file": str(vocab), "do_lower_case": True}
    spiece = pieces(scratch)
    count = sentencepiece.SentencePieceProcessor(model_file=str(spiece)).vocab_size()
    export(scratch / "bert", "bert", SIZES, 1, False, **wordpiece)
    export(scratch / "bert_mlm", "bert", SIZES | {"hidden_activation": "relu"}, 2, True, **wordpiece)
    export(scratch / "albert", "albert", SIZES | {"vocab_size": count, "embedding_width": 8, "num_layers": 3}, 3, False,
           sp_model_file=str(spiece))
    export_talking_heads(scratch / "talking_heads", 4, vocab)
    expected = {}
    for name in ("bert", "bert_mlm", "albert", "talking_heads"):
        answers = ask(scratch / name, count if name == "albert" else len(WORDS), name == "bert_mlm")
        expected |= {f"{name}/{key}": value for key, value in answers.items()}
        packed(scratch / name, target / f"{name}.tar.gz")
    np.savez_compressed(target / "expected.npz", **expected)
    versions = {"python": sys.version.split()[0], "tensorflow": tf.__version__}
    (target / "made-by.json").write_text(json.dumps(versions) + "\n")
    print(scratch)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
