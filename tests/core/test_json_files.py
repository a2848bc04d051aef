"""Values as JSON: laid out to the byte as Python does it, without numbers that JSON does not have."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from gatebench.core.files import nan_to_none, to_json


@pytest.mark.parametrize(
    "value",
    [
        {}, [], None, "é\"\\\n\u2028", [1, -0.0, 1e22, 1e-7, 0.1 + 0.2, 2**70, True],
        {"a": {}, "b": [], "c": [{}, [[]], {"d": [1.5, {"e": None}]}], "é": "a, b: {c} [d]"},
    ],
)  # fmt: skip
def test_json_is_laid_out_as_python_does_it(value: object):
    """To the byte: files that a command adds nothing to stay as they are."""
    assert to_json(value) == json.dumps(value, indent=1) + "\n"


def test_numbers_that_are_not_finite_and_dataclasses_become_plain_values():
    @dataclass
    class Inner:
        x: float
        y: tuple[object, ...]

    value = {"inner": Inner(math.nan, (Inner(1.0, ()), math.inf)), "kept": [np.float64(2.5), "nan"]}
    plain = {"inner": {"x": None, "y": [{"x": 1.0, "y": []}, None]}, "kept": [2.5, "nan"]}
    assert nan_to_none(value) == plain
    assert json.loads(to_json(value)) == plain
