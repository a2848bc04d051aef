"""``gatebench publish``: finished trials and figures to an MLflow store."""

import argparse
import os

from gatebench.cli.arguments import add_results
from gatebench.core import terminal
from gatebench.core.errors import BadInput, shorten, without_passwords

SUMMARY = "log records to MLflow and attach figures; twice is the same as once"
GROUP = "Study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of a study, the address of the store and ``--results``."""
    parser.add_argument("study", metavar="NAME", nargs="?", help="a study (default: all)")
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI"),
        metavar="ADDRESS",
        help="MLflow server or database (default: $MLFLOW_TRACKING_URI, or a database in the results folder)",
    )
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Log what the store does not have yet and say how much that was."""
    from gatebench.records import mlflow, study_file

    names = [options.study] if options.study else sorted(p.parent.name for p in options.results.glob("*/study.json"))
    if not names:
        raise BadInput(f"nothing to publish: no study in '{options.results}'; run one first: gatebench sweep study=demo")
    uri = mlflow.store_uri(options.results, options.tracking_uri)
    for name in names:
        try:
            points = study_file.read(options.results, name)
        except BadInput as error:
            if options.study:
                raise
            terminal.say(f"gatebench: {error}")
            continue
        keys = study_file.keys(points)
        try:
            logged = mlflow.publish(options.results, keys, uri)
            takes_files = mlflow.attach(options.results, name, uri)
        except BadInput:
            raise
        except Exception as error:  # MLflow's, of many kinds: the store is away, locked, full or too new
            raise BadInput(
                f"{name} is not logged to {uri} ({shorten(error)}); the records are complete: mend the "
                "store, then give the same command again"
            ) from error
        of_figures = "figures attached" if takes_files else "figures go through its server: --tracking-uri http://..."
        print(f"{name}: {logged} trials logged to {without_passwords(uri)}; {of_figures}")
    return 0
