"""How the bytes of a text become characters: by its byte order mark, as UTF-8, or as Latin-1 with a line that says so."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import IO

from gatebench.core.errors import BadInput
from gatebench.ingest import limits

Opener = Callable[[], IO[bytes]]
"""What opens a file of bytes anew, each time that it is called."""
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order mark -> the encoding that it announces; those of 32 bits before those of 16 that they begin with."""
CHUNK = 2**20
"""Bytes that are looked at together."""
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that stand in no text."""
WINDOWS = re.compile(rb"[\x80-\x9f]")
"""Bytes that are control characters in Latin-1 and letters or signs in Windows-1252."""


def detect(opener: Opener, where: str) -> tuple[str, list[str]]:
    """Return the encoding of a text, and a line about it where it is not UTF-8.

    ``BadInput`` if it is no text, has a NUL byte in it, or unpacks to more than is added at most.

    Parameters
    ----------
    opener
        What opens the file.
    where
        The file, for messages.

    """
    with opener() as file:
        head = file.read(4)
    encoding = next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig":
        _check_nul(opener, where)
    damaged = _find_damage(opener, encoding)
    if damaged is None:
        return encoding, [] if encoding == "utf-8-sig" else [f"encoding: {encoding.upper()}, by its byte order mark"]
    if encoding != "utf-8-sig":
        raise BadInput(f"{where} is no text in {encoding.upper()}, as its first bytes say (near byte {damaged}); convert it")
    return _without_mark(opener, where, damaged)


def decode(content: bytes, where: str) -> tuple[str, list[str]]:
    """Return the text of a file, and a line about its encoding where it is not UTF-8; ``BadInput`` as of `detect`."""
    encoding, lines = detect(lambda: io.BytesIO(content), where)
    return content.decode(encoding), lines


def _chunks(opener: Opener) -> Iterator[bytes]:
    with opener() as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _check_nul(opener: Opener, where: str) -> None:
    """Raise ``BadInput`` if there is a NUL byte, or more than `limits.MOST_STREAMED` in all."""
    size, lines = 0, 1
    for chunk in _chunks(opener):
        size += len(chunk)
        if size > limits.MOST_STREAMED:
            raise BadInput(
                f"{where} unpacks to more than {limits.MOST_STREAMED:,} bytes; expected no more: give a part of it"
            )
        place = chunk.find(b"\0")
        if place >= 0:
            line = lines + chunk[:place].count(b"\n")
            raise BadInput(f"{where}, line {line} has a NUL byte; expected text: remove it, or convert the file to UTF-8")
        lines += chunk.count(b"\n")


def _find_damage(opener: Opener, encoding: str, errors: str = "strict") -> int | None:
    """Return about where the first byte is that cannot be decoded; None: nowhere."""
    decoder, seen = codecs.getincrementaldecoder(encoding)(errors), 0
    try:
        for chunk in _chunks(opener):
            decoder.decode(chunk)
            seen += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return seen + error.start
    return None


def _without_mark(opener: Opener, where: str, damaged: int) -> tuple[str, list[str]]:
    """Return Latin-1 or Windows-1252 for what is no UTF-8.

    ``BadInput`` if it is no text, or UTF-8 that is damaged in places or has halves of pairs as UTF-16 has.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    letters, broken, windows = 0, 0, False
    for chunk in _chunks(opener):
        if NO_TEXT.search(chunk):
            raise BadInput(f"{where} is no text in UTF-8 (near byte {damaged}), nor any other: convert it")
        windows = windows or WINDOWS.search(chunk) is not None
        text = decoder.decode(chunk)
        broken += text.count("\ufffd")
        letters += sum(map("\x7f".__lt__, text)) - text.count("\ufffd")
    broken += decoder.decode(b"", final=True).count("\ufffd")
    if letters > broken or _find_damage(opener, "utf-8", "surrogatepass") is None:
        raise BadInput(
            f"{where} is no text in UTF-8 (near byte {damaged}), though other letters in it are; correct that place, or "
            "convert it"
        )
    encoding, name = ("cp1252", "Windows-1252") if windows else ("latin-1", "Latin-1")
    if _find_damage(opener, encoding) is not None:
        raise BadInput(f"{where} is no text in UTF-8 (near byte {damaged}), nor in {name}; convert it")
    return encoding, [f"encoding: {name}, since it is no UTF-8"]
