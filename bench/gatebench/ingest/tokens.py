"""What the symbols of a text are: its characters, words, lines or bytes."""

ASCII = 128
"""Bytes below it are characters of ASCII."""


def split(text: str, tokens: str) -> list[str]:
    """Return the symbols of a text one after the other; ``tokens`` is one of those that ``--tokens`` has."""
    if tokens == "character":
        return [*text]
    if tokens == "byte":
        return [chr(byte) if byte < ASCII else f"0x{byte:02X}" for byte in text.encode()]
    if tokens == "line":
        return [line for line in text.split("\n") if line.strip()]
    words: list[str] = []
    for number, line in enumerate(text.split("\n")):
        words += ["\n"] * bool(number) + line.split()  # the end of a line is a word of its own
    return words
