"""``gatebench status``: how far a study is, from its records."""

import argparse

from gatebench.cli.arguments import add_results

SUMMARY = "done, running, failed, left: of a study, from its records alone"
GROUP = "Study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of the study and ``--results``."""
    parser.add_argument("study", metavar="NAME", help="the study that is looked at")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print the counts of each point of the study."""
    from gatebench.records import status

    print(status.describe(options.results, options.study))
    return 0
