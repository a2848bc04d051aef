"""A card is a promise about files: what breaks it is said in one line, before anything is read from them."""

import functools
import http.server
import re
import threading

import numpy as np
import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS, Target, content_digest


@pytest.fixture
def no_copy(tiny, monkeypatch):
    """The file is in no data folder, and the cache is a folder of the test's own."""
    monkeypatch.setattr(registry, "CHECKOUT", tiny.folder / "checkout")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = tiny.folder / "served"
    tiny.mat.parent.rename(served)
    return served / tiny.mat.name


@pytest.fixture
def server(no_copy):
    """The address of a web server on this machine that has the file."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(no_copy.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}/{no_copy.name}"
        web.shutdown()
        thread.join()


def flip_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def one_line(error) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_sequences_come_as_written(tiny):
    read = cards.read_arrays(cards.load("tiny"))
    assert list(read) == list(SPLITS)
    for split in SPLITS:
        assert [roll.tolist() for roll in read[split]] == [roll.tolist() for roll in tiny.rolls[split]]
        assert all(roll.dtype == np.uint8 for roll in read[split])


@pytest.mark.parametrize(
    "damage", [flip_bit, lambda content: content[:-1], lambda content: b""], ids=["bit", "cut", "empty"]
)
def test_damaged_file_is_named_before_it_is_read(tiny, damage):
    tiny.mat.write_bytes(damage(tiny.mat.read_bytes()))
    with pytest.raises(BadInput) as error:
        cards.read_arrays(cards.load("tiny"))
    message = one_line(error)  # of the checksum: a reader that saw these bytes would complain in other words
    assert str(tiny.mat) in message
    assert "SHA-256" in message
    assert "remove it" in message


def test_content_is_verified_beside_the_file(tiny):
    tiny.edit(content="0" * 64)
    with pytest.raises(BadInput, match=f"have SHA-256 {content_digest(tiny.rolls)}, the card says 0+; correct the card"):
        cards.read_arrays(cards.load("tiny"))


def test_content_digest_sees_every_value_length_and_place(tiny):
    whole = content_digest(tiny.rolls)
    train, valid, test = (tiny.rolls[split] for split in SPLITS)
    other = train[0].copy()
    other[-1, -1] ^= 1
    changed = [
        {"train": [other, *train[1:]], "valid": valid, "test": test},
        {"train": train[::-1], "valid": valid, "test": test},
        {"train": valid, "valid": train, "test": test},
        {"train": [*train, valid[0]], "valid": valid[1:], "test": test},
        {"train": [train[0].reshape(-1, 6), *train[1:]], "valid": valid, "test": test},
    ]
    digests = {content_digest(rolls) for rolls in changed}
    assert len(digests) == len(changed)
    assert whole not in digests
    assert whole == content_digest({split: [np.asfortranarray(r) for r in tiny.rolls[split]] for split in tiny.rolls})


def test_data_folder_that_is_none(tiny, monkeypatch):
    monkeypatch.setenv("GATEBENCH_DATA", str(tiny.folder / "nowhere"))
    with pytest.raises(BadInput, match=r"GATEBENCH_DATA is '.*nowhere', which is not a folder.*music/tiny\.mat"):
        cards.read_arrays(cards.load("tiny"))


def test_no_network(tiny, no_copy):
    with pytest.raises(BadInput) as error:
        cards.read_arrays(cards.load("tiny"))  # its address is a port where nobody listens
    message = one_line(error)
    for part in ("http://127.0.0.1:9/tiny.mat", "by hand", str(cards.cache() / "music" / "tiny.mat"), "GATEBENCH_DATA"):
        assert part in message


def test_fetched_once_with_its_checksum(tiny, no_copy, server):
    (file,) = cards.load("tiny").files
    tiny.edit(files=[{**vars(file), "url": server}])
    fetched = cards.locate(cards.load("tiny"), cards.load("tiny").files[0])
    assert fetched == cards.cache() / "music" / "tiny.mat"
    no_copy.unlink()
    read = cards.read_arrays(cards.load("tiny"))  # from the cache: the server has it no more
    assert content_digest(read) == content_digest(tiny.rolls)


def test_another_file_at_the_address_is_not_kept(tiny, no_copy, server):
    (file,) = cards.load("tiny").files
    tiny.edit(files=[{**vars(file), "url": server}])
    no_copy.write_bytes(flip_bit(no_copy.read_bytes()))
    with pytest.raises(BadInput) as error:
        cards.read_arrays(cards.load("tiny"))
    message = one_line(error)
    assert server in message
    assert file.sha256 in message
    assert not [path for path in cards.cache().rglob("*") if path.is_file()]


def test_a_missing_page_at_the_address(tiny, no_copy, server):
    (file,) = cards.load("tiny").files
    tiny.edit(files=[{**vars(file), "url": f"{server}.gone"}])
    with pytest.raises(BadInput, match=r"cannot fetch .*tiny\.mat\.gone .*by hand"):
        cards.read_arrays(cards.load("tiny"))


def test_damaged_cache_is_not_read(tiny, no_copy):
    cached = cards.cache() / "music" / "tiny.mat"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(flip_bit(no_copy.read_bytes()))
    with pytest.raises(BadInput, match=f"{re.escape(str(cached))} has SHA-256 .*remove it"):
        cards.read_arrays(cards.load("tiny"))


def test_given_data_goes_before_the_cache(tiny, monkeypatch):
    monkeypatch.setattr(registry, "CHECKOUT", tiny.folder / "checkout")
    cached = cards.cache() / "music" / "tiny.mat"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"old")
    assert cards.locate(cards.load("tiny"), cards.load("tiny").files[0]) == tiny.mat


def test_unknown_dataset_suggests_the_nearest():
    with pytest.raises(BadInput, match="unknown dataset 'jsb_chorals'; did you mean 'jsb_chorales'"):
        cards.load("jsb_chorals")


TARGET = {"of": "step", "kind": "label", "names": ["a", "b"]}
MISFITS = {
    "symbols without names": ({"kind": "symbols"}, r"names is \(\); expected the symbols, at least two"),
    "a label of one class": (
        {"target": {**TARGET, "names": ["a"]}},
        r"1 column\(s\) and 1 name\(s\); expected one column and",
    ),
    "a label of two columns": ({"target": {**TARGET, "columns": 2}}, r"2 column\(s\) and 2 name\(s\)"),
    "a target of audio": ({"kind": "audio", "rate": 8, "target": TARGET}, "target is given, but kind is audio"),
    "a target of nothing": ({"target": {}}, "tiny.yaml: target: missing 2 required"),
    "a target of a minute": (
        {"target": {**TARGET, "of": "minute"}},
        "target.of is 'minute', expected one of 'step', 'sequence'",
    ),
}


@pytest.mark.parametrize(("values", "message"), MISFITS.values(), ids=MISFITS)
def test_entries_that_do_not_fit_one_another(tiny, values, message):
    tiny.edit(**values)
    with pytest.raises(BadInput, match=message):
        cards.load("tiny")


def test_names_and_target_come_as_they_stand(tiny):
    tiny.edit(names=["\n", "\u2028", " ", "é", "no", "1"], kind="symbols", target=TARGET)
    card = cards.load("tiny")
    assert card.names == ("\n", "\u2028", " ", "é", "no", "1")
    assert card.target == Target("step", "label", 1, ("a", "b"))


def test_a_card_of_an_earlier_version_calls_its_baselines_floors(tiny):
    card = cards.load("tiny")
    tiny.yaml.write_text(tiny.yaml.read_text().replace("baselines:", "floors:"))
    assert "baselines" not in tiny.yaml.read_text()
    assert cards.load("tiny") == card


@pytest.mark.parametrize("text", ["", "just words", "- a list", "a: &a 1\nb: *a"])
def test_a_text_without_entries_is_no_card(tiny, text):
    tiny.yaml.write_text(text)
    with pytest.raises(BadInput, match=r"tiny.yaml is not a card \(.*\); compare it with another card"):
        cards.load("tiny")


def test_a_file_lies_beside_its_card_before_anywhere_else(tiny):
    beside = tiny.plugin_folder / "data" / "music" / "tiny.mat"
    beside.parent.mkdir(parents=True)
    beside.write_bytes(tiny.mat.read_bytes())
    tiny.mat.unlink()
    assert cards.locate(cards.load("tiny"), cards.load("tiny").files[0]) == beside


def test_card_without_an_entry(tiny):
    tiny.yaml.write_text(re.sub(r"^licence: .*\n", "", tiny.yaml.read_text(), flags=re.MULTILINE))
    with pytest.raises(BadInput, match="licence"):
        cards.load("tiny")


def test_card_with_an_unknown_entry(tiny):
    tiny.edit(license="CC0")
    with pytest.raises(BadInput, match=r"license.*licence"):
        cards.load("tiny")


def test_card_with_an_unknown_reader(tiny):
    tiny.edit(reader="piano_rol_mat")
    with pytest.raises(BadInput, match=r"piano_rol_mat.*piano_roll_mat"):
        cards.read_arrays(cards.load("tiny"))
