"""``gatebench cells``: the cells with their equations."""

import argparse
import json

from gatebench.core import registry

SUMMARY = "the cells, with their equations and papers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print name, title, paper and LaTeX of each as JSON")


def run(options: argparse.Namespace) -> int:
    """Print every cell that there is, those of plugin folders too."""
    from gatebench.graph import latex, trace

    graphs = [trace.load(name) for name in registry.available("cells", ".py")]
    if options.json:
        cells = [{"cell": g.name, "title": g.title, "paper": g.paper, "latex": latex.equations(g)} for g in graphs]
        print(json.dumps(cells, indent=1))
        return 0
    for graph in graphs:
        print(f"{graph.name}: {graph.title}\n    {graph.paper}")
        print("\n".join(f"      {latex.plain(line)}" for line in latex.equations(graph)), end="\n\n")
    return 0
