"""``gatebench merge``: the trials of another results folder, or of what somebody submitted, come into this one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.cli.arguments import add_results, results_flag
from gatebench.core import terminal
from gatebench.core.errors import BadInput, visible

if TYPE_CHECKING:
    from gatebench.records.merging import Arrival

SUMMARY = "bring in the trials of another results folder, or of what gatebench submit wrote"
GROUP = "Study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source, ``--dry-run`` and ``--results``."""
    parser.add_argument("source", metavar="SOURCE", type=Path, help="a results folder, or an archive")
    parser.add_argument("--dry-run", action="store_true", help="say what would come; writes nothing")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Bring in what is new, keep what differs beside it, and say so; ``BadInput`` if something stays out."""
    from gatebench.records import merging, sources, submission

    if options.source.resolve() == options.results.resolve():
        raise BadInput(f"{options.source} is the results folder itself; give another one, or another --results FOLDER")
    if options.source.is_file():
        with terminal.busy("checking the archive"):
            source = submission.read(options.source)
    else:
        source = sources.of_folder(options.source)
    from gatebench.study.keyed import key_of  # which imports torch

    with terminal.busy("merging"):
        arrival = merging.merge(options.results, source, key_of, options.dry_run)
    for line in _lines(arrival, options.dry_run):
        print(visible(line))
    if source.left_out:
        count = len(source.left_out)
        raise BadInput(f"{count} record(s) of {options.source} stay out: {source.left_out[0]}; the others are not concerned")
    if not options.dry_run:
        for study in sorted(arrival.studies.keys() & source.plans.keys()):
            print(f"next: gatebench report {study}{results_flag(options.results)}")
    return 0


def _lines(arrival: "Arrival", dry_run: bool) -> list[str]:
    """Return what comes: a line for each study, and what there is to know beside."""
    come, stay = ("would come", "would stay") if dry_run else ("came", "stay")
    lines = []
    for study, keys in sorted(arrival.studies.items()):
        line = f"{study}: {len(keys & arrival.new)} trials {come}, {len(keys & arrival.present)} are here already"
        if differing := keys & arrival.differing:
            line += f", {len(differing)} have other numbers here, which {stay}: theirs are kept as a replication"
        if replicated := keys & arrival.replicated:
            line += f", {len(replicated)} of a replication {come} as such"
        if points := arrival.otherwise.get(study):
            line += f"; {len(points)} points are searched or selected otherwise here, theirs are kept as a replication"
        lines.append(line)
    if not lines:
        lines.append("nothing to merge: there is no finished trial")
    if arrival.of_other_protocols:
        lines.append(
            f"{len(arrival.of_other_protocols)} trials are of another version's protocol, which has other keys: they are "
            "shown in reports, and a sweep of this version trains its own"
        )
    return lines
