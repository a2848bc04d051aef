"""``gatebench report``: the figures, tables and page of a study, drawn from its records."""

import argparse
from pathlib import Path

from gatebench.cli.arguments import add_results
from gatebench.core import terminal

SUMMARY = "records to figures, tables and a page below results/NAME/"
GROUP = "Look"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of the study, ``--results``, ``--replication`` and ``--former``."""
    parser.add_argument("study", metavar="NAME", help="the study that is drawn")
    add_results(parser)
    parser.add_argument("--replication", type=Path, metavar="FOLDER", help="results of a second run, to keep and compare")
    parser.add_argument(
        "--former",
        action="append",
        default=[],
        metavar="STUDY",
        help="an earlier study, whose conclusions to keep and compare",
    )


def run(options: argparse.Namespace) -> int:
    """Write the report and print the path of its page. That of a comparison is about the pipelines of its verdict."""
    from gatebench.records import study_file

    if options.replication is None:  # which has a check that comes first
        study_file.read(options.results, options.study)  # a wrong name is said before all that draws is imported
    from gatebench.cli.comparison import SavedPlan, plan_file
    from gatebench.report.page import page

    plan = SavedPlan.read(plan_file(options.results, options.study))
    pipelines = plan.finished or None if plan else None
    with terminal.busy("drawing the report"):
        report = page.write(options.results, options.study, options.replication, pipelines, options.former)
    print(report)
    return 0
