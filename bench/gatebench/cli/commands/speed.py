"""``gatebench speed``: engines beside torch.nn."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from gatebench.cli.arguments import add_results
from gatebench.core.errors import BadInput

SUMMARY = "engines beside torch.nn, in one run, as ratios; a table, figures and their numbers below results/speed/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is timed, how often, and how it is printed."""
    parser.add_argument("--json", action="store_true", help="print the rows of the table as JSON instead")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="of which the median is taken (default: 7)")
    parser.add_argument("--studies", action="store_true", help="also time whole studies beside plain scripts (minutes)")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, print the tables, and draw their figures."""
    if options.rounds < 1:
        raise BadInput(f"--rounds is {options.rounds}, expected at least 1")
    from gatebench.report import speed as figures
    from gatebench.report import style
    from gatebench.speed import studies, updates

    folder = options.results / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    style.apply_style()
    study_times = None
    if options.studies:
        with tempfile.TemporaryDirectory() as workspace:
            study_times = studies.measure_studies(Path(workspace), _announce)
        figures.save(figures.studies(study_times), study_times, "studies", folder)
    population_times = updates.measure_populations(options.rounds, _announce)
    figures.save(figures.populations(population_times), population_times, "populations", folder)
    update_times = updates.measure_updates(options.rounds, _announce)
    figures.save(figures.updates(update_times), update_times, "updates", folder)
    if options.json:
        print(json.dumps(update_times.to_dict("records"), indent=1))
        return 0
    print(f"One training update (forward, loss, backward, clipping, optimizer), {updates.THREADS} threads, 88 outputs:")
    print(update_times.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    print("\nA population of gru 46, batch 32, 100 steps:")
    columns = population_times.drop(columns=["cell", "units", "batch", "steps"])
    print(columns.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    if study_times is not None:
        print("\nWhole studies:")
        print(study_times.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    print(f"\nfigures: {folder}")
    return 0


def _announce(what: str) -> None:
    """Say on stderr what is timed next."""
    print(f"gatebench: timing {what}", file=sys.stderr)
