"""Whatever a card says, it is a card or one line; it reaches no file outside the data folders and runs nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatebench.core import registry
from gatebench.data import cards, tasks
from gatebench.data.cards import Card
from gatebench.data.tasks import Task
from support.datasets import LENGTHS, Tiny, chord_sequences
from support.mutations import altered, answer, anything, frugal, instead, law

NOBODY = "http://127.0.0.1:9"
"""Nobody listens there: nothing leaves this machine."""

MARKS = [
    b"!!int ''", b"!!int x", b"!!float x", b"!!bool x", b"!!timestamp x", b"!!binary x", b"!!set {a}", b"!!omap [a: 1]",
    b"!!null x", b"!!str [a]", b"!!python/name:os.system", b"!x y", b"0x" + b"f" * 9000, b"9" * 5000, b"1:59:59", b".inf",
    b".nan", b"2001-99-99", b"0001-01-01 00:00:00+23:59", b"&a ", b"*a", b"&a [*a]", b"<<: ", b"? ", b"- ", b"- - - ", b": ",
    b"{", b"[", b"[" * 3000, b"\t", b"---\n", b"%YAML 9\n", b"'", b'"', b"|\n", b"\xff\xfe", b"\xc3", b"\0", b"=", b"# ",
]  # fmt: skip
"""What means something in YAML."""


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The card of the tiny set, which has a cache of its own and no way out of this machine."""
    folder = tmp_path_factory.mktemp("card")
    with pytest.MonkeyPatch.context() as patch:
        tiny = Tiny(folder, folder / "plugins", folder / "data", {}, chord_sequences())
        patch.setattr(registry, "CHECKOUT", folder / "checkout")
        cards.cache().mkdir(parents=True)
        for name, value in {"GATEBENCH_PATH": tiny.plugin_folder, "GATEBENCH_DATA": tiny.data}.items():
            patch.setenv(name, str(value))
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, NOBODY)
        tiny.write(tiny.rolls)
        yield tiny.yaml


def read() -> Task:
    """The task of the card."""
    return tasks.load("tiny", "tiny", "target" if cards.load("tiny").target else "next_step")


def judge(card: Path) -> None:
    """Whoever reads a card, and the data by it."""
    loaded = answer(lambda: cards.load("tiny"), "tiny.yaml", "'tiny'")
    assert loaded is None or isinstance(loaded, Card)
    if loaded is not None and not loaded.reader.startswith("music21"):  # that one parses for minutes
        before = outside(card)
        task = answer(read, "tiny")
        assert task is None or isinstance(task, Task)
        assert outside(card) == before


def outside(card: Path) -> list[Path]:
    """All files that are not in the cache."""
    return sorted(path for path in card.parents[2].rglob("*") if cards.cache() not in path.parents)


def test_what_is_whole_is_read(card: Path):
    assert [len(sequence) + 1 for sequence in read().splits["train"]] == LENGTHS["train"]


@law(150)
@given(data=st.data())
def test_any_bytes_are_a_card_or_one_line(card: Path, data: st.DataObject):
    with instead(card, data.draw(anything(card.read_bytes(), MARKS))):
        judge(card)


READERS = ["piano_roll_mat", "recordings", "synthesiser", "sequences_npz"]
KINDS = ["binary", "symbols", "reals", "label", "value", "sequence", "step"]
TARGET = {"of": "step", "kind": "label", "columns": 1, "names": ["no", "yes"]}
OPTIONS = {"seed": 1, "length": 9, "windows": 9, "train": 1, "valid": 1, "test": 1}


@law(150)
@given(data=st.data())
def test_any_values_of_a_card_are_a_card_or_one_line(card: Path, data: st.DataObject):
    values = yaml.safe_load(card.read_text())
    values |= {"package": "", "extra": "", "rate": None, "options": {}} if data.draw(st.booleans()) else {}
    written = yaml.safe_dump(data.draw(altered(values, [*READERS, OPTIONS])))
    with instead(card, written.encode(errors="surrogatepass")):
        judge(card)


@law(150)
@given(data=st.data(), kind=st.sampled_from(["binary", "symbols", "reals", "piano_roll", "audio"]))
def test_any_target_of_a_card_is_a_task_or_one_line(card: Path, data: st.DataObject, kind: str):
    more = {"names": ["a", "b", "c"], "target": TARGET, "facts": {"width": 12}}
    drawn = data.draw(altered(more, [*KINDS, TARGET, 11, 12]) | st.just(more))
    values = {**yaml.safe_load(card.read_text()), "kind": kind, **(drawn if isinstance(drawn, dict) else more)}
    with instead(card, yaml.safe_dump(values).encode(errors="surrogatepass")):
        judge(card)


@law(60)
@given(facts=altered({"train": {"steps": 9}, "width": 12}, [12, 11, 13]), rate=st.none() | st.just(8000))
def test_any_facts_of_a_card_are_a_task_or_one_line(card: Path, facts: Any, rate: int | None):
    values = yaml.safe_load(card.read_text())
    with instead(card, yaml.safe_dump({**values, "facts": facts, "rate": rate}).encode(errors="surrogatepass")):
        judge(card)


LAUGHS = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9) if i else 'lol'}]" for i in range(12))
MERGES = "\n".join(f"m{i}: &m{i} {{{f'<<: [*m{i - 1}, *m{i - 1}, *m{i - 1}]' if i else 'a: b'}}}" for i in range(18))
TRAPS = {
    "a thousand million laughs": f"{LAUGHS}\ntitle: *l11\n",
    "a thousand million merges": f"{MERGES}\n",
    "itself": "facts: &a {train: *a}\ntitle: &b [*b]\n",
    "a deep hole": "title: " + "[" * 600,
    "a deep ladder": "title: " + "- " * 600,
    "a long number": f"title: 0x{'f' * 100_000}\n",
    "a long name": f"{'a' * 100_000}: 1\n",
    "a long text": f"rate: {'a' * 100_000}\n",
    "an object": "title: !!python/object/apply:os.mkdir [sprung]\n",
    "a module": "title: !!python/module:sprung\n",
    "an object of its own": "!!python/object/new:os.mkdir [sprung]\n",
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_a_trap_is_one_line_and_costs_little(card: Path, trap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    with frugal(2**26), instead(card, (card.read_text() + trap).encode()):
        assert answer(lambda: cards.load("tiny"), "tiny.yaml") is None
    assert not list(tmp_path.iterdir())


OUTSIDE = [
    "../escaped.mat",
    "music/../../escaped.mat",
    "/tmp/escaped.mat",
    "",
    ".",
    "..",
    "a\0b",
    "a" * 300,
    "C:\\x",
    "..\\x",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_file_outside_the_data_folders_is_no_file_of_a_card(card: Path, path: str):
    values = yaml.safe_load(card.read_text())
    (file,) = values["files"]
    with instead(card, yaml.safe_dump({**values, "files": [{**file, "path": path}]}).encode()):
        assert answer(lambda: cards.load("tiny"), "tiny.yaml: files[0].path is") is None


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "sftp://127.0.0.1/x", "doi:10.1/1", "x", ""])
def test_a_file_comes_from_the_web_or_not_at_all(card: Path, url: str):
    values = yaml.safe_load(card.read_text())
    (file,) = values["files"]
    with instead(card, yaml.safe_dump({**values, "files": [{**file, "url": url}]}).encode()):
        assert answer(lambda: cards.load("tiny"), "tiny.yaml: files[0].url is") is None


@law(60)
@given(url=anything(f"{NOBODY}/tiny.mat".encode(), [b"[", b"]", b"@", b":", b"%", b"..", b"#", b"?"]))
def test_any_address_is_one_line_where_nobody_answers(card: Path, url: bytes):
    values = yaml.safe_load(card.read_text())
    (file,) = values["files"]
    other = {**file, "path": "music/other.mat", "url": f"http://{url.decode(errors='replace').removeprefix('http://')}"}
    with instead(card, yaml.safe_dump({**values, "files": [other]}).encode()):
        assert answer(read, "tiny") is None


# Plugin folders


def test_what_stands_in_the_place_of_a_card_and_is_none_is_said(card: Path):
    (card.parent / "folder.yaml").mkdir()
    (card.parent / "gone.yaml").symlink_to("nowhere")
    (card.parent / "loop.yaml").symlink_to("loop.yaml")
    for name in ("folder", "gone", "loop"):
        assert answer(lambda name=name: cards.load(name), f"{name}.yaml", f"'{name}'") is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@law(60)
@given(
    folders=st.lists(TEXTS | st.sampled_from(["~nobody/x", "~", "..", "a" * 300, "a/" * 3000, "/proc/self/mem"]), max_size=3)
)
def test_any_list_of_houses_is_searched_or_one_line(folders: list[str]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_PATH", os.pathsep.join(folders))
        names = answer(lambda: registry.available("datasets", ".yaml"), "GATEBENCH_PATH")
        assert names is None or "jsb_chorales" in names
        patch.setenv("GATEBENCH_DATA", os.pathsep.join(folders))
        answer(lambda: cards.find_local("music/tiny.mat"), "GATEBENCH_DATA")


@law(60)
@given(name=TEXTS | st.sampled_from(["", "..", "../jsb_chorales", "/etc/passwd", "*", "a" * 300, "\0", "jsb_*"]))
def test_any_name_is_a_card_or_one_line(name: str):
    loaded = answer(lambda: cards.load(name), "unknown dataset")
    assert loaded is None or isinstance(loaded, Card)
