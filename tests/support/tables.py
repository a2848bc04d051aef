"""The same table in many containers: functions that write one, as people's programs do."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

FRAME = pd.DataFrame(np.random.default_rng(7).standard_normal((60, 2)).round(4), columns=["größe", "b"])
"""A series of 60 steps of two columns, one of which has letters that not every encoding has alike."""


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _text(**options: object) -> str:
    return FRAME.to_csv(index=False, **options)  # type: ignore[call-overload]


def csv(folder: Path) -> Path:
    return _write(folder / "x.csv", _text().encode())


def marked_csv(folder: Path) -> Path:
    return _write(folder / "x.csv", _text().encode("utf-8-sig"))


def utf16_csv(folder: Path) -> Path:
    return _write(folder / "x.csv", _text().encode("utf-16"))


def utf32_csv(folder: Path) -> Path:
    return _write(folder / "x.csv", _text().encode("utf-32"))


def latin1_csv(folder: Path) -> Path:
    return _write(folder / "x.csv", _text().encode("latin-1"))


def tsv(folder: Path) -> Path:
    return _write(folder / "x.tsv", _text(sep="\t").encode())


def tabs_and_commas_csv(folder: Path) -> Path:
    """Cells that quote what would part them elsewhere."""
    return _write(folder / "x.csv", _text(sep="\t", quoting=1).encode())


def gzipped_csv(folder: Path) -> Path:
    return _write(folder / "x.csv.gz", gzip.compress(_text().encode()))


def gzipped_tsv(folder: Path) -> Path:
    return _write(folder / "x.TSV.GZ", gzip.compress(_text(sep="\t").encode("utf-16")))


def zipped_csv(folder: Path) -> Path:
    """As macOS packs one: with a folder and a shadow of the file beside it."""
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr("folder/x.csv", _text())
        archive.writestr("__MACOSX/folder/._x.csv", b"\0\5")
    return folder / "x.zip"


def spaced_dat(folder: Path) -> Path:
    return _write(folder / "x.dat", FRAME.to_string(index=False).encode())


def commented_csv(folder: Path) -> Path:
    return _write(folder / "x.csv", f"# station 5\n#\n# unit, of both: K\n\n{_text()}".encode())


def header_in_a_comment(folder: Path) -> Path:
    """As NumPy's savetxt writes it."""
    path = folder / "x.csv"
    np.savetxt(path, FRAME.to_numpy(), "%.4f", ",", header=",".join(FRAME.columns), encoding="utf-8")
    return path


def two_headers(folder: Path) -> Path:
    header, rest = _text().split("\n", 1)
    return _write(folder / "x.csv", f"{header}\ndegC,\n{rest}".encode())


def parquet(folder: Path) -> Path:
    FRAME.to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def feather(folder: Path) -> Path:
    FRAME.to_feather(folder / "x.feather")
    return folder / "x.feather"


def sheet(folder: Path) -> Path:
    FRAME.to_excel(folder / "x.xlsx", index=False)
    return folder / "x.xlsx"


def sheet_beside_others(folder: Path) -> Path:
    """As programs save a workbook: an empty sheet in front, another one behind."""
    with pd.ExcelWriter(folder / "x.xlsx") as book:
        pd.DataFrame().to_excel(book, sheet_name="cover", index=False)
        FRAME.to_excel(book, sheet_name="data", index=False)
        pd.DataFrame({"note": ["seen"]}).to_excel(book, sheet_name="notes", index=False)
    return folder / "x.xlsx"


ALL = (
    csv, marked_csv, utf16_csv, utf32_csv, latin1_csv, tsv, tabs_and_commas_csv, gzipped_csv, gzipped_tsv, zipped_csv,
    spaced_dat, commented_csv, header_in_a_comment, two_headers, parquet, feather, sheet,
    sheet_beside_others,
)  # fmt: skip
SAID = {
    utf16_csv: "encoding: UTF-16, by its byte order mark",
    utf32_csv: "encoding: UTF-32, by its byte order mark",
    latin1_csv: "encoding: Latin-1, since it is no UTF-8",
    gzipped_tsv: "encoding: UTF-16, by its byte order mark",
    commented_csv: "comments: 3 line(s) that begin with # are skipped",
    header_in_a_comment: "header: in the last of these comments",
    sheet_beside_others: "sheet: data, the first one; left out: notes",
    two_headers: "header: in two rows; the second one, units, is skipped: degC",
}
"""Container -> the line that says what is unusual about it."""
