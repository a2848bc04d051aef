"""All that a report prints of a study."""

from dataclasses import replace

from gatebench.records.frame import Frame
from gatebench.report import findings, verdict
from support.figures import FIGURES, TABLES
from support.frames import MUSIC, everything

STUDY = replace(everything(), replication=None)


def printed(frame: Frame) -> str:
    """Everything that a report prints."""
    shown = [FIGURES[name].table(frame) if name in TABLES else FIGURES[name].numbers(frame) for name in FIGURES]
    lines = [*verdict.lines(frame, MUSIC, ["gru", "novel"]), *findings.findings(frame), *findings.limitations(frame)]
    return "\n".join([table.to_csv() for table in shown if table is not None] + lines)
