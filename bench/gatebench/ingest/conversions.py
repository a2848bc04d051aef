"""Formats that are not read here, each with the line of Python that converts it."""

from pathlib import Path

UNTRUSTED = "is a pickle, which could run code when it is read; if you trust it"
"""What is said of a format whose files are programs."""
_FRAME = "(x if isinstance(x, p.DataFrame) else p.DataFrame({{'values': [*x]}})).to_parquet({1!r})"
_PICKLE = (UNTRUSTED, f"import pandas as p; x = p.read_pickle({{0!r}}); {_FRAME}", ".parquet")
_JOBLIB = (UNTRUSTED, "import joblib, numpy; numpy.savez({1!r}, *joblib.load({0!r}))", ".npz")
_TORCH = (UNTRUSTED, "import torch, numpy; numpy.savez({1!r}, *torch.load({0!r}, weights_only=True))", ".npz")
_SHEET = (
    "is a spreadsheet of another kind than xlsx",
    "import pandas; pandas.read_excel({0!r}).to_csv({1!r}, index=False)",
    ".csv",
)
_HDF = ("is HDF5", "import pandas; pandas.read_hdf({0!r}).to_parquet({1!r})", ".parquet")
_STATA = ("is a table of Stata", "import pandas; pandas.read_stata({0!r}).to_parquet({1!r})", ".parquet")
_SAS = ("is a table of SAS", "import pandas; pandas.read_sas({0!r}).to_parquet({1!r})", ".parquet")
_SPSS = ("is a table of SPSS", "import pandas; pandas.read_spss({0!r}).to_parquet({1!r})", ".parquet")
REMEDIES = {
    ".pkl": _PICKLE, ".pickle": _PICKLE, ".p": _PICKLE, ".joblib": _JOBLIB, ".pt": _TORCH, ".pth": _TORCH,
    ".xls": _SHEET, ".ods": _SHEET,
    ".h5": _HDF, ".hdf5": _HDF, ".hdf": _HDF, ".dta": _STATA, ".sas7bdat": _SAS, ".sav": _SPSS,
}  # fmt: skip
"""Suffix -> what a file of it is, the Python that converts the first path to the second, and the suffix of that."""


def remedy(path: Path) -> str | None:
    """Return what a file is that is not read here, and the command that converts it; None for one that nobody knows."""
    known = REMEDIES.get(path.suffix.lower())
    if known is None:
        return None
    is_what, code, suffix = known
    return f'{is_what}, convert it: python3 -c "{code.format(str(path), str(path.with_suffix(suffix)))}"'
