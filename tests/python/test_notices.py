"""Notices are warnings at the user's line, or kept and joined for an interface that words them."""

import warnings

import pytest

import bertfit
from bertfit.notices import BertfitWarning, MissingTextWarning, TruncationWarning, collected, tell


def test_a_notice_is_a_warning_where_the_user_called():
    with pytest.warns(TruncationWarning, match=r"^1 of 2,000 rows was longer than 64 tokens and was cut\.$") as told:
        tell(TruncationWarning(1, 2000, 64))
    assert told[0].filename == __file__
    assert issubclass(bertfit.TruncationWarning, BertfitWarning) and issubclass(BertfitWarning, UserWarning)


def test_of_no_rows_there_is_nothing_to_tell():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell(TruncationWarning(0, 5, 64))
    with collected() as kept:
        tell(MissingTextWarning(0, 5))
    assert kept == []


def test_collected_notices_of_one_kind_are_joined():
    with warnings.catch_warnings(), collected() as kept:
        warnings.simplefilter("error")
        for notice in (TruncationWarning(2, 10, 64), TruncationWarning(0, 10, 64), MissingTextWarning(1, 10),
                       TruncationWarning(3, 5, 64), TruncationWarning(1, 5, 32)):
            tell(notice)
    assert list(map(str, kept)) == ["5 of 25 rows were longer than 64 tokens and were cut.",
                                    "1 of 10 rows has no text, and no prediction.",
                                    "1 of 5 rows was longer than 32 tokens and was cut."]


def test_after_a_failure_notices_are_warnings_again():
    with pytest.raises(ZeroDivisionError), collected():
        raise ZeroDivisionError
    with pytest.warns(MissingTextWarning):
        tell(MissingTextWarning(1, 1))
