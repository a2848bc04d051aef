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
UNIT = r"\s*(?:%|°\s?[CFK]?|[€$£¥]|[A-Za-zµ][A-Za-zµ/²³0-9]{0,7})$"
"""What may stand behind a number."""
CURRENCY = r"^([+-]?)[€$£¥]\s*"
"""What may stand before a number."""


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
    bare, unit = _without_unit(texts)
    if bare is None:
        return None
    ungrouped = bare.str.replace(rf"(?<=\d){THOUSANDS}(?=\d{{3}}(?!\d))", "", regex=True)
    written = [f"with {unit} behind them" if unit[-1:].isalnum() or unit in "%°" else f"with {unit}"] if unit else []
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


def _without_unit(texts: pd.Series) -> tuple[pd.Series | None, str]:
    """Return texts without the unit that stands behind or before all of them, or None where no number could be left."""
    if not texts.str.contains(r"\d", regex=True).all():
        return None, ""
    if texts.str.match(CURRENCY).all():
        return texts.str.replace(CURRENCY, r"\1", regex=True), texts.iloc[0].lstrip("+-")[0]
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
