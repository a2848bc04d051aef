"""What a file is by its first bytes, where that is another thing than its name says."""

import re
from pathlib import Path

from gatebench.core.errors import BadInput
from gatebench.ingest import limits

READ = 512
"""Bytes that are looked at."""
TEXTS = (".csv", ".tsv", ".tab", ".dat", ".json", ".jsonl", ".ndjson", ".ts", ".tsf", ".arff", ".txt", ".fasta", ".fa",
         ".fna", ".faa")  # fmt: skip
"""Suffixes of formats in text."""
NO_FILES = {
    rb"version https://git-lfs\.github\.com/spec/": "is a pointer of Git LFS in place of the file; fetch it: git lfs pull",
    rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype html|html)": (
        "is a page of HTML, such as a login or an error, in place of the file; download it anew"
    ),
}
"""Beginning -> what stands in place of a file of any format, and what to do."""
BINARY = {
    rb"PK\x03\x04": "a spreadsheet or a zip; name it .xlsx or .zip",
    rb"\x1f\x8b": "packed by gzip; name it .csv.gz if it is a table, or unpack it",
    rb"BZh\d1AY": "packed by bzip2; unpack it",
    rb"\xfd7zXZ\x00": "packed by xz; unpack it",
    rb"\x28\xb5\x2f\xfd": "packed by zstd; unpack it",
    rb"\x89HDF": "HDF5; name it .h5",
    rb"PAR1": "parquet; name it .parquet",
    rb"ARROW1": "of Arrow; name it .feather",
    rb"\x93NUMPY": "an array of NumPy; name it .npy",
    rb"SQLite format 3\x00": "a data base of SQLite; name it .sqlite",
    rb"\xd0\xcf\x11\xe0": "of an old Office; name it .xls if it is a spreadsheet",
    rb"\x80[\x02-\x05][\x95\]}(c]": "a pickle, which could run code when it is read; name it .pkl",
    rb"%PDF-": "a PDF; save the table in it as csv",
    rb"RIFF....WAVE": "a recording; name it .wav",
}
"""Beginning -> what a file of text is in truth, and what to do."""


def check(file: Path) -> None:
    """Raise ``BadInput`` if the first bytes of a file say that it is another thing than its name says."""
    try:
        with file.open("rb") as opened:
            head = opened.read(READ)
    except OSError as error:
        raise limits.unreadable(file, error) from error
    suffix = file.suffix.lower()
    for beginning, what in NO_FILES.items():
        if re.match(beginning, head) and suffix != ".txt":  # a text may be of HTML
            raise BadInput(f"{file} {what}")
    if suffix in TEXTS:
        what = next((what for beginning, what in BINARY.items() if re.match(beginning, head, re.DOTALL)), None)
        if what is not None:
            raise BadInput(f"{file} is not {suffix.removeprefix('.')} by its first bytes, but {what}")
