"""What a tokenizer.json may and may not say; thousands of damaged ones."""

import copy
import json
import os
import random

import pytest

from bertfit.errors import VocabularyError
from bertfit.text import SpecialTokens, Tokenizer, Vocabulary, read_vocabulary
from toys.tokenizers import transformers_tokenizer

pytest.importorskip("transformers")
MUTATIONS = int(os.environ.get("BERTFIT_MUTATIONS", "1000"))  # 20,000 were run
NAMES = ("roberta", "albert", "mpnet")


def document(name):
    return json.loads(transformers_tokenizer(name).backend_tokenizer.to_str())


def opened(content):
    return Vocabulary.from_bytes(json.dumps(content).encode())


def test_special_tokens_are_found_in_the_file_alone():
    assert opened(document("roberta")).special == SpecialTokens.roberta()
    assert opened(document("albert")).special == SpecialTokens("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    assert opened(document("mpnet")).special == SpecialTokens("<pad>", "[UNK]", "<s>", "</s>", "<mask>", 2)


@pytest.mark.parametrize("change,match", [
    (lambda d: d["model"].update(type="WordLevel"), "must be BPE, Unigram or WordPiece"),
    (lambda d: d.update(model=None), "whole"),
    (lambda d: d["model"].update(vocab=[1, 2]), "whole"),
    (lambda d: d["post_processor"].update(sep=["</s>", 7]), "contradict"),
    (lambda d: d.update(post_processor={"type": "Strange"}), "whole|before a text"),
    (lambda d: d["model"]["vocab"].update({"far": 10**9}), "numbered"),
    (lambda d: d["model"]["merges"].append(["q", "notthere"]), "whole"),
    (lambda d: d["model"].update(continuing_subword_prefix="##"), "prefix of continuing pieces"),
])
def test_a_file_that_cannot_be_used_is_named(change, match):
    content = document("roberta")
    change(content)
    with pytest.raises(VocabularyError, match=match):
        opened(content)


def test_an_id_without_a_token_has_a_name():
    content = document("roberta")
    last = max(content["model"]["vocab"].values())
    content["model"]["vocab"]["zzz"] = last + 3
    vocabulary = opened(content)
    assert vocabulary.tokens[last + 1 :] == (f"[unused {last + 1}]", f"[unused {last + 2}]", "zzz")
    a = vocabulary.ids["a"]
    assert Tokenizer(vocabulary).decode([[a, last + 1, a]]) == [f"a [unused {last + 1}] a"]


def test_padding_truncation_and_dropout_of_the_file_do_nothing():
    content = document("roberta")
    plain = Tokenizer(opened(content)).encode(["the quick brown fox"] * 3)
    content["model"]["dropout"] = 0.9
    content["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 1,
                          "pad_type_id": 0, "pad_token": "<pad>"}
    found = Tokenizer(opened(content)).encode(["the quick brown fox"] * 3)
    assert found.ids.tolist() == plain.ids.tolist()


def test_a_file_of_an_early_version_does_not_say_its_model():
    for name in NAMES:
        content = document(name)
        del content["model"]["type"]
        assert opened(content).tokens == opened(document(name)).tokens


def _small(content):
    """The same with few tokens, so that mutations hit its structure."""
    model = content["model"]
    if isinstance(model["vocab"], list):
        model["vocab"] = model["vocab"][:40]
    else:
        model["vocab"] = dict(sorted(model["vocab"].items(), key=lambda item: item[1])[:300])
    kept = set(model["vocab"]) if isinstance(model["vocab"], dict) else set()
    model["merges"] = [m for m in model.get("merges", []) if {*m, "".join(m)} <= kept][:20] if "merges" in model else []
    if not model["merges"]:
        del model["merges"]
    if model["type"] == "BPE":
        model.setdefault("merges", [])
    return content


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


_VALUES = (None, True, False, 0, 1, -1, 2**31, 2**64, 1.5, "", "a", "<s>", "\ud800", "[", "(a+)+$", [], {}, [[]],
           {"type": "Sequence"}, {"type": "ByteLevel"}, {"type": "Precompiled", "precompiled_charsmap": "AAAA"},
           {"type": "Replace", "pattern": {"Regex": "(a|a)*b"}, "content": ""},
           {"type": "Replace", "pattern": {"String": ""}, "content": "x"}, {"type": "Split"}, {"Fixed": 10**12})


def _mutated(content, random_):
    content = copy.deepcopy(content)
    for _ in range(random_.choice((1, 1, 2, 3))):
        # Every part of the structure is as likely as a whole vocabulary.
        places = [path for path in _places(content) if path and ("vocab" not in path[:2] or random_.random() < 0.02)]
        path = random_.choice(places)
        holder = content
        for key in path[:-1]:
            holder = holder[key]
        action = random_.random()
        if action < 0.25:
            del holder[path[-1]]
        elif action < 0.8:
            holder[path[-1]] = copy.deepcopy(random_.choice(_VALUES))
        elif isinstance(holder, list):
            holder.append(holder[path[-1]])
        else:
            other = random_.choice(places)
            value = content
            for key in other:
                value = value[key] if isinstance(value, (dict, list)) and (
                    key in value if isinstance(value, dict) else key < len(value)) else None
            holder[path[-1]] = copy.deepcopy(value)
    data = bytearray(json.dumps(content).encode())
    if random_.random() < 0.3:
        for _ in range(random_.randint(1, 4)):
            data[random_.randrange(len(data))] = random_.randrange(256)
    return bytes(data if random_.random() > 0.05 else data[: random_.randrange(len(data))])


_USED = ["a b", "Ça <s> 漢字 \u200b", "aaaaaaaaaaaaaaaaaaaaaaaa", ""]


def _use(vocabulary):
    tokenizer = Tokenizer(vocabulary)
    encoding = tokenizer.encode(_USED, max_len=9)
    tokenizer.encode(_USED, _USED[::-1])
    tokenizer.tokens(_USED)
    tokenizer.decode([encoding.ids, range(len(vocabulary))], skip_special=False)
    assert int(encoding.ids.max()) < len(vocabulary)


def test_damaged_files_raise_only_vocabulary_errors(tmp_path, capfd):
    random_ = random.Random(7)
    whole = [_small(document(name)) for name in NAMES]
    fine = 0
    for number in range(MUTATIONS):
        data = _mutated(whole[number % len(whole)], random_)
        try:
            _use(Vocabulary.from_bytes(data))
            fine += 1
        except VocabularyError:
            pass
    assert 0.02 * MUTATIONS < fine < 0.9 * MUTATIONS
    capfd.readouterr()  # the package writes its panics to stderr


def test_damaged_older_files_raise_only_vocabulary_errors(tmp_path, capfd):
    random_ = random.Random(8)
    content = _small(document("roberta"))["model"]
    files = {"vocab.json": json.dumps(content["vocab"]).encode(),
             "merges.txt": "".join(f"{a} {b}\n" for a, b in content["merges"]).encode(),
             "tokenizer_config.json": b'{"mask_token": {"content": "<mask>"}, "add_prefix_space": false, '
                                      b'"added_tokens_decoder": {"3": {"content": "<unk>", "special": true}}}'}
    fine = 0
    for _ in range(MUTATIONS // 5):
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        name = random_.choice(list(files))
        data = bytearray(files[name])
        for _ in range(random_.randint(1, 3)):
            data[random_.randrange(len(data))] = random_.choice(b'{}[]":, \n\xff09a')
        (tmp_path / name).write_bytes(data)
        try:
            _use(read_vocabulary(tmp_path))
            fine += 1
        except VocabularyError:
            pass
    assert fine > 0.02 * MUTATIONS / 5
    capfd.readouterr()
