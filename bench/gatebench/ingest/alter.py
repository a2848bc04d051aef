"""A data set and a task of altered piano rolls: a card beside the original's, of the same files."""

from dataclasses import replace

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.core.validation import read_yaml
from gatebench.data import cards, facts
from gatebench.data.alteration import Alteration
from gatebench.data.baselines import compute
from gatebench.data.contents import check_sequences, content_digest
from gatebench.ingest import writing


def alter(name: str, alteration: Alteration, new: str | None) -> list[str]:
    """Write card and task of an altered data set into the local plugin folder; returns the lines to be printed about it.

    Parameters
    ----------
    name
        The original data set.
    alteration
        What is done to its rolls.
    new
        Name of the altered data set; None: it follows from what is done.

    """
    path = registry.find("datasets", name, ".yaml", called="dataset")
    card = cards.load(name)
    check_piano_roll(card)
    if card.altered:
        raise BadInput(f"{name} is altered already ({card.altered.title}); expected the original: alter that one")
    if not alteration.settings:
        raise BadInput("nothing is altered; expected one of --every, --hold, --first, --sounding")
    home, local = path.parent.parent, registry.local_folder()
    if any(file.url is None for file in card.files) and home.resolve() != local.resolve():
        raise BadInput(
            f"the files of {name} lie in its plugin folder {home}, and its alteration would be written to "
            f"{local}; expected one plugin folder: name that of {name} first in GATEBENCH_PATH"
        )
    suffix = "_".join(key if value is True else f"{key}_{value}" for key, value in alteration.settings.items())
    new = writing.check_name(new or f"{name}_{suffix}")
    altered = replace(card, name=new, altered=alteration, has_series=False, has_groups=False)
    sequences = alteration.apply(cards.read_arrays(card))
    check_sequences(new, sequences, card.kind)
    values = {
        **read_yaml(path.read_text(encoding="utf-8")),
        "title": f"{card.title}, {alteration.title}",
        "description": f"{card.description} Altered: {alteration.title}.",
        "time_step": f"{card.time_step}; altered: {alteration.title}",
        "altered": alteration.settings,
        "content": content_digest(sequences),
    }
    computed = facts.compute(altered, sequences), compute.of_card(altered, sequences)
    for name in ("floors", "has_series", "has_groups"):  # the first as a card of an earlier version called the baselines
        values.pop(name, None)
    written = writing.place(
        new,
        {
            "task": lambda path, _: path.write_text(
                writing.task_yaml(new, "next_step", {"name": "bernoulli"}), encoding="utf-8"
            ),
            "card": lambda path, _: path.write_text(writing.card_yaml(values, *computed), encoding="utf-8"),
        },
    )
    return [*(f"written: {file}" for file in written), f"next: gatebench sweep task={new}"]


def check_piano_roll(card: cards.Card) -> None:
    """Raise ``BadInput`` unless there are piano rolls to alter."""
    if card.kind != "piano_roll":
        raise BadInput(f"{card.name} is {card.kind}; expected piano rolls, which alone are altered: choose another data set")
