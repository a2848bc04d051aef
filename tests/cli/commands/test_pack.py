"""``gatebench pack`` as its user meets it."""

import pytest

from gatebench.records import study_file
from gatebench.records.packed import NAME
from gatebench.records.store import Store
from support.command_line import CommandLine
from support.records import WEIGHTS, make_point, make_record

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def store(gatebench: CommandLine) -> Store:
    """Three trials, two of which are of the study ``some``."""
    store = Store(gatebench.folder / "results")
    store.write_all([(make_record(key), WEIGHTS) for key in (A, B, C)])
    study_file.add_points(store.results, "some", [make_point([A], [B])])
    return store


def test_trials_are_packed_and_unpacked(gatebench: CommandLine, store: Store):
    status = gatebench("status", "some").out
    assert gatebench("pack", "some").out == "2 trials are packed into results/trials.zip\n"
    assert [folder.name for folder in store.trials.iterdir()] == [C]
    assert gatebench("pack").out == "1 trials are packed into results/trials.zip\n"
    assert gatebench("pack").out == "nothing to pack\n"
    assert gatebench("status", "some").out == status
    assert gatebench("pack", "--undo", "some").out == "2 trials are in folders below results/trials again\n"
    assert gatebench("pack", "--undo").out == "1 trials are in folders below results/trials again\n"
    assert gatebench("pack", "--undo").out == "nothing to unpack\n"
    assert not (store.results / NAME).exists()


def test_what_stays_in_folders_is_said(gatebench: CommandLine, store: Store):
    (store.trials / B / "mine").mkdir()
    out = gatebench("pack").out
    assert out.endswith(f"1 stay in folders, which hold more than plain files, such as results/trials/{B}\n")


def test_an_unknown_study_is_one_line(gatebench: CommandLine, store: Store):
    assert "no study 'sone' in results; did you mean 'some'?" in gatebench.refuses("pack", "sone")
    assert store.recorded() == {A, B, C}
    assert not (store.results / NAME).exists()


def test_a_folder_without_trials_has_nothing_to_pack(gatebench: CommandLine):
    (gatebench.folder / "empty").mkdir()
    assert gatebench("pack", "--results", "empty").out == "nothing to pack\n"
    assert "is no folder" in gatebench.refuses("pack", "--results", "nowhere")


def test_packed_trials_are_completed(gatebench: CommandLine, store: Store):
    gatebench("pack", "some")
    line = "gatebench export "
    words = gatebench("completion", "--query", COMP_LINE=line, COMP_POINT=str(len(line))).out.split()
    assert {A, B, C} <= set(words)
