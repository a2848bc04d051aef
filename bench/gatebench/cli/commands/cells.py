"""``gatebench cells``: the cells with their equations."""

import argparse
import json

SUMMARY = "the cells, with their equations and papers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json`` to the command."""
    parser.add_argument("--json", action="store_true", help="print name, title, paper and LaTeX of each as JSON")


def run(options: argparse.Namespace) -> int:
    """Print every cell that there is, those of plugin folders too."""
    from gatebench.graph import catalogue, latex

    cells = catalogue.describe_cells()
    if options.json:
        fields = [{"cell": c.name, "title": c.title, "paper": c.paper, "latex": c.equations} for c in cells]
        print(json.dumps(fields, indent=1))
        return 0
    for cell in cells:
        print(f"{cell.name}: {cell.title}\n    {cell.paper}")
        print("\n".join(f"      {latex.plain(line)}" for line in cell.equations), end="\n\n")
    return 0
