"""``gatebench export``: a trained model in a folder of its own, for use without gatebench."""

import argparse
import sys
from pathlib import Path

from gatebench.cli.arguments import add_results

SUMMARY = "a trained model for use elsewhere: PyTorch, weights, settings, ONNX"
GROUP = "Look"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the key of the trial, ``--to`` and ``--results``."""
    parser.add_argument("key", metavar="KEY", help="a finished trial; keys are in trials.csv of its study")
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="a folder that is not there yet (default: RESULTS/exports/KEY)"
    )
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Write the folder and print the paths of its files."""
    from gatebench.models import lookup
    from gatebench.records.store import Store

    lookup.find_record(Store(options.results), options.key)  # a wrong key is said before torch is imported
    from gatebench.models.export import trained_trial

    exported_trial = trained_trial.find_trial(options.results, options.key)
    folder = options.to or options.results / "exports" / options.key
    reason_without_onnx = trained_trial.export_trial(exported_trial, folder)
    print(*sorted(folder.iterdir()), sep="\n")
    if reason_without_onnx:
        print(f"gatebench: model.onnx is left out: {reason_without_onnx}", file=sys.stderr)
    return 0
