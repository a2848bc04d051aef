"""What reads files runs nothing that is in them, and refuses what is no file of its kind."""

import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.ingest import add
from gatebench.ingest.choices import Choices
from support import single_series, verses
from support.labelled import write_card


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
