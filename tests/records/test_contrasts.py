"""What a family of contrasts holds, how a study's file has it, and what becomes of a change after there are results."""

from pathlib import Path

import pytest

from gatebench.records import merging, sources, study_file
from gatebench.records.contrasts import ALL, UNDECLARED, Contrasts, Declaration
from support.records import make_point

A, B = "a" * 16, "b" * 16
AGAINST, LISTED = Contrasts(against="gru"), Contrasts(pairs=(("lstm", "rnn"),))


@pytest.mark.parametrize(
    ("contrasts", "pairs", "text"),
    [
        (ALL, [("rnn", "gru"), ("rnn", "lstm"), ("gru", "lstm")], "all pairs"),
        (AGAINST, [("rnn", "gru"), ("gru", "lstm")], "every cell against gru"),
        (LISTED, [("rnn", "lstm")], "lstm with rnn"),
        (Contrasts(against="lem"), [], "every cell against lem"),
    ],
    ids=["all", "against", "listed", "absent"],
)
def test_a_family_holds_its_pairs_in_either_order(contrasts: Contrasts, pairs: list[tuple[str, str]], text: str):
    assert contrasts.among(["rnn", "gru", "lstm"]) == pairs
    assert all((pair in contrasts) == (pair[::-1] in contrasts) for pair in ALL.among(["rnn", "gru", "lstm"]))
    assert str(contrasts) == text


def test_a_family_that_was_declared_before_there_were_results_stands_with_the_plan(tmp_path: Path):
    assert study_file.declaration(tmp_path, "some") == UNDECLARED
    assert study_file.declare(tmp_path, "some", LISTED, []) == Declaration(LISTED)
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    assert study_file.declaration(tmp_path, "some") == Declaration(LISTED)
    assert study_file.declare(tmp_path, "some", AGAINST, []) == Declaration(AGAINST)  # none of its trials is finished
    assert study_file.declare(tmp_path, "some", AGAINST, [A, B]) == Declaration(AGAINST)  # no change
    (point,) = study_file.read(tmp_path, "some")
    assert point == make_point([A], [B])


@pytest.mark.parametrize("first", [ALL, AGAINST], ids=["all", "against"])
def test_a_change_after_there_were_results_is_never_forgotten(tmp_path: Path, first: Contrasts):
    study_file.declare(tmp_path, "some", first, [])
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    assert study_file.declare(tmp_path, "some", LISTED, ["c" * 16, A]) == Declaration(LISTED, first)
    other = Contrasts(against="lstm")
    assert study_file.declare(tmp_path, "some", other, [A]) == Declaration(other, first)
    assert study_file.declare(tmp_path, "some", LISTED, []) == Declaration(LISTED)  # all its trials were removed
    assert study_file.declare(tmp_path, "some", first, [A]) == Declaration(first, LISTED)
    assert study_file.declare(tmp_path, "some", LISTED, [A]) == Declaration(LISTED)  # back to what was declared before


def test_a_file_of_every_pair_is_what_it_was_without_families(tmp_path: Path):
    study_file.add_points(tmp_path, "some", [make_point([A], [B])])
    before = study_file.path(tmp_path, "some").read_bytes()
    study_file.declare(tmp_path, "some", ALL, [A])
    assert study_file.path(tmp_path, "some").read_bytes() == before
    study_file.declare(tmp_path, "some", AGAINST, [A])
    assert study_file.declare(tmp_path, "some", ALL, [A]) == UNDECLARED
    assert study_file.path(tmp_path, "some").read_bytes() == before


def test_a_merge_brings_the_family_of_a_study_that_is_not_here_and_changes_none_that_is(tmp_path: Path):
    declared = {"here": ALL, "there": AGAINST}
    for folder in declared:
        study_file.declare(tmp_path / folder, "some", declared[folder], [])
        study_file.add_points(tmp_path / folder, "some", [make_point([A], [B])])
    study_file.declare(tmp_path / "there", "some", LISTED, [A])
    (tmp_path / "new" / "trials").mkdir(parents=True)
    for folder in ("here", "new"):
        merging.merge(tmp_path / folder, sources.of_folder(tmp_path / "there"), lambda _: A)
    assert study_file.declaration(tmp_path / "here", "some") == UNDECLARED
    assert study_file.declaration(tmp_path / "new", "some") == Declaration(LISTED, AGAINST)
    assert study_file.read(tmp_path / "new", "some") == [make_point([A], [B])]
