"""Models as R asks for them: opened, made, described, saved and released."""

from bertfit.errors import CheckpointError
from toys.boundary import ask, failure


def test_a_description_has_kind_sizes_task_and_record(handle, fitted):
    loaded = ask("describe", handle=float(handle))  # R's numbers are doubles
    assert loaded["kind"] == "huggingface" and loaded["lower_case"] is True and loaded["fitted"] is False
    assert loaded["config"]["hidden_size"] == 16 and loaded["vocab_size"] == 27 and loaded["max_len"] == 32
    assert type(loaded["parameters"]) is float and "task" not in loaded
    description = ask("describe", handle=fitted)
    assert description["kind"] == "fitted"
    assert description["task"]["labels"] == ["ham", "spam"] and description["head"]["pooling"] == "nsp"
    assert description["record"]["history"]["epoch"].tolist() == [1.0, 2.0]
    assert description["parameters"] == description["trainable_parameters"] == loaded["parameters"] + 17


def test_a_released_model_is_gone_and_may_be_released_again(handle):
    ask("release", handle=handle)
    ask("release", handle=handle)
    assert failure("describe", handle=handle)["code"] == "argument"
    assert failure("describe", handle=True)["code"] == "argument"


def test_failures_name_the_path_or_the_argument():
    missing = failure("load", x="./no-such-folder")
    assert missing["code"] == CheckpointError.code and "no-such-folder" in missing["message"]
    assert failure("decode", model="one", ids=[1])["message"].startswith("`model` must be the number of a model")


def test_the_table_of_models_the_sitrep_and_the_count_of_steps(tmp_path):
    table = ask("models", cache_dir=str(tmp_path))
    assert len({len(column) for column in table.values()}) == 1
    assert "minilm-l6-uncased" in table["name"] and not any(table["cached"])
    report = ask("sitrep")
    assert report["keras2"] is True and report["problems"] == [] and report["packages"]["tensorflow"].startswith("2.")
    assert ask("train_steps", n=2000.0, batch_size=70.0, epochs=1.0) == [29, 2]


def test_the_parameters_of_the_layer_table_add_up(fitted):
    table = ask("layers", model=fitted)
    assert sum(table["parameters"]) == ask("describe", handle=fitted)["parameters"]
    assert table["layer"][-1] == "output" and len({len(column) for column in table.values()}) == 1


def test_presets_and_what_is_refused_of_them():
    made = ask("config", preset="KOR-tiny", sizes={"vocab_size": 99.0})
    assert (made["preset"], made["config"]["vocab_size"], made["heads"]["mlm"]) == ("kor-tiny", 99, "tied")
    assert failure("config", preset="kor-tinny")["code"] == "argument"
    assert "width" in failure("vocab_train", rows={"texts": ["a"]}, size=3, width=1)["message"]
    assert failure("vocab_train", rows={"texts": ["a", None]}, size=3)["code"] == "data"
    assert failure("init", config="kor-tiny", vocab="/no/such.txt")["code"] == "vocabulary"
