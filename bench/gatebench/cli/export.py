"""``gatebench export``: a trained model in a folder of its own, for use without gatebench."""

import argparse
import sys
from pathlib import Path


def add(sub: argparse.ArgumentParser) -> None:
    """Its arguments."""
    sub.add_argument("key", metavar="KEY", help="a finished trial; keys are in trials.csv of its study")
    sub.add_argument(
        "--to", type=Path, metavar="FOLDER", help="a folder that is not there yet (default: RESULTS/exports/KEY)"
    )
    sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")


def run(options: argparse.Namespace) -> int:
    """Write the folder and say what is in it."""
    from gatebench.models.export import trial

    found = trial.find(options.results, options.key)
    folder = options.to or options.results / "exports" / options.key
    lacks = trial.write(found, folder)
    print(*sorted(folder.iterdir()), sep="\n")
    if lacks:
        print(f"gatebench: model.onnx is left out: {lacks}", file=sys.stderr)
    return 0
