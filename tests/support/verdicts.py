"""The last lines of a comparison."""

HEADS = ["Best cell", "By how much", "At what cost", "By other measures"]
"""How the lines of a verdict begin."""


def verdict_of(lines: list[str]) -> list[str]:
    """The verdict at the end of what a comparison says, whose lines are all there."""
    verdict = lines[-len(HEADS) :]
    assert [line.partition(":")[0] for line in verdict] == HEADS
    return verdict
