"""Vocabularies, tokens and texts as R asks for them."""

import numpy as np
import pytest

from toys.boundary import ask, failure


def test_tokenized_rows_are_padded_truncated_or_ragged(handle):
    padded = ask("tokenize", model=handle, rows={"texts": ["a good film", "fun"]})
    assert padded["input_ids"].tolist() == [[2, 11, 5, 7, 3], [2, 10, 3, 0, 0]]
    assert padded["input_ids"].dtype == np.int32
    assert padded["attention_mask"].sum(1).tolist() == [5, 3]
    assert ask("tokenize", model=handle, rows={"texts": "fun"}, padding="max_len")["input_ids"].shape == (1, 32)
    paired = {"texts": ["a good film"], "pairs": ["fun"]}
    cut = ask("tokenize", model=handle, rows=paired, max_len=5.0, padding="max_len")
    assert cut["input_ids"].shape == (1, 5) and cut["truncated"].tolist() == [True]
    ragged = ask("tokenize", model=handle, rows={"texts": ["fun", "a film"]}, padding="none")
    assert ragged["splits"].tolist() == [0, 3, 7] and ragged["ids"].tolist() == [2, 10, 3, 2, 11, 7, 3]
    assert failure("tokenize", model=handle, rows={"texts": ["a", None]})["code"] == "data"
    assert failure("tokenize", model=handle, rows={"texts": ["a"]}, max_len=64)["code"] == "argument"
    assert failure("tokenize", model=handle, rows={"texts": ["a"]}, padding="left")["code"] == "argument"


def test_tokens_have_rows_and_places_and_ids_are_decoded(handle):
    columns = ask("tokens", model=handle, rows={"texts": ["Good films", "fun"]})
    assert columns["row"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert columns["token"][:5] == ["[CLS]", "good", "film", "##s", "[SEP]"]
    assert columns["start"][:5].tolist() == [-1, 0, 5, 9, -1] and columns["end"][1:4].tolist() == [4, 9, 10]
    assert columns["segment"].tolist() == [0] * 8
    ids = np.asfortranarray(np.array([[2, 11, 5, 7, 3], [2, 10, 3, 0, 0]], float))
    assert ask("decode", model=handle, ids=ids) == ["a good film", "fun"]
    assert ask("decode", model=handle, ids=np.array([2, 10, 3, 11]), splits=np.array([0, 3, 4])) == ["fun", "a"]
    assert ask("decode", model=handle, ids=[2, 10, 3], skip_special=False) == ["[CLS] fun [SEP]"]
    assert failure("decode", model=handle, ids=np.array([[1.5]]))["code"] == "data"
    assert failure("decode", model=handle, ids=np.array([[-(2**31)]]))["code"] == "data"  # R's NA


@pytest.mark.parametrize(("kind", "size", "special"), [("wordpiece", 20, 5), ("sentencepiece", 12, 7)])
def test_a_vocabulary_is_made_used_and_put_under_a_model(kind, size, special, tmp_path):
    texts = ["a good film", "a bad film", "good film good", "bad bad film"] * 20
    facts = ask("vocab_train", rows={"texts": texts}, size=float(size), type=kind, unused=1.0, out=str(tmp_path / "v"))
    assert (facts["type"], facts["size"], facts["lower_case"]) == (kind, size + special + 1, True)
    assert bytes(facts["data"]) == (tmp_path / "v").read_bytes() and facts["path"] == str(tmp_path / "v")
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    from_file = ask("vocab_train", files=[str(tmp_path / "texts.txt")], size=size, type=kind, unused=1)
    assert from_file["data"] == facts["data"]
    words = ask("vocab_handle", data=facts["data"], lower_case=True)
    ids = ask("tokenize", model=words, rows={"texts": ["Good film"]}, padding="longest")["input_ids"]
    assert ask("decode", model=words, ids=ids) == ["good film"]
    names = ask("tokens", model=words, rows={"texts": ["Good film"]})["token"]
    assert "".join(names).replace("▁", "").startswith("[CLS]")
    config = ask("config", sizes={"vocab_size": float(facts["size"]), "hidden_size": 8.0, "num_hidden_layers": 1.0,
                                  "num_attention_heads": 2.0, "intermediate_size": 8.0})
    assert config["preset"] is None and config["heads"] == {"mlm": "transform", "nsp": "google"}
    model = ask("init", config=config["config"], vocab=facts["data"], lower_case=True, seed=1.0)
    assert (model["kind"], model["path"], model["vocab_type"]) == ("fresh", None, kind)
    assert model["parameters"] == config["parameters"]
    again = ask("init", config=config["config"], vocab_of=model["handle"], seed=1.0,
                heads={"mlm": "tied", "nsp": "plain"})
    first, second = (ask("embed", model=m["handle"], rows={"texts": ["film"]}) for m in (model, again))
    np.testing.assert_array_equal(first, second)
    ask("release", handle=words)
    assert failure("tokenize", model=words, rows={"texts": ["a"]})["code"] == "argument"
