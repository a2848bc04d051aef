"""Numbers and names in sentences."""

import pytest

from gatebench.report import words
from gatebench.report.stats.estimates import Estimate


def test_numbers_that_went_astray_have_no_digits_to_read():
    assert words.fixed(3.0370973611e29) == "3.04e+29"
    assert words.fixed(-3e29, 2, "+") == "-3e+29"
    assert words.interval(3.0370973611e29, -3.7e29, 9.8e29) == "3.04e+29 [-3.7e+29, 9.8e+29]"
    assert str(Estimate(3.04e29, -3.7e29, 9.8e29, 5)) == "3.04e+29 [-3.7e+29, 9.8e+29]"


@pytest.mark.parametrize(("number", "shown"), [(8.3812, "8.381"), (-999999.4, "-999999.400"), (float("nan"), "nan")])
def test_others_have_as_many_digits_as_ever(number: float, shown: str):
    assert words.fixed(number) == shown


def test_many_names_are_counted():
    names = [f"cell_{i}" for i in range(words.MANY + 1)]
    assert words.listed_or_counted(names[:2], "others") == "cell_0 and cell_1"
    assert words.listed_or_counted(names, "others") == "13 others"


def test_sentences_after_the_first_begin_with_a_capital():
    assert words.sentences([]) == ""
    assert words.sentences(["by NLL a is best"]) == "by NLL a is best"
    assert words.sentences(["of all: none", "by AUC b is", "2 more"]) == "of all: none. By AUC b is. 2 more"
