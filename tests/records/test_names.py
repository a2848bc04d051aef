"""Names and equations that come from elsewhere: those of ours pass, and what a browser or a terminal obeys does not."""

from pathlib import Path

import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.graph import catalogue
from gatebench.records import collection, names, study_file

PUBLISHED = Path(__file__).resolve().parents[2] / "results"


@pytest.mark.parametrize("name", [*sorted(names.OURS), "", "..", "a/b", "a b", ".x", "<b>", "x\n", "a" * 201])
def test_no_study_is_called_so(name: str):
    assert not names.is_study(name)


def test_names_of_published_studies_are_names():
    for file in PUBLISHED.glob("*/study.json"):
        assert names.is_study(file.parent.name)
        names.check_labels(study_file.read(PUBLISHED, file.parent.name), str(file))


@pytest.mark.parametrize("text", ["R&B", "<10", "> 50K", "a < b", "Größe (cm)", "it's", '"x"', ""])
def test_texts_of_data_pass(text: str):
    names.check_name(text, "class")


@pytest.mark.parametrize("text", ["<b>", "</p>", "<!--", "<?php", "x<script", "\x1b[2J", "a\nb", "\u202etxt", "\x9b"])
def test_what_is_obeyed_does_not(text: str):
    with pytest.raises(BadInput, match="class has the text"):
        names.check_text(text, "class")


@pytest.mark.parametrize("cell", registry.available("cells", ".py"))
def test_equations_of_every_cell_are_typeset(cell: str):
    assert all(map(names.is_equation, catalogue.describe(cell).equations))


def test_published_equations_are_typeset():
    for record in collection.read(PUBLISHED / "jsb" / collection.NAME):
        assert all(map(names.is_equation, record.equations))


@pytest.mark.parametrize("line", [r"\text{<b>}", r'\color{" x="}{y}', r"\href{javascript:x}{y}", "a & b", "#x", "a\x00"])
def test_what_a_browser_could_run_is_no_equation(line: str):
    assert not names.is_equation(line)
