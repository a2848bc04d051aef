"""Plain text: characters, or words, lines or bytes, of a file each or of a line each."""

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import delimited, encoding, given, limits
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tokens import split

SUFFIXES = (".txt",)
MOST_FILES = None
FEWEST_SYMBOLS = 40
"""Symbols of all texts, at the least."""
LINES_OF_A_TABLE = 10
"""Lines of numbers alone from which on a text is a table."""
MOSTLY = 0.7
"""Share of lines with as many cells, half of them numbers, from which on a text is a table that has other lines too."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return a sequence of numbers of symbols for each file or line; which of them are symbols, the split decides."""
    texts, lines = [], []
    for file in files:
        with limits.reading(file):
            text, said = _read_text(file)
        texts.append(text)
        lines += said
    if choices.tokens is None and not choices.sequence_a_line:
        _refuse_other_tables(files, texts)
        why = "all lines are of numbers alone" if all(map(_is_table, texts)) else _columns_of(texts)
        if why:
            try:
                raw = tables.read(files, choices)
            except BadInput as error:
                raise BadInput(f"{error}; or, to read it as a text instead of a table: --tokens character") from error
            raw.decisions.insert(0, f"table: read as one, since {why} (--tokens character)")
            return raw
        _ask_about_numbers(texts)
        _refuse_spoilt_tables(files, texts)
    choices.check_only("text", "tokens", "sequence_a_line", "least_count")
    tokens = choices.tokens or "character"
    pieces = [
        (file, piece)
        for file, text in zip(files, texts, strict=True)
        for piece in (text.split("\n") if choices.sequence_a_line else [text])
        if piece.strip() or not choices.sequence_a_line
    ]
    sequences = [split(piece, tokens) for _, piece in pieces]
    count = sum(map(len, sequences))
    if count < FEWEST_SYMBOLS:
        raise BadInput(
            f"{files[0]} has {count:,} {tokens}(s){' with the other files' if len(files) > 1 else ''}; expected at least "
            f"{FEWEST_SYMBOLS}, of which some are for validation and test: give a longer text"
        )
    symbols, numbers = _number(sequences)
    number_of = {file: i for i, file in enumerate(files)}
    splits = given.splits_of_files(files)
    return RawData(
        numbers,
        f"a {tokens}",
        [file.name if not choices.sequence_a_line else f"{file.name}, sequence {i}" for i, (file, _) in enumerate(pieces)],
        "symbols",
        symbols,
        files=[number_of[file] for file, _ in pieces],
        splits=[splits[number_of[file]] for file, _ in pieces] if splits else None,
        decisions=[*dict.fromkeys(lines), *_describe(files, sequences, tokens, choices, symbols)],
    )


def _read_text(file: Path) -> tuple[str, list[str]]:
    """Return the text of a file, its line ends as one character each, and what is to be said of its encoding."""
    content, said = encoding.decode(limits.read_bytes(file), str(file))
    text = content.replace("\r\n", "\n")
    if not text:
        raise BadInput(f"{file} is empty; expected text: fill or remove it")
    return text, said


def _is_table(text: str) -> bool:
    """Whether a text has many lines, and all of the first ones are of numbers, as many in each."""
    lines = [line for line in text[: delimited.SAMPLE_CHARACTERS].split("\n") if line.strip()][: delimited.SAMPLE_LINES]
    cells = [line.replace(",", " ").replace(";", " ").split() for line in lines]
    alike = len(lines) >= LINES_OF_A_TABLE and len({len(row) for row in cells}) == 1
    return alike and all(delimited.is_number(cell) for row in cells for cell in row)


def _columns_of(texts: list[str]) -> str:
    """Return what shows that texts are tables of named columns: as many cells in each line, numbers below one another."""
    for separator in (*delimited.SEPARATORS, None):
        rows = [_rows(text, separator) for text in texts]
        if all(len(table) > LINES_OF_A_TABLE and len({len(row) for row in table}) == 1 < len(table[0]) for table in rows):
            # A header, and perhaps one with units, stands above the numbers.
            below = [list(zip(*table[2:], strict=True)) for table in rows]
            if all(any(all(map(delimited.is_number, column)) for column in columns) for columns in below):
                parted = "white space" if separator is None else repr(separator)
                return f"all lines have {len(rows[0][0])} cells parted by {parted}, some of numbers alone"
    return ""


def _rows(text: str, separator: str | None) -> list[list[str]]:
    """Return the cells of the first lines, but of comments; without a separator, of what white space parts."""
    lines = [
        line for line in text[: delimited.SAMPLE_CHARACTERS].split("\n") if line.strip() and not line.startswith("#")
    ][: delimited.SAMPLE_LINES]  # fmt: skip
    return [line.split(separator) for line in lines]


def _refuse_other_tables(files: list[Path], texts: list[str]) -> None:
    """Raise `limits.UnreadableFile` for a file of another width than most, where at least half are of numbers alone."""
    widths: list[int] = []
    of_numbers = list[int]()
    for text in texts:
        rows = _rows(text.replace(",", " ").replace(";", " "), None)
        widths.append(Counter(map(len, rows)).most_common(1)[0][0] if rows else 0)
        if rows and len(set(map(len, rows))) == 1 and all(delimited.is_number(cell) for row in rows for cell in row):
            of_numbers.append(widths[-1])
    if len(files) < 2 or 2 * len(of_numbers) < len(files):
        return
    counts = Counter(of_numbers)
    width = max(counts, key=lambda count: (counts[count], count))
    usual = files[widths.index(width)]
    for file, other in zip(files, widths, strict=True):
        if other != width:
            raise limits.UnreadableFile(
                f"{file} has lines of {other} cell(s), but {usual.name} of {width}; expected as many in all files: give a "
                "folder that has no others, or this file apart",
                file,
            )


def _refuse_spoilt_tables(files: list[Path], texts: list[str]) -> None:
    """Raise ``BadInput`` for a text whose lines are mostly rows of numbers, beside some that are none."""
    for file, text in zip(files, texts, strict=True):
        for separator in (*delimited.SEPARATORS, None):
            rows = _rows(text, separator)
            counts = Counter(len(row) for row in rows)
            width, often = max(counts.items(), key=lambda item: item[1]) if counts else (0, 0)
            of_width = [row for row in rows if len(row) == width]
            numbers = sum(2 * sum(map(delimited.is_number, row)) >= width for row in of_width)
            if width > 1 and len(rows) > LINES_OF_A_TABLE and numbers > MOSTLY * len(rows):
                other = next((i for i, row in enumerate(rows, 1) if len(row) != width), None)
                if other is None:
                    continue
                raise BadInput(
                    f"{file} looks like a table: {often} of its first {len(rows)} lines have {width} cells, most of them "
                    f"numbers, but line {other} ({shorten(repr(' '.join(rows[other - 1])))}) has {len(rows[other - 1])}; "
                    "expected as many in each line: remove such lines, or read it as a text: --tokens character"
                )


def _ask_about_numbers(texts: list[str]) -> None:
    """Ask about lines of numbers of which some have more than others: rather words than digits one by one."""
    lines = [line.split() for text in texts for line in text[: delimited.SAMPLE_CHARACTERS].split("\n") if line.strip()]
    if len(lines) >= LINES_OF_A_TABLE and all(word.lstrip("-").isdecimal() for line in lines for word in line):
        raise ask(
            "all lines are of whole numbers, some of more than others",
            Reading("a line is a sequence, and a number a symbol", {"tokens": "word", "sequence_a_line": True}),
            Reading("all lines are one text, and a number is a symbol", {"tokens": "word"}),
            Reading("a digit is a symbol", {"tokens": "character"}),
        )


def _number(sequences: list[list[str]]) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the different symbols in order, and each sequence as numbers of them, ``[T, 1]``."""
    symbols = sorted({symbol for sequence in sequences for symbol in sequence})
    number_of = {symbol: number for number, symbol in enumerate(symbols)}
    numbers = [np.array([number_of[symbol] for symbol in sequence], int).reshape(-1, 1) for sequence in sequences]
    return tuple(symbols), numbers


def _describe(
    files: list[Path], sequences: list[list[str]], tokens: str, choices: Choices, symbols: tuple[str, ...]
) -> list[str]:
    """Return the lines that say what became a sequence, and what a symbol is."""
    steps = sum(map(len, sequences))
    if choices.sequence_a_line:
        line = f"sequences: {len(sequences):,}, a line each, of {steps:,} {tokens}s in all"
    elif len(files) > 1:
        line = f"sequences: {len(files)}, a file each (a line each: --sequence-a-line)"
    else:
        line = f"sequences: one text of {steps:,} {tokens}s (a line each: --sequence-a-line)"
    others = ", ".join(other for other in ("character", "word", "line", "byte") if other != tokens)
    lines = [line, f"tokens: {tokens}s{' of UTF-8' if tokens == 'byte' else ''} (--tokens {others})"]
    marks = [symbol for symbol in symbols if len(symbol) == 1 and unicodedata.category(symbol) in ("Mn", "Mc", "Me", "Cf")]
    if tokens == "character" and marks:
        lines.append(
            f"characters: code points, of which {len(marks)} are marks that join others, such as U+{ord(marks[0]):04X}"
        )
    return lines
