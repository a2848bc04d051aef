"""Random sequences of our commands, killed at random moments: no published row is lost, and no number moves.

``python tests/support/sequences.py`` runs ten thousand (docs/robustness.md says what came of it).
"""

from support import sequences


def test_no_sequence_of_commands_loses_or_moves_anything():
    counts = sequences.run(first=0, sequences=8)
    assert counts["sequences"] == 8
    assert counts.keys() >= {"sweep", "report", "status", "merge", "submit", "kill", "rename", "delete trials"}
