"""What a run tells is passed on whole, not too often, and printed so that a log can be read."""

import io
import math

import numpy as np
import pytest

from bertfit.errors import CallbackError
from bertfit.training import callbacks
from bertfit.training.callbacks import Callback, Console, Report, interruptible
from toys.fits import Watch, assert_same_run, frozen
from toys.models import toy_model

BEGIN = {"epochs": 2, "steps": 3, "rows": 1234, "validation_rows": 56, "max_len": 24, "truncated": 0,
         "precision": "float32", "device": "CPU (2 threads)"}


def step(number, epoch=1, steps=3):
    return {"epoch": epoch, "step": number, "steps": steps, "loss": 0.5 / number, "metric_name": "accuracy",
            "metric": 0.25 * number, "seconds_left": 1.0}


def epoch(number, best):
    return {"epoch": number, "epochs": 2, "loss": 0.51234, "accuracy": 0.75, "val_loss": float("nan"),
            "learning_rate": 2e-5, "seconds": 12.34, "best": best}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_run_calls_every_hook_of_the_base_class_and_is_the_run_without_callbacks():
    hooks = set()

    class Base(Callback):
        def __getattribute__(self, name):
            hooks.update({name} if name.startswith("on_") else ())
            return super().__getattribute__(name)

    toy = toy_model(num_hidden_layers=1)
    assert_same_run(frozen(toy, epochs=2, callbacks=[Callback(), Base()]), frozen(toy, epochs=2))
    assert hooks == {"on_begin", "on_step", "on_epoch", "on_end"}


def test_a_report_names_every_event():
    events = []
    report = Report(events.append, per_second=1e9)
    report.on_begin(BEGIN)
    report.on_step(step(1))
    report.on_epoch(epoch(1, True))
    report.on_end({"best_epoch": 1, "interrupted": False})
    assert [event["event"] for event in events] == ["begin", "step", "epoch", "end"]
    assert events[0] == {"event": "begin", **BEGIN} and events[1] == {"event": "step", **step(1)}


def test_a_report_passes_few_steps_and_always_the_last(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
    seen = []
    report = Report(lambda event: seen.append(event["step"]), per_second=5)
    for number in range(1, 1001):  # a thousand steps in ten seconds
        now[0] += 0.01
        report.on_step(step(number, steps=1000))
    assert seen[0] == 1 and seen[-1] == 1000 and 49 <= len(seen) <= 52
    assert min(np.diff(seen[:-1])) >= 20


def test_the_console_writes_a_line_per_epoch():
    out = io.StringIO()
    console = Console(1, out)
    console.on_begin(BEGIN)
    console.on_step(step(1))
    console.on_epoch(epoch(1, True))
    console.on_epoch(epoch(2, False))
    console.on_end({"best_epoch": 1, "interrupted": False})
    assert out.getvalue().splitlines() == [
        "1,234 rows, 56 held out; max_len 24; float32 on CPU (2 threads)",
        "epoch 1/2: loss 0.5123, accuracy 0.7500, val_loss nan, 12.3 s (best so far)",
        "epoch 2/2: loss 0.5123, accuracy 0.7500, val_loss nan, 12.3 s",
    ]


def test_the_console_tells_the_memory_of_large_batches():
    def told(**info):
        out = io.StringIO()
        Console(1, out).on_begin({**BEGIN, **info})
        return out.getvalue().splitlines()[1:]

    assert told(bytes=2**30 - 1, parts=1) == []
    assert told(bytes=int(5.04 * 2**30), parts=1) == ["a batch takes about 5.0 GB of memory"]
    assert told(bytes=3 * 2**30, parts=4) == ["each of the 4 parts of a batch takes about 3.0 GB of memory"]


def test_a_bar_shows_the_time_that_the_run_estimates():
    def shown(**info):
        out = Terminal()
        console = Console(2, out)
        console.on_step({**step(1, steps=50), **info})
        console.on_end({"best_epoch": 1, "interrupted": False})
        return out.getvalue()

    assert "left=00:16" in shown(seconds_left=16.0)
    first = shown(seconds_left=None)  # nothing is known yet, and tqdm would take it for a typical step
    assert "1/50" in first and "left" not in first and "<" not in first


def test_the_console_says_that_a_run_was_interrupted():
    out = io.StringIO()
    Console(1, out).on_end({"best_epoch": None, "interrupted": True})
    assert "interrupted" in out.getvalue()


@pytest.mark.parametrize("verbose, stream, bars", [(2, Terminal, True), (1, Terminal, False), (2, io.StringIO, False)])
def test_a_bar_is_for_a_terminal(verbose, stream, bars):
    out = stream()
    console = Console(verbose, out)
    console.on_step(step(1))
    console.on_step(step(3))
    assert ("epoch 1" in out.getvalue()) is bars
    console.on_epoch(epoch(1, True))
    if bars:
        assert "3/3" in out.getvalue() and "accuracy=0.7500" in out.getvalue()
    assert out.getvalue().splitlines()[-1].endswith("(best so far)")


def test_an_interrupted_bar_is_closed():
    out = Terminal()
    console = Console(2, out)
    console.on_step(step(1))
    bar = console._bar
    console.on_end({"best_epoch": None, "interrupted": True})
    assert bar.disable  # tqdm's way of being closed


def test_rs_answer_can_interrupt():
    def unnamed(event):
        raise RuntimeError("Unknown exception occurred")

    for function in (lambda event: "interrupt", unnamed):
        with pytest.raises(KeyboardInterrupt):
            interruptible(function)({"event": "step"})
    with pytest.raises(RuntimeError, match="plot window"):
        interruptible(lambda event: (_ for _ in ()).throw(RuntimeError("plot window closed")))({})
    seen = []
    assert interruptible(lambda event: seen.append(event))({"event": "end"}) is None
    assert seen == [{"event": "end"}]


def test_rs_answer_can_say_that_the_callback_failed():
    with pytest.raises(CallbackError) as caught:
        interruptible(lambda event: "error")({"event": "step"})
    assert caught.value.code == "callback"


class Stop(Callback):
    """Asks to stop at a hook's call number `at`, and says what came after."""

    def __init__(self, hook, at, answer="stop"):
        self.calls, self.after = [], []

        def called(info):
            self.calls.append(info)
            return answer if len(self.calls) == at else None

        setattr(self, hook, called)


def test_a_callback_may_ask_to_stop_after_an_epoch():
    toy = toy_model(num_hidden_layers=1)
    stop = Stop("on_epoch", 2)
    model = frozen(toy, epochs=5, callbacks=[stop])
    assert len(stop.calls) == 2 and model.record["history"]["epoch"] == [1, 2]
    assert model.record["stopped"] == "a callback asked to stop" and model.record["interrupted"] is False
    ran = frozen(toy, epochs=5, callbacks=[Stop("on_epoch", 2, answer=True), Stop("on_epoch", 1, answer=["stop"])])
    assert ran.record["history"]["epoch"] == [1, 2, 3, 4, 5] and ran.record["stopped"] is None


def test_a_callback_may_ask_to_stop_within_an_epoch_which_then_counts_for_nothing():
    toy = toy_model(num_hidden_layers=1)
    steps = len(frozen_steps(toy))
    stop = Stop("on_step", steps + 1)  # the first step of epoch 2
    model = frozen(toy, epochs=3, callbacks=[stop])
    assert len(stop.calls) == steps + 1 and model.record["history"]["epoch"] == [1]
    assert model.record["restored_best"] is True
    best = Stop("on_epoch", 1)
    for one, other in zip(model.head.get_weights(), frozen(toy, epochs=3, callbacks=[best]).head.get_weights(),
                          strict=True):
        np.testing.assert_array_equal(one, other)  # the weights of epoch 1, the best of one
    last = Stop("on_step", steps)
    assert frozen(toy, epochs=3, callbacks=[last]).record["history"]["epoch"] == [1]  # the epoch was over


def frozen_steps(toy):
    watch = Watch()
    frozen(toy, epochs=1, callbacks=[watch])
    return [info for hook, info in watch.events if hook == "step"]


def test_an_error_in_a_callback_ends_the_fit_and_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        frozen(toy_model(num_hidden_layers=1), epochs=2, callbacks=[Watch(("step", 2), ZeroDivisionError)])


def test_a_report_can_pass_every_step_and_its_functions_answer():
    report = Report(lambda event: event["event"], per_second=math.inf)
    assert [report.on_step(step(1)), report.on_step(step(2))] == ["step", "step"]
    assert [report.on_begin(BEGIN), report.on_epoch(epoch(1, True)), report.on_end({})] == ["begin", "epoch", "end"]
