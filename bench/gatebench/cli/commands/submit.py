"""``gatebench submit``: one study as one file, for whoever collects results; nothing is sent anywhere."""

import argparse
from pathlib import Path

from gatebench.cli.arguments import add_results

SUMMARY = "write a study's records into one file, for somebody else to merge; sends nothing"
GROUP = "Study"
SUFFIX = ".gatebench.zip"
"""How the name of an archive ends where none is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of the study, ``--output`` and ``--results``."""
    parser.add_argument("study", metavar="NAME", help="the study that is written")
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"the file to write (default: NAME{SUFFIX})")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Write the archive and say what is in it."""
    from gatebench.records import submission

    path = options.output or Path(f"{options.study}{SUFFIX}")
    trials, missing = submission.write(options.results, options.study, path)
    of_planned = f" ({missing} more are planned, and not finished)" if missing else ""
    print(
        f"{path}: {trials} trials of {options.study}{of_planned}, {path.stat().st_size / 1000:,.0f} kB\n"
        "in it: the study's plan; of each trial its settings, scores, learning curve, losses and some predictions of test\n"
        "sequences, names of classes and columns, the processor and the versions; no weights, nothing of where it stood\n"
        f"nothing was sent; whoever collects results adds it by: gatebench merge {path.name}"
    )
    return 0
