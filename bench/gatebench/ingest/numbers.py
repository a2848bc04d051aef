"""Numbers that are written as texts: with a decimal comma, thousands, a unit or a sign of percent."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from gatebench.ingest.question import Reading, Undecided, ask

THOUSANDS = r"[ '\u00a0\u2009\u202f]"
"""What stands between thousands beside comma and point: spaces of several widths and the apostrophe."""
EXPONENT = r"([eE][+-]?\d+)?"
"""The power of ten that a number may end in."""
WITH_COMMA = rf"[+-]?(\d+|[1-9]\d{{0,2}}(\.\d{{3}})+)?(,\d+)?{EXPONENT}"
"""A number whose fraction stands behind a comma."""
WITH_POINT = rf"[+-]?(\d+|[1-9]\d{{0,2}}(,\d{{3}})+)?(\.\d*)?{EXPONENT}"
"""A number whose thousands stand behind commas."""
UNIT = r"\s*(?:[%;]|°\s?[CFK]?|[€$£¥₹₩₽]|[A-Za-zµ][A-Za-zµ/²³0-9]{0,7})$"
"""What may stand behind a number: a unit, or a separator of columns at the end of a row."""
CODES = "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RUB|SEK|SGD|TRY|USD|ZAR|Rs\\.?|kr\\.?"
"""Currencies that are written in letters, as a pattern."""
CURRENCY = rf"^([+-]?)([A-Z]{{0,3}}[€$£¥₹₩₽]|{CODES})\s*(?=[-+.,\d])"
"""What may stand before a number."""
MULTIPLES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
"""Letters behind numbers that multiply them, where numbers of one column have several of them."""
MINUS = "^[\u2212\u2013\u2012](?=[^\\W_]|[.,€$£¥])"
"""Signs of minus that no keyboard has."""
IN_PARENTHESES = r"^\(([^()]*\d[^()]*)\)$"
"""An amount below zero, as accountants write it."""


class Numbers(NamedTuple):
    """Numbers and how they were written."""

    values: np.ndarray
    """Numbers ``[N]``, one of each text."""
    written: str
    """How they were written, for a line to the user."""


def read(name: str, texts: pd.Series, decimal: str | None) -> Numbers | None:
    """Return texts as numbers if all are written in one of the usual ways.

    Parameters
    ----------
    name
        The column, for the question.
    texts
        Texts without blanks around them, none of them empty, not all of them plain numbers.
    decimal
        ``comma`` or ``point`` as the user chose.

    Raises
    ------
    Undecided
        A comma may stand before a fraction or between thousands.

    """
    texts, signs = _with_plain_signs(texts)
    multiplied = _multiplied(texts)
    if multiplied is not None:
        bare, factors = multiplied
        numbers = read(name, bare, decimal)
        return numbers and Numbers(numbers.values * factors, " and ".join(["times k, M, B or T", *signs]))
    bare, unit = _without_unit(texts)
    if bare is None:
        return None
    ungrouped = bare.str.replace(rf"(?<=\d){THOUSANDS}(?=\d{{3}}(?!\d))", "", regex=True)
    behind = not texts.str.startswith(unit).all() and (unit[-1:].isalnum() or unit in "%°;")
    written = [*signs, *([f"with {unit} behind them" if behind else f"with {unit}"] if unit else [])]
    if not ungrouped.equals(bare):
        written.append("with thousands apart")
    if not ungrouped.str.contains(",", regex=False).any():
        return _convert(ungrouped, " and ".join(written) or "plain")
    fits_comma, fits_point = (bool(ungrouped.str.fullmatch(form).all()) for form in (WITH_COMMA, WITH_POINT))
    if fits_comma and fits_point and decimal is None:
        example = ungrouped[ungrouped.str.contains(",", regex=False)].iloc[0]
        raise _ask(name, example)
    if fits_comma and decimal != "point":
        plain = ungrouped.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        return _convert(plain, " and ".join([*written, "with a decimal comma"]))
    if fits_point and decimal != "comma":
        return _convert(
            ungrouped.str.replace(",", "", regex=False), " and ".join([*written, "with commas between thousands"])
        )
    return None


def _ask(name: str, example: str) -> Undecided:
    point, comma = example.replace(",", ""), example.replace(".", "").replace(",", ".")
    return ask(
        f"column {name} has numbers like {example}, whose comma may be that of a fraction or of thousands",
        Reading(f"{example} is {comma}", {"decimal": "comma"}),
        Reading(f"{example} is {point}", {"decimal": "point"}),
    )


def _with_plain_signs(texts: pd.Series) -> tuple[pd.Series, list[str]]:
    """Return texts whose minus is that of a keyboard, and how it was written elsewhere."""
    signs = []
    if texts.str.contains(MINUS, regex=True).any():
        texts = texts.str.replace(MINUS, "-", regex=True)
        signs.append("with a typographic minus")
    if texts.str.match(IN_PARENTHESES).any():
        texts = texts.str.replace(IN_PARENTHESES, r"-\1", regex=True)
        signs.append("below zero in parentheses")
    return texts, signs


def _multiplied(texts: pd.Series) -> tuple[pd.Series, np.ndarray] | None:
    """Return texts without letters that multiply them, and by how much; None where they have not several of these."""
    parts = texts.str.extract(r"^([^A-Za-z]*\d) ?([kKMBT]?)$")
    if parts.isna().to_numpy().any() or parts[1].nunique() < 2:
        return None
    # Bytes are whole: 512B beside 1.2K is no billion.
    if (parts[1] == "B").any() and not parts[0][parts[1] == "B"].str.contains(".", regex=False).any():
        return None
    return parts[0], parts[1].map({"": 1.0, **MULTIPLES}).to_numpy(float)


def _without_unit(texts: pd.Series) -> tuple[pd.Series | None, str]:
    """Return texts without the unit that stands behind or before all of them, or None where no number could be left."""
    if not texts.str.contains(r"\d", regex=True).all():
        return None, ""
    if texts.str.match(CURRENCY).all():
        signs = texts.str.extract(CURRENCY)[1]
        return (None, "") if signs.nunique() > 1 else (texts.str.replace(CURRENCY, r"\1", regex=True), signs.iloc[0])
    units = texts.str.extract(rf"({UNIT[:-1]})$", expand=False).str.strip()
    if units.isna().any() or units.nunique() > 1 or _is_exponent(units.iloc[0]):
        return texts, ""
    bare = texts.str.replace(UNIT, "", regex=True)
    unit = units.iloc[0]
    # A letter behind whole numbers may be a part of a name: 3a, 3b.
    if unit.isalnum() and not bare.str.contains(r"\d[.,]\d", regex=True).any():
        return None, ""
    return bare, unit


def _is_exponent(unit: str) -> bool:
    return unit[:1] in "eE" and unit[1:].isdigit()


def _convert(texts: pd.Series, written: str) -> Numbers | None:
    values = pd.to_numeric(texts, errors="coerce")
    return None if values.isna().any() else Numbers(values.to_numpy(), written)
