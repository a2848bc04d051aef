"""JSON to checked values: whatever does not fit is one ``ValueError`` that says what and where."""

from typing import Annotated, Any

import msgspec

Natural = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
"""A whole number from 0, of a size that a table takes."""


def parse(text: str | bytes) -> Any:
    """Parse JSON; ``ValueError`` if it is none."""
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def convert(value: object, kind: Any) -> Any:
    """Check plain values against a type and return them as such; ``ValueError`` names what does not fit and where."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.MsgspecError, OverflowError, SystemError) as error:  # the latter two of whole numbers without a float
        raise ValueError(str(error)) from error
