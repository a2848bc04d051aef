"""The cards that come with the project: complete, plausible in their numbers, each with a task."""

import math
import os
import re

import pytest

from gatebench.core import registry
from gatebench.data import cards
from gatebench.data.contents import SPLITS

OF_PYPI = "https://files.pythonhosted.org/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/"
"""The address of a file there has the digest of the file in it."""
BUILT_IN = sorted(path.stem for path in registry.BUILT_IN["datasets"].glob("*.yaml"))


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
