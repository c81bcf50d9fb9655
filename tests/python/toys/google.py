"""Google's own tokenizer, the oracle of the tokenizer tests, and vocabularies to compare on.

The PyPI package bert-tensorflow 1.0.4 carries google-research/bert's tokenization.py. It was written for
TensorFlow 1: a missing name is put back and its command-line flags are marked as read.
"""

from __future__ import annotations

import pytest

from bertfit import _env
from bertfit.checkpoints import registry
from bertfit.text.normalize import words

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def google_tokenization():
    """The module tokenization.py; skips the test where the package is not installed."""
    _env.tensorflow()
    tf = pytest.importorskip("tensorflow.compat.v1")
    flags = pytest.importorskip("absl.flags")
    if not hasattr(tf, "gfile"):
        tf.gfile = tf.io.gfile
    tokenization = pytest.importorskip("bert.tokenization")
    flags.FLAGS.mark_as_parsed()
    return tokenization


def google_ids(path, lower_case: bool):
    """A function from a text to Google's ids, special tokens left out."""
    tokenizer = google_tokenization().FullTokenizer(str(path), do_lower_case=lower_case)
    return lambda text: tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))


def minilm_vocabulary() -> str:
    """The path of the 30,522 tokens of BERT's uncased vocabulary; skips where they are not in the cache."""
    path = registry.folder(registry.find("minilm-l6-uncased")) / "vocab.txt"
    if not path.is_file():
        pytest.skip("minilm-l6-uncased is not in the cache")
    return str(path)


def write_vocabulary(folder, texts, lower_case: bool, name="vocab.txt"):
    """A vocabulary made from texts: every character, alone and inside, and the first half of every word."""
    found = [word for text in texts for word in words(text, lower_case)]
    pieces = [piece for word in found for c in word for piece in (c, f"##{c}")]
    halves = [piece for w in found if len(w) > 3 for piece in (w[: len(w) // 2], "##" + w[len(w) // 2 :])]
    path = folder / name
    path.write_bytes("\n".join([*SPECIALS, *dict.fromkeys(pieces + halves), ""]).encode())
    return path


def google_pretraining():
    """Google's create_pretraining_data.py as a module; skips the test where the package is not installed."""
    google_tokenization()
    import tensorflow.compat.v1 as tf
    from absl import flags, logging

    # Names of TensorFlow 1 that the module uses. Its flags are defined once per process.
    for name, value in (("flags", flags), ("logging", logging)):
        if not hasattr(tf, name):
            setattr(tf, name, value)
    if not hasattr(tf, "python_io"):
        tf.python_io = tf.io
    module = pytest.importorskip("bert.create_pretraining_data")
    flags.FLAGS.mark_as_parsed()
    return module
