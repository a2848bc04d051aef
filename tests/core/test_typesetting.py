"""Equations for a program that draws them."""

import pytest
from latex2mathml.converter import convert

from gatebench.core.typesetting import typeset


@pytest.mark.parametrize(("line", "shown"), [
    (r"theta_{t} = \sigma\left(U_{theta} h_{t-1} + b_{theta}\right)",
     r"\theta_{t} = \sigma\left(U_{\theta} h_{t-1} + b_{\theta}\right)"),
    (r"g_{cu,t} = \operatorname{sgn}\left(s_{t}\right)", r"g_{cu,t} = \operatorname{sgn}\left(s_{t}\right)"),
    (r"carried_{t} = \frac{eta_{t}}{\sqrt{size_{t}}} + lambda_{re,t}",
     r"\mathrm{carried}_{t} = \frac{\eta_{t}}{\sqrt{\mathrm{size}_{t}}} + \lambda_{re,t}"),
    (r"h_{t} = 0.5 \odot \tilde{h}_{t} + 1e+30 \odot dt_{bar}",
     r"h_{t} = 0.5 \odot \tilde{h}_{t} + 1e+30 \odot \mathrm{dt}_{\mathrm{bar}}"),
])  # fmt: skip
def test_greek_names_are_letters_and_words_stand_upright(line: str, shown: str):
    assert typeset(line) == shown
    assert convert(shown).startswith("<math ")
