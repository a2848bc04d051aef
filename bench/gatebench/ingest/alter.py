"""A data set and a task of piano rolls that are altered: a card beside the original's, of the same files."""

from dataclasses import replace

import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.core.validation import read_yaml
from gatebench.data import cards, facts
from gatebench.data.alteration import Alteration
from gatebench.data.baselines import compute
from gatebench.data.contents import content_digest
from gatebench.ingest import writing


def alter(name: str, alteration: Alteration, new: str | None) -> list[str]:
    """Write both into the house; returns what is to be said about it."""
    path = registry.find("datasets", name, ".yaml", called="dataset")
    card = cards.load(name)
    check(card)
    if card.altered:
        raise BadInput(f"{name} is altered already ({card.altered.words}); expected the original: alter that one")
    if not alteration.chosen:
        raise BadInput("nothing is altered; expected one of --every, --hold, --first, --sounding")
    if any(file.url is None for file in card.files) and path.parent.parent.resolve() != registry.local_folder().resolve():
        raise BadInput(
            f"the files of {name} lie in its house {path.parent.parent}, and its alteration would be written to "
            f"{registry.local_folder()}; expected one house: name that of {name} first in GATEBENCH_PATH"
        )
    suffix = "_".join(key if value is True else f"{key}_{value}" for key, value in alteration.chosen.items())
    new = writing.free_name(new or f"{name}_{suffix}")
    altered = replace(card, name=new, altered=alteration)
    sequences = alteration.of(cards.arrays(card))
    cards.check(new, sequences, card.kind)
    values = {
        **read_yaml(path.read_text()),
        "title": f"{card.title}, {alteration.words}",
        "description": f"{card.description} Altered: {alteration.words}.",
        "time_step": f"{card.time_step}; altered: {alteration.words}",
        "altered": alteration.chosen,
        "content": content_digest(sequences),
        "facts": facts.of(altered, sequences),
        "baselines": compute.of(altered, sequences),
    }
    written = writing.place(
        new,
        {
            "task": lambda path, _: path.write_text(writing.task(new, "next_step", {"name": "bernoulli"})),
            "card": lambda path, _: path.write_text(yaml.safe_dump(values, sort_keys=False, width=120)),
        },
    )
    return [*(f"written: {file}" for file in written), f"next: gatebench sweep task={new}"]


def check(card: cards.Card) -> None:
    """``BadInput`` unless there are piano rolls to alter."""
    if card.kind != "piano_roll":
        raise BadInput(f"{card.name} is {card.kind}; expected piano rolls, which alone are altered: choose another data set")
