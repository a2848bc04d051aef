"""``gatebench count``: what a cell costs at a size, or which size a budget buys."""

import argparse
import json
from typing import Any

from gatebench.cli.arguments import number
from gatebench.core.errors import BadInput
from gatebench.core.validation import Natural, NonNegative

SUMMARY = "parameters, FLOPs and state size of a cell; solves its size for a budget"
GROUP = "Ask"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the cell with its options, the widths, and exactly one of units and budgets."""
    parser.add_argument("cell", metavar="CELL", help="name of a cell (gatebench cells lists them)")
    parser.add_argument("option", metavar="OPTION=VALUE", nargs="*", help="options of the cell, for example projection=null")
    parser.add_argument(
        "--inputs", type=number("--inputs", Natural), nargs="+", required=True, metavar="X",
        help="several: the mean of the counts",
    )  # fmt: skip
    parser.add_argument(
        "--outputs", type=number("--outputs", Natural), metavar="Y",
        help="numbers that the readout gives (default: as many as inputs)",
    )  # fmt: skip
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--units", type=number("--units", Natural), metavar="H", help="hidden units")
    size.add_argument(
        "--parameters", type=number("--parameters", NonNegative), metavar="N", help="budget for the recurrent layer"
    )
    size.add_argument(
        "--total-parameters", type=number("--total-parameters", NonNegative), metavar="N", help="budget with the readout"
    )
    size.add_argument(
        "--flops", type=number("--flops", NonNegative), metavar="N", help="budget of the recurrent layer per time step"
    )
    parser.add_argument("--without-biases", action="store_true", help="as the music row of Chung et al., Table 1")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")


def run(options: argparse.Namespace) -> int:
    """Print the counts, as lines or as JSON."""
    from gatebench.graph import cost, trace

    counts = cost.count(
        trace.load(options.cell, **_cell_options(options.option)), options.inputs, options.outputs,
        units=options.units, parameters=options.parameters, total_parameters=options.total_parameters,
        flops=options.flops, biases=not options.without_biases,
    )  # fmt: skip
    values = {"cell": counts.cell, "inputs": counts.inputs, "units": counts.units, **vars(counts)}
    if options.json:
        print(json.dumps(values))
        return 0
    for name, value in values.items():
        print(f"{name:22}{value:,}" if isinstance(value, int | float) else f"{name:22}{value}")
    return 0


def _cell_options(pairs: list[str]) -> dict[str, Any]:
    """Return the options of the cell from texts ``OPTION=VALUE``, each value read as YAML."""
    import yaml

    try:
        return {name: yaml.safe_load(value) for name, _, value in (pair.partition("=") for pair in pairs)}
    except yaml.YAMLError as error:
        raise BadInput(f"{' '.join(pairs)} cannot be read; expected OPTION=VALUE, for example projection=null") from error
