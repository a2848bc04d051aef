"""``gatebench pack``: finished trials in one file, which every command reads like their folders."""

import argparse

from gatebench.cli.arguments import add_results
from gatebench.core import terminal
from gatebench.core.errors import BadInput

SUMMARY = "finished trials from folders into one file, and back with --undo"
GROUP = "Study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the names of studies, ``--undo`` and ``--results``."""
    parser.add_argument("studies", metavar="STUDY", nargs="*", help="their trials alone (default: all finished ones)")
    parser.add_argument("--undo", action="store_true", help="make folders of packed trials again")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Pack or unpack, and say how much that was; twice is the same as once, and a sweep may run meanwhile."""
    from gatebench.records import packing, study_file
    from gatebench.records.packed import NAME

    if not options.results.is_dir():
        raise BadInput(f"'{options.results}' is no folder; expected a results folder: --results FOLDER")
    keys = None
    if options.studies:
        keys = {key for study in options.studies for key in study_file.keys(study_file.read(options.results, study))}
    file, trials = options.results / NAME, options.results / "trials"
    with terminal.busy("unpacking" if options.undo else "packing"):
        outcome = packing.unpack(options.results, keys) if options.undo else packing.pack(options.results, keys)
    if options.undo:
        said = f"{len(outcome.moved)} trials are in folders below {trials} again" if outcome.moved else "nothing to unpack"
    else:
        said = f"{len(outcome.moved)} trials are packed into {file}" if outcome.moved else "nothing to pack"
    print(said)
    if outcome.left:
        print(f"{len(outcome.left)} stay in folders, which hold more than plain files, such as {trials / outcome.left[0]}")
    return 0
