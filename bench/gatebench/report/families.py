"""The family of contrasts of a study, in words, and the cell that others stand beside."""

from collections.abc import Iterable

from gatebench.records.frame import Frame, comparison_groups

EVERY = "all pairs"
"""What is counted where nothing was declared; captions and other texts have it in the place of the family."""
FEW = 4
"""Number of listed pairs up to which they are named."""


def counted(frame: Frame) -> str:
    """Return what is counted by Holm, such as ``all pairs`` or ``the 51 contrasts against gru``."""
    contrasts = frame.declared.contrasts
    if contrasts.are_all:
        return EVERY
    counts = [len(contrasts.among(rows.cell.unique())) for _, rows in comparison_groups(frame.scored())] or [0]
    low, high = min(counts), max(counts)
    number = f"{low}" if low == high else f"{low} to {high}"
    which = f" against {contrasts.against}" if contrasts.against else ""
    if not which and len(contrasts.pairs) <= FEW:
        which = f" ({contrasts})"
    late = " (declared post hoc)" if frame.declared.before else ""
    return f"the {number} {'contrast' if high == 1 else 'contrasts'}{which}{late}"


def named(text: str, frame: Frame) -> str:
    """Return a caption, which says ``all pairs``, of a study: with the family that it declared in the place of that."""
    return text.replace(EVERY, counted(frame))


def note(frame: Frame) -> list[str]:
    """Return a sentence about the family where it is not every pair, and about its change after there were results."""
    contrasts, before = frame.declared
    others = "" if contrasts.are_all else " Other pairs have intervals, and neither a mark nor a verdict."
    if before:
        return [
            f"Post hoc: that {contrasts} would be tested was said when there were results already; declared before them was "
            f"{before}. Its verdicts are no confirmation.{others}"
        ]
    return [f"Declared before there were results: {contrasts} would be tested.{others}"] if others else []


def beside(frame: Frame, cells: Iterable[str], otherwise: str) -> str:
    """Return the cell that others stand beside: the one that they are tested against, or the GRU, or else another one."""
    there = set(cells)
    return next((cell for cell in (frame.declared.contrasts.against, "gru") if cell in there), otherwise)
