"""The time left is that of typical steps, not of those that trace and compile."""

from bertfit.training.pace import Pace


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


def paced():
    clock = Clock()
    pace = Pace(clock)
    clock.time += 3  # tracing
    pace.start()

    def step(seconds, *shapes):
        for shape in shapes:
            pace.batch(shape)
        clock.time += seconds
        pace.step()

    def end(seconds):
        clock.time += seconds
        pace.end()

    return pace, step, end


def test_a_first_step_does_not_count():
    pace, step, _ = paced()
    step(7.0, "a")
    assert pace.left(50, 0) is None  # nothing is known yet
    for _ in range(4):
        step(0.5, "a")
    assert pace.left(46, 0) == 23.0
    step(1.0, "a")
    assert pace.left(10, 0) == 6.0  # (4 * 0.5 + 1) / 5


def test_neither_do_the_first_steps_of_other_shapes():
    pace, step, _ = paced()
    step(7.0, (16, 32))
    step(2.0, (16, 64))
    assert pace.left(10, 0) == 20.0  # the fastest: there is no other
    step(0.25, (16, 64))
    assert pace.left(10, 0) == 2.5
    step(3.0, (16, 64), (16, 128))  # a step of two batches
    assert pace.left(10, 0) == 2.5
    step(0.75, (16, 32), (16, 128))
    assert pace.left(10, 0) == 5.0


def test_the_ends_of_epochs_count_as_the_last_one():
    pace, step, end = paced()
    step(7.0, "a")
    step(0.5, "a")
    assert pace.left(10, 2) == 5.0
    end(4.0)  # validation, traced
    assert pace.left(10, 2) == 13.0
    step(0.5, "a")
    end(1.0)
    assert pace.left(10, 1) == 6.0
    step(1.5, "a")
    assert pace.left(0, 0) == 0.0
