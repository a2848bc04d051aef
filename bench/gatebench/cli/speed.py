"""``gatebench speed``: engines beside torch.nn."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from gatebench.core.errors import BadInput

TEXT = "engines beside torch.nn, in one run, as ratios; a table, figures and their numbers below results/speed/"


def add(sub: argparse.ArgumentParser) -> None:
    """Its arguments."""
    sub.add_argument("--json", action="store_true", help="print the rows of the table as JSON instead")
    sub.add_argument("--rounds", type=int, default=7, metavar="N", help="of which the median is taken (default: 7)")
    sub.add_argument("--studies", action="store_true", help="also time whole studies beside plain scripts (minutes)")
    sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")


def run(options: argparse.Namespace) -> int:
    """Measure, print, draw."""
    if options.rounds < 1:
        raise BadInput(f"--rounds is {options.rounds}, expected at least 1")
    from gatebench.report import speed as figures
    from gatebench.report import style
    from gatebench.speed import studies, updates

    def tell(what: str) -> None:
        print(f"gatebench: timing {what}", file=sys.stderr)

    folder = options.results / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    style.use()
    whole = None
    if options.studies:
        with tempfile.TemporaryDirectory() as there:
            whole = studies.measure(Path(there), tell)
        figures.save(figures.studies(whole), whole, "studies", str(folder))
    sizes = updates.populations(options.rounds, tell)
    figures.save(figures.populations(sizes), sizes, "populations", str(folder))
    rows = updates.measure(options.rounds, tell)
    figures.save(figures.updates(rows), rows, "updates", str(folder))
    if options.json:
        print(json.dumps(rows.to_dict("records"), indent=1))
        return 0
    print(f"One training update (forward, loss, backward, clipping, optimizer), {updates.THREADS} threads, 88 outputs:")
    print(rows.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    print("\nA population of gru 46, batch 32, 100 steps:")
    print(sizes.drop(columns=["cell", "units", "batch", "steps"]).to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    if whole is not None:
        print("\nWhole studies:")
        print(whole.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
    print(f"\nfigures: {folder}")
    return 0
