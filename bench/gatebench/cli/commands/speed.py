"""``gatebench speed``: engines beside torch.nn."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from gatebench.cli.arguments import add_results, number
from gatebench.core.errors import BadInput
from gatebench.core.files import nan_to_none
from gatebench.core.validation import whole

SUMMARY = "engines beside torch.nn, in one run, as ratios; tables, figures and their numbers below results/speed/"
GROUP = "More"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is timed, how often, what the machine is called, and how rows are printed."""
    parser.add_argument("--json", action="store_true", help="print the rows of the table as JSON instead")
    parser.add_argument(
        "--rounds",
        type=number("--rounds", Annotated[int, whole(1, 10_000)]),
        default=7,
        metavar="N",
        help="of which the median is taken (default: 7; fewer where they are slow)",
    )
    parser.add_argument("--studies", action="store_true", help="also time whole studies beside plain scripts (minutes)")
    parser.add_argument(
        "--machine", metavar="NAME", help="what this machine is called in the tables, whose rows of it are replaced "
        "(default: the name of its processor)",
    )  # fmt: skip
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, print the tables, and draw their figures."""
    if options.machine is not None and not options.machine.strip():
        raise BadInput("--machine is empty, expected a name; leave it out to take that of the processor")
    from gatebench.report import speed as figures
    from gatebench.report import style
    from gatebench.speed import bars, breakdown, cells, inference, machine, populations, studies, updates

    folder = options.results / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    style.apply_style()
    here = machine.describe(options.machine)
    tables = {}
    if options.studies:
        with tempfile.TemporaryDirectory() as workspace:
            tables["studies"] = studies.measure_studies(Path(workspace), _announce)
    tables["populations"] = populations.measure_populations(options.rounds, _announce)
    tables["breakdown"] = breakdown.measure_breakdown(options.rounds, _announce)
    tables["inference"] = inference.measure_inference(options.rounds, _announce)
    tables["cells"] = cells.measure_cells(options.rounds, _announce)
    tables["updates"] = updates.measure_updates(options.rounds, _announce)
    for stem, rows in tables.items():
        beside = machine.merged(rows, here, folder / f"{stem}.csv")
        figures.save(figures.FIGURES[stem](beside), beside, stem, folder)
    if options.json:
        print(json.dumps(nan_to_none(tables["updates"].to_dict("records")), indent=1))
        return 0
    print(", ".join(f"{name} {value}" for name, value in here.items()))
    tables["breakdown"] = breakdown.side_by_side(tables["breakdown"])
    tables["bars"] = bars.compare(tables["updates"])
    for stem, rows in tables.items():
        print(f"\n{HEADINGS[stem]}:")
        print(rows.dropna(axis="columns", how="all").to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep=""))
    print(f"\nfigures: {folder}")
    return 0


HEADINGS = {
    "studies": "Whole studies, beside plain scripts",
    "populations": "Populations that grow",
    "breakdown": "Parts of an update, by one thread, for each member of a population of 10",
    "inference": "Inference: one step of one sequence, 256 sequences of 100 steps at once",
    "cells": "Training updates of every cell, beside the GRU",
    "updates": "Training updates (forward, loss, backward, clipping, optimizer) and evaluations (losses alone)",
    "bars": "What the project holds itself to, a member of 10",
}
"""Table -> what is printed above it."""


def _announce(what: str) -> None:
    """Say on stderr what is timed next, or left out."""
    print(f"gatebench: {what}", file=sys.stderr)
