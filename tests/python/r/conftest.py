"""Handles of models, as R holds them."""

import pytest

from bertfit.r import boundary
from toys.models import toy_head, toy_model


@pytest.fixture
def handle():
    return boundary.keep(toy_model())["handle"]


@pytest.fixture
def fitted():
    return boundary.keep(toy_head("binary"))["handle"]
