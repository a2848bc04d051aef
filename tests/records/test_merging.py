"""Two results folders become one: nothing that is there changes, nothing that comes is lost, in any order, however often."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatebench.core.errors import BadInput
from gatebench.records import collection, frame, looks, merging, sources, study_file
from gatebench.records.looks import Look
from gatebench.records.schema import Record, Score
from gatebench.records.store import Store
from support.merged import contents, every_row
from support.records import WEIGHTS, make_point, make_record, tables_of

A, B, C, D, E = (letter * 16 for letter in "abcde")


def scored(key: str, nll: float = 1.0, **summary: Any) -> Record:
    """A record with a score on test."""
    return make_record(key, scores={"test": Score(nll, nll)}, **summary)


def make_results(folder: Path, *records: Record, published: bool = False, lr: float = 0.01) -> Path:
    """A results folder with a study: a search of the first record, and the others as confirming trials."""
    store = Store(folder)
    store.write_all([(record, WEIGHTS) for record in records])
    keys = [record.key for record in records]
    study_file.add_points(folder, "some", [make_point(keys[:1], keys[1:], lr)])
    if published:
        store.publish("some", keys)
    return folder


def merge(results: Path, folder: Path, dry_run: bool = False) -> merging.Arrival:
    return merging.merge(results, sources.of_folder(folder), lambda _: A, dry_run)


@pytest.mark.parametrize("published", [False, True])
def test_what_is_new_comes_with_its_plan_and_weights(tmp_path: Path, published: bool):
    here = make_results(tmp_path / "here", scored(A), scored(B), published=published)
    there = make_results(tmp_path / "there", scored(A), scored(C), published=published)
    arrival = merge(here, there)
    assert (arrival.new, arrival.present, arrival.differing) == ({C}, {A}, set())
    assert arrival.studies == {"some": {A, C}}
    assert arrival.of_other_protocols == {C}
    assert study_file.read(here, "some") == [make_point([A], [B, C])]
    assert Store(here).recorded() == {A, B, C}
    assert Store(here).weights(C).keys() == WEIGHTS.keys()
    published_keys = collection.read_keys(here / "some" / collection.NAME) if published else []
    assert published_keys == ([A, B, C] if published else [])
    assert frame.load(here, "some").replication is None


def test_a_study_that_is_not_here_comes_whole(tmp_path: Path):
    there = make_results(tmp_path / "there", scored(A), scored(B), published=True)
    looks.add(there, "some", 1, [B])
    merge(tmp_path / "here", there)
    assert every_row(tmp_path / "here") == every_row(there)
    assert study_file.path(tmp_path / "here", "some").read_text() == study_file.path(there, "some").read_text()
    assert looks.read(tmp_path / "here", "some") == looks.read(there, "some")


def test_the_source_stays_as_it_is_even_where_it_is_damaged(tmp_path: Path):
    there = make_results(tmp_path / "there", scored(A), scored(B))
    (there / "trials" / B / "record.json").write_text("{")
    before = contents(there)
    source = sources.of_folder(there)
    merging.merge(tmp_path / "here", source, lambda _: A)
    assert contents(there) == before
    assert Store(tmp_path / "here").finished() == {A}
    (line,) = source.left_out
    assert B in line
    assert "damaged" in line


@pytest.mark.parametrize("published", [False, True])
def test_other_numbers_are_both_there_and_shown_as_a_replication(tmp_path: Path, published: bool):
    here = make_results(tmp_path / "here", scored(A), scored(B, 1.0), published=published)
    there = make_results(tmp_path / "there", scored(A), scored(B, 2.0), scored(C), published=published)
    before = contents(here / "trials")
    assert merge(here, there).differing == {B}
    assert before.items() <= contents(here / "trials").items()
    loaded = frame.load(here, "some")
    assert loaded.replication is not None
    assert sorted(loaded.confirmed("test").nll) == [1.0, 1.0]
    assert loaded.replication.confirmed("test")[["key", "nll"]].to_numpy().tolist() == [[B, 2.0]]


def test_each_further_version_is_a_replication_of_the_replication(tmp_path: Path):
    here = make_results(tmp_path / "here", scored(A), scored(B, 1.0))
    for nll in (2.0, 3.0, 4.0, 3.0):
        merge(here, make_results(tmp_path / f"there-{nll}", scored(A), scored(B, nll)))
    assert {row.nll for row in every_row(here) if row.key == B} == {1.0, 2.0, 3.0, 4.0}


def test_another_selected_setting_is_shown_as_a_replication(tmp_path: Path):
    here = make_results(tmp_path / "here", scored(A), scored(B))
    there = make_results(tmp_path / "there", scored(A), scored(C), lr=0.1)
    merge(here, there)
    assert study_file.read(here, "some") == [make_point([A], [B])]
    loaded = frame.load(here, "some")
    assert loaded.replication is not None
    assert loaded.replication.confirmed("test").key.tolist() == [C]
    assert Store(here).finished() == {A, B, C}


def test_a_replication_stays_one(tmp_path: Path):
    """What somebody else counts as a second run is no first one here."""
    there = make_results(tmp_path / "there", scored(A), scored(B, 1.0), published=True)
    merge(there, make_results(tmp_path / "other", scored(A), scored(B, 2.0), published=True))
    here = tmp_path / "here"
    assert merge(here, there).replicated == {B}
    assert every_row(here) == every_row(there)
    merge(tmp_path / "other", there)  # whose first run is there as the second
    assert {row.nll for row in every_row(tmp_path / "other") if row.key == B} == {1.0, 2.0}


def test_a_trial_of_no_study_with_other_numbers_is_there(tmp_path: Path):
    for name, nll in (("here", 1.0), ("there", 2.0)):
        Store(tmp_path / name).write(scored(A, nll), WEIGHTS)
    merge(tmp_path / "here", tmp_path / "there")
    assert {row.nll for row in every_row(tmp_path / "here")} == {1.0, 2.0}
    merge(tmp_path / "further", tmp_path / "here")
    assert every_row(tmp_path / "further") == every_row(tmp_path / "here")


def three(folder: Path) -> list[Path]:
    """Results of three people, who share some trials and disagree about others."""
    return [
        make_results(folder / "one", scored(A), scored(B), scored(C, 1.0), published=True),
        make_results(folder / "two", scored(A, 1.5), scored(C, 2.0), scored(D)),
        make_results(folder / "three", scored(A), scored(C, 3.0), scored(E), lr=0.1, published=True),
    ]


def test_the_order_does_not_matter_and_twice_is_once(tmp_path: Path):
    rows = []
    for order in itertools.permutations(range(3)):
        folders = three(tmp_path / "".join(map(str, order)))
        first, *others = (folders[place] for place in order)
        for other in [*others, *others]:
            merge(first, other)
        before = contents(first)
        for other in others:
            merge(first, other)
        assert contents(first) == before
        rows.append(every_row(first))
    assert len(rows[0]) > 5
    assert all(of_order == rows[0] for of_order in rows)


def test_seconds_and_populations_are_of_the_machine(tmp_path: Path):
    here = make_results(tmp_path / "here", scored(A))
    other = scored(A, seconds=9.0, population_size=1, engine="fused_cpu")
    curve = other.curve.assign(seconds=9.0)
    assert merge(here, make_results(tmp_path / "there", replace(other, curve=curve))).present == {A}


@pytest.mark.parametrize("table", ["curve", "sequences", "statistics", "predictions"])
def test_one_number_of_a_table_is_a_difference(tmp_path: Path, table: str):
    record = scored(A)
    other = tables_of(record)[table].copy()
    other.iloc[0, -1] = 7.0
    there = make_results(tmp_path / "there", replace(record, **{table: other}))
    assert merge(make_results(tmp_path / "here", record), there).differing == {A}


def test_tables_of_later_versions_are_no_difference(tmp_path: Path):
    record = scored(A)
    here = make_results(tmp_path / "here", replace(record, predictions=record.predictions[:0]))
    assert merge(here, make_results(tmp_path / "there", record)).present == {A}


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path):
    here, there, other = three(tmp_path)
    for source in (there, other):
        before = contents(tmp_path)
        said = merge(here, source, dry_run=True)
        assert contents(tmp_path) == before
        assert said == merge(here, source)


def test_weights_that_are_gone_or_damaged_do_not_keep_a_record_out(tmp_path: Path):
    there = make_results(tmp_path / "there", scored(A), scored(B))
    (there / "trials" / A / "weights.safetensors").unlink()
    (there / "trials" / B / "weights.safetensors").write_bytes(b"no weights")
    source = sources.of_folder(there)
    merging.merge(tmp_path / "here", source, lambda _: A)
    assert Store(tmp_path / "here").finished() == {A, B}
    assert len(source.left_out) == 1
    for key in (A, B):
        with pytest.raises(BadInput, match="not here"):
            Store(tmp_path / "here").weights(key)


KILLED = """
import os, signal, sys
from pathlib import Path
from gatebench.core import files
from gatebench.records import merging, sources

left = int(sys.argv[3])

def dying(step):
    def then(*arguments):
        global left
        step(*arguments)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    return then

merging.BATCH = 2
files._flush = dying(files._flush)
merging.merge(Path(sys.argv[1]), sources.of_folder(Path(sys.argv[2])), lambda _: "")
"""
"""A merge that is killed right after a certain file was flushed."""


@pytest.mark.parametrize("moment", [2, 11, 20])
def test_a_merge_that_was_killed_goes_on(tmp_path: Path, moment: int):
    here, there, other = three(tmp_path / "killed")
    merge(there, other)
    before = every_row(here)
    process = subprocess.run([sys.executable, "-c", KILLED, here, there, str(moment)], env=dict(os.environ), check=False)
    assert process.returncode == -9
    assert before <= every_row(here)
    merge(here, there)
    first, second, third = three(tmp_path / "whole")
    merge(second, third)
    merge(first, second)
    assert every_row(here) == every_row(first)
    assert study_file.read(here, "some") == study_file.read(first, "some")
    assert frame.load(here, "some").confirmed("test").equals(frame.load(first, "some").confirmed("test"))


def test_verdicts_that_were_given_elsewhere_count(tmp_path: Path):
    here, there = (make_results(tmp_path / name, scored(A), scored(B)) for name in ("here", "there"))
    looks.add(here, "some", 1, [A])
    looks.add(there, "some", 1, [A])
    looks.add(there, "some", 2, [B])
    merge(here, there)
    merge(here, there)
    assert [look.pipelines for look in looks.read(here, "some")] == [1, 2]
    assert all(isinstance(look, Look) for look in looks.read(here, "some"))
