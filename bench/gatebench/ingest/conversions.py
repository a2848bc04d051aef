"""Formats that are not read here, each with the command that converts it."""

import re
import shlex
from pathlib import Path

UNTRUSTED = "is a pickle, which could run code when it is read; if you trust it"
"""What is said of a format whose files are programs."""
_FRAME = (
    "x.to_parquet({1!r}) if isinstance(x, p.DataFrame) else n.savez({2!r}, **x) if isinstance(x, dict) else "
    "n.savez({2!r}, x=x) if hasattr(x, 'shape') else n.savez({2!r}, *x) if hasattr(x[0], 'shape') else "
    "p.DataFrame({{'values': [*x]}}).to_parquet({1!r})"
)
_OTHERS = (
    "n.savez({1!r}, **x) if isinstance(x, dict) else n.savez({1!r}, x=x) if hasattr(x, 'shape') else n.savez({1!r}, *x)"
)
_PICKLE = (UNTRUSTED, f"import numpy as n, pandas as p; x = p.read_pickle({{0!r}}); {_FRAME}", ".parquet")
_JOBLIB = (UNTRUSTED, f"import joblib, numpy as n; x = joblib.load({{0!r}}); {_OTHERS}", ".npz")
_TORCH = (UNTRUSTED, f"import torch, numpy as n; x = torch.load({{0!r}}, weights_only=True); {_OTHERS}", ".npz")
_SHEET = (
    "is a spreadsheet of another kind than xlsx",
    "import pandas; pandas.read_excel({0!r}).to_csv({1!r}, index=False)",
    ".csv",
)
_HDF = (
    "is HDF5; if pandas wrote it, pandas.read_hdf reads it; of arrays",
    "import h5py, numpy; f = h5py.File({0!r}); "
    "numpy.savez({1!r}, **{{k: v[()] for k, v in f.items() if hasattr(v, 'shape')}})",
    ".npz",
)
_SQLITE = (
    "is a data base of SQLite; put the name of a table for TABLE",
    "import pandas, sqlite3; pandas.read_sql('select * from TABLE', sqlite3.connect({0!r})).to_csv({1!r}, index=False)",
    ".csv",
)
_STATA = ("is a table of Stata", "import pandas; pandas.read_stata({0!r}).to_parquet({1!r})", ".parquet")
_SAS = ("is a table of SAS", "import pandas; pandas.read_sas({0!r}).to_parquet({1!r})", ".parquet")
_SPSS = ("is a table of SPSS", "import pandas; pandas.read_spss({0!r}).to_parquet({1!r})", ".parquet")
REMEDIES = {
    ".pkl": _PICKLE, ".pickle": _PICKLE, ".p": _PICKLE, ".joblib": _JOBLIB, ".pt": _TORCH, ".pth": _TORCH,
    ".xls": _SHEET, ".ods": _SHEET, ".db": _SQLITE, ".sqlite": _SQLITE, ".sqlite3": _SQLITE,
    ".h5": _HDF, ".hdf5": _HDF, ".hdf": _HDF, ".dta": _STATA, ".sas7bdat": _SAS, ".sav": _SPSS,
}  # fmt: skip
"""Suffix -> what a file of it is, the Python that converts the first path to the second, and the suffix of that."""
_TEXT = ("is not read as text under this name", "give it another: cp {0} {1}", ".txt")
_AUDIO = ("is audio of another kind than wav or flac", "convert it: ffmpeg -i {0} -ac 1 -c:a pcm_s16le {1}", ".wav")
_TAR = ("has several files packed in it", "unpack it: tar xf {0}, and give the file or the folder", "")
COMMANDS = {
    ".tar": _TAR, ".tar.gz": _TAR, ".tgz": _TAR, ".tar.bz2": _TAR, ".tar.xz": _TAR,
    ".gz": ("is packed by gzip", "unpack it: gunzip -k {0}", ""),
    ".bz2": ("is packed by bzip2", "unpack it: bunzip2 -k {0}", ""),
    ".xz": ("is packed by xz", "unpack it: unxz -k {0}", ""),
    ".zst": ("is packed by zstd", "unpack it: zstd -d {0}", ""),
    ".7z": ("is packed by 7-Zip", "unpack it: 7z x {0}, and give the file or the folder", ""),
    ".rar": ("is packed by RAR", "unpack it: unrar x {0}, and give the file or the folder", ""),
    **dict.fromkeys((".log", ".md", ".srt", ".vtt", ".rst", ".tex", ".text"), _TEXT),
    **dict.fromkeys((".mp3", ".ogg", ".m4a", ".aac", ".opus", ".aif", ".aiff", ".wma"), _AUDIO),
    ".kar": ("is MIDI with words", "give it another name: cp {0} {1}", ".mid"),
    ".fastq": ("is FASTQ", "convert it: awk 'NR%4==1{{print \">\" substr($0,2)}} NR%4==2' {0} > {1}", ".fasta"),
}  # fmt: skip
"""Suffix -> what a file of it is, what to do, with the first path and the second, and the suffix of that."""


def remedy(path: Path) -> str | None:
    """Return what a file is that is not read here, and the command that converts it; None for one that nobody knows."""
    name = path.name.lower()
    if path.suffix.lower() in REMEDIES:
        is_what, code, suffix = REMEDIES[path.suffix.lower()]
        return f"{is_what}, convert it: python3 -c {_in_shell(code.format(*map(str, _paths(path, suffix))))}"
    fitting = max((suffix for suffix in COMMANDS if name.endswith(suffix)), key=len, default=None)
    if fitting is None:
        return None
    is_what, command, suffix = COMMANDS[fitting]
    return f"{is_what}; {command.format(*(shlex.quote(str(one)) for one in _paths(path, suffix)))}"


def _paths(path: Path, suffix: str) -> tuple[Path, Path, Path]:
    return path, path.with_suffix(suffix), path.with_suffix(".npz")


def _in_shell(code: str) -> str:
    """Return Python as one word of a command, in double quotes where these keep it as it is."""
    return shlex.quote(code) if re.search(r'["$`\\!]', code) else f'"{code}"'
