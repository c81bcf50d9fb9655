"""A model with a tokenizer.json: saved, in memory, pretrained on, asked for masked tokens."""

import json

import numpy as np
import pytest

from bertfit.config import PretrainHeads
from bertfit.corpus import make_pretraining_data, open_pretraining_data
from bertfit.errors import ArgumentError
from bertfit.inference import fill_mask
from bertfit.model import fresh_model
from bertfit.model.persist import from_bytes, load, save, to_bytes
from bertfit.rows import Rows
from bertfit.text import Vocabulary
from toys.tokenizers import TEXTS, transformers_tokenizer

pytest.importorskip("transformers")


@pytest.fixture(scope="module", params=["roberta", "xlm-roberta", "mpnet"])
def vocabulary(request):
    return Vocabulary.from_bytes(transformers_tokenizer(request.param).backend_tokenizer.to_str().encode())


@pytest.fixture(scope="module")
def model(vocabulary):
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8,
             "max_position_embeddings": 24}
    made = fresh_model(sizes, vocabulary, seed=1)
    if made.pretraining is None:
        made.add_pretraining(PretrainHeads())
    return made


def test_a_saved_model_tokenizes_as_before(model, tmp_path):
    save(model, tmp_path / "saved")
    assert (tmp_path / "saved" / "tokenizer.json").is_file()
    description = json.loads((tmp_path / "saved" / "bertfit.json").read_text())
    assert description["format_version"] == 2
    wanted = model.encode(Rows.of(TEXTS))
    for again in (load(tmp_path / "saved"), from_bytes(to_bytes(model))):
        assert again.vocabulary.special == model.vocabulary.special
        assert again.vocabulary.to_bytes() == model.vocabulary.to_bytes()
        assert np.array_equal(again.encode(Rows.of(TEXTS)).ids, wanted.ids)


def test_pretraining_rows_have_the_vocabularys_special_tokens(model, tmp_path):
    words = model.vocabulary
    texts = [" ".join(f"word{i} the quick brown fox".split()[: 2 + i % 4]) for i in range(60)]
    (tmp_path / "c").write_text("\n\n".join("\n".join(texts[i : i + 5]) for i in range(0, 60, 5)))
    separators = words.special.pair_separators
    with pytest.raises(ArgumentError, match=f"at least {4 + separators}"):
        make_pretraining_data(tmp_path / "c", words, tmp_path / "out", max_len=3 + separators)
    make_pretraining_data(tmp_path / "c", words, tmp_path / "out", max_len=20, seed=1, shards=1, whole_word=True)
    data = open_pretraining_data(tmp_path / "out")
    seen = 0
    for batch in data.batches(8, seed=1):
        for ids, segments in zip(batch.input_ids, batch.segment_ids, strict=True):
            length = int((ids != words.pad_id).sum())
            assert ids[0] == words.cls_id and ids[length - 1] == words.sep_id
            assert np.count_nonzero(ids == words.sep_id) == 1 + separators
            begin = int(np.flatnonzero(segments)[0])
            assert (ids[begin - separators : begin] == words.sep_id).all() and segments[begin:length].all()
            seen += int((ids == words.mask_id).any())
    assert seen > 5


def test_masks_are_filled_whichever_way_they_are_spelled(model):
    mask = model.vocabulary.special.mask
    found = [fill_mask(model, Rows.of([f"the quick {spelled} fox"]), top=2) for spelled in (mask, "[MASK]")]
    assert found[0] == found[1]
    assert len(found[0]["token"]) == 2 and set(found[0]["token"]) <= set(model.vocabulary.tokens)


def test_workers_and_r_do_not_start_threads_of_the_package():
    import os

    import bertfit.r.boundary  # noqa: F401

    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
