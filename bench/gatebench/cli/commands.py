"""Commands other than ``sweep``: their arguments, and what they print."""

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from gatebench import __version__
from gatebench.cli import compare, completion, data, export, sample, speed
from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments; ``command`` of the result runs the chosen one."""
    top = argparse.ArgumentParser("gatebench", description="Which recurrent cell should I use, an LSTM or a GRU?")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=run)
        return sub

    def results(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")

    command("sweep", lambda _: 0, "train what is missing of a study or of an ad-hoc sweep")
    for name, run, text in (
        ("status", _status, "done, running, failed, left: of a study, from its records alone"),
        ("report", _report, "records to figures, tables and a page below results/NAME/"),
    ):
        sub = command(name, run, text)
        sub.add_argument("study", metavar="NAME")
        results(sub)
        if name == "report":
            sub.add_argument("--again", type=Path, metavar="FOLDER", help="results of a second run, to keep and compare")
    compare.add(command("compare", compare.run, compare.TEXT))
    sample.add(command("sample", sample.run, "a sequence drawn from a trained trial: wav, or MIDI and a piano roll"))
    export.add(command("export", export.run, "a trained model for use elsewhere: PyTorch, weights, settings, ONNX"))
    speed.add(command("speed", speed.run, speed.TEXT))
    sub = command("publish", _publish, "log records to MLflow and attach figures; twice is the same as once")
    sub.add_argument("study", metavar="NAME", nargs="?", help="a study (default: all)")
    sub.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI"),
        metavar="ADDRESS",
        help="MLflow server or database (default: $MLFLOW_TRACKING_URI, or a database in the results folder)",
    )
    results(sub)
    sub = command("dashboard", _dashboard, "the MLflow page over the results, on 127.0.0.1")
    sub.add_argument("--port", type=int, default=5000)
    results(sub)
    _add_count(command("count", _count, "parameters, FLOPs and state size of a cell; solves its size for a budget"))
    sub = command("cells", _cells, "the cells, with their equations and papers")
    sub.add_argument("--json", action="store_true")
    data.add(command("data", data.run, data.TEXT))
    sub = command(
        "completion", lambda options: completion.run(options, top), 'TAB completion: eval "$(gatebench completion)" in bash'
    )
    sub.add_argument("--query", action="store_true", help=argparse.SUPPRESS)
    return top


def _add_count(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("cell", metavar="CELL")
    sub.add_argument("option", metavar="OPTION=VALUE", nargs="*", help="options of the cell, for example projection=null")
    sub.add_argument("--inputs", type=int, nargs="+", required=True, metavar="X", help="several: the mean of the counts")
    sub.add_argument("--outputs", type=int, metavar="Y", help="numbers that the readout gives (default: as many as inputs)")
    size = sub.add_mutually_exclusive_group(required=True)
    size.add_argument("--units", type=int, metavar="H")
    size.add_argument("--parameters", type=float, metavar="N", help="budget for the recurrent layer")
    size.add_argument("--total-parameters", type=float, metavar="N", help="budget with the readout")
    size.add_argument("--flops", type=float, metavar="N", help="budget of the recurrent layer per time step")
    sub.add_argument("--without-biases", action="store_true", help="as the music row of Chung et al., Table 1")
    sub.add_argument("--json", action="store_true")


def _count(options: argparse.Namespace) -> int:
    import yaml

    from gatebench.graph import cost, trace

    pairs = [pair.partition("=") for pair in options.option]
    try:
        chosen = {name: yaml.safe_load(value) for name, _, value in pairs}
    except yaml.YAMLError as error:
        raise BadInput(
            f"{' '.join(options.option)} cannot be read; expected OPTION=VALUE, for example projection=null"
        ) from error
    graph = trace.load(options.cell, **chosen)
    if options.outputs is not None and options.outputs < 1:
        raise BadInput(f"--outputs is {options.outputs}, expected at least one output")
    widths = [(inputs, options.outputs or inputs) for inputs in options.inputs]
    budgets = {
        "parameters_recurrent": options.parameters,
        "parameters_total": options.total_parameters,
        "flops_per_step": options.flops,
    }
    units = options.units
    for column, budget in budgets.items():
        if budget is not None:
            units = cost.solve(
                budget,
                lambda units, column=column: getattr(
                    cost.mean_cost(graph, widths, units, not options.without_biases), column
                ),
                column.replace("_", " "),
            )
    counted = cost.mean_cost(graph, widths, units, not options.without_biases)
    inputs = options.inputs[0] if len(options.inputs) == 1 else options.inputs
    values = {"cell": graph.name, "inputs": inputs, "units": units, **vars(counted)}
    if options.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"{name:22}{value:,}" if isinstance(value, int | float) else f"{name:22}{value}")
    return 0


def _cells(options: argparse.Namespace) -> int:
    from gatebench.graph import latex, trace

    graphs = [trace.load(name) for name in registry.available("cells", ".py")]
    if options.json:
        fields = [{"cell": g.name, "title": g.title, "paper": g.paper, "latex": latex.equations(g)} for g in graphs]
        print(json.dumps(fields, indent=1))
        return 0
    for graph in graphs:
        print(f"{graph.name}: {graph.title}\n    {graph.paper}")
        print("\n".join(f"      {latex.plain(line)}" for line in latex.equations(graph)), end="\n\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    from gatebench.records import status

    print(status.describe(options.results, options.study))
    return 0


def _report(options: argparse.Namespace) -> int:
    from gatebench.report.page import page

    print(page.write(options.results, options.study, options.again))
    return 0


def _publish(options: argparse.Namespace) -> int:
    from gatebench.records import mlflow, study_file

    names = [options.study] if options.study else sorted(p.parent.name for p in options.results.glob("*/study.json"))
    if not names:
        raise BadInput(f"nothing to publish: no study in '{options.results}'; run one first: gatebench sweep study=demo")
    uri = mlflow.store_uri(options.results, options.tracking_uri)
    for name in names:
        points = study_file.read(options.results, name)
        keys = study_file.keys(points)
        try:
            new = mlflow.publish(options.results, keys, uri)
            mlflow.attach(options.results, name, uri)
        except BadInput:
            raise
        except Exception as error:  # MLflow's, of many kinds: the store is away, locked, full or too new
            raise BadInput(
                f"{name} is not logged to {uri} ({shorten(error)}); the records are complete: mend the "
                "store, then give the same command again"
            ) from error
        print(f"{name}: {new} trials logged to {uri}; figures attached")
    return 0


def _dashboard(options: argparse.Namespace) -> int:
    import subprocess

    from gatebench.records import mlflow

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended is no obstacle
        try:
            probe.bind(("127.0.0.1", options.port))
        except (OSError, OverflowError) as error:
            raise BadInput(f"port {options.port} on 127.0.0.1 is not free ({error}); choose another: --port N") from error
    if not (options.results / "mlflow.db").is_file():
        raise BadInput(f"no tracking store in '{options.results}'; log the records first: gatebench publish")
    print(f"{mlflow.page(options.results, options.port)}  (Ctrl-C ends it)", flush=True)
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(options.port), "--workers", "1",
        "--backend-store-uri", mlflow.store_uri(options.results),
        "--default-artifact-root", (options.results.resolve() / "mlruns").as_uri(),
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, **mlflow.environment()})
    try:
        return server.wait()
    finally:
        server.terminate()
        server.wait()
