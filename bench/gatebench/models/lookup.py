"""A trained trial, found by its key; and its cell and its data, as long as they are still what it was trained on."""

from gatebench.core.errors import BadInput, shorten
from gatebench.data import cards
from gatebench.data.cards import Card
from gatebench.graph import trace
from gatebench.graph.trace import Graph
from gatebench.records import schema
from gatebench.records.schema import Record
from gatebench.records.store import Store


def find_record(store: Store, key: str) -> Record:
    """Return the record of a finished trial; ``BadInput`` if there is none, or no model can be made of it."""
    records = store.read([key]) if schema.is_key(key) else {}
    if key not in records:
        raise BadInput(
            f"no finished trial '{shorten(key)}' in '{store.results}'; keys stand in {store.results}/STUDY/trials.csv"
        )
    record = records[key]
    if record.summary.status != "finished":
        raise BadInput(f"trial {key} {record.summary.status}: its weights are good for nothing; choose another")
    if not record.summary.data.outputs:
        raise BadInput(f"trial {key} was recorded before models were kept for use; train it anew: results=FOLDER")
    return record


def graph_of(record: Record) -> Graph:
    """Return the cell of a trial; ``BadInput`` if its equations changed."""
    graph = trace.load(record.settings.cell, **record.settings.options)
    _unchanged(record, "the cell", graph.fingerprint, record.settings.equations)
    return graph


def card_of(record: Record) -> Card:
    """Return the card of a trial's data; ``BadInput`` if the data changed."""
    card = cards.load(record.settings.dataset)
    _unchanged(record, "the data", card.content, record.settings.content)
    return card


def _unchanged(record: Record, what: str, now: str, then: str) -> None:
    if now != then:
        raise BadInput(f"{what} of trial {record.key} changed since it was trained; train it anew, or go back to its commit")
