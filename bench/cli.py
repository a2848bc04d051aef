"""Commands. The only place that knows Hydra: a job's configuration becomes plain objects here."""

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import __version__, places
from bench.places import BadInput, suggestion

GROUPS = ("task", "cell", "budget", "training", "engine", "study")
LABELLED = ("task", "cell", "budget", "training")

SWEEP_HELP = """\
usage: gatebench sweep [study=NAME] [group=CHOICE[,CHOICE...]] [setting=VALUE] [--dry-run]

Trains what is missing of a study, or of a sweep that you put together; finished trials are never computed again.
The grammar is Hydra's: commas sweep, and any setting can be overridden.

  gatebench sweep study=demo                             the demonstration, on music that a package ships
  gatebench sweep study=jsb --dry-run                    how many trials, and roughly how long
  gatebench sweep cell=gru,lstm task=nottingham name=mine search.size=4 population.seeds=[1,2]
  gatebench sweep cell=gru training.lr=0.01 training.batch=8

groups (choose one, or several with commas):
{groups}

settings (see conf/config.yaml and conf/training/*.yaml):
  name=STUDY             study that the trials of an ad-hoc sweep belong to (default: adhoc)
  results=FOLDER         where records and studies go (default: results)
  search.size=N          learning rates to try; training.lr=RATE skips the search
  population.seeds=[..]  seeds of the confirming trials
  training.KEY=VALUE     any choice of the protocol, for example training.epochs=20
  hydra/launcher=basic   one job after the other in this process (default: local, a worker a core)
"""


def main() -> None:
    """Entry point of the command ``gatebench``: one line and a non-zero exit for a user's mistake."""
    arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments[:1] == ["sweep"]:
            sys.exit(sweep(arguments[1:]))
        options = _parser().parse_args(arguments)
        sys.exit(options.command(options))
    except BadInput as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _fail(message: str) -> None:
    print(f"gatebench: {message}", file=sys.stderr)
    sys.exit(2)


# Commands other than sweep


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("gatebench", description="Which recurrent cell should I use, an LSTM or a GRU?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=run)
        return sub

    def results(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")

    command("sweep", lambda _: sweep(["--help"]), "train what is missing of a study or of an ad-hoc sweep")
    for name, run, text in (
        ("status", _status, "done, running, left: of a study, from its records alone"),
        ("report", _report, "records to figures, tables and a page below results/NAME/"),
    ):
        sub = command(name, run, text)
        sub.add_argument("study", metavar="NAME")
        results(sub)
    sub = command("publish", _publish, "log records to MLflow and attach figures; twice is the same as once")
    sub.add_argument("study", metavar="NAME", nargs="?", help="a study (default: all)")
    results(sub)
    sub = command("dashboard", _dashboard, "the MLflow page over the results, on 127.0.0.1")
    sub.add_argument("--port", type=int, default=5000)
    results(sub)
    _add_count(command("count", _count, "parameters, FLOPs and state size of a cell; solves its size for a budget"))
    sub = command("cells", _cells, "the cells, with their equations and papers")
    sub.add_argument("--json", action="store_true")
    sub = command("data", _data, "list data sets, fetch their files, verify the facts on their cards")
    sub.add_argument("action", choices=["list", "fetch", "verify"], nargs="?", default="list")
    sub.add_argument("name", metavar="NAME", nargs="*", help="data sets (default: all)")
    sub = command("completion", _completion, 'TAB completion: eval "$(gatebench completion)" in bash')
    sub.add_argument("--query", action="store_true", help=argparse.SUPPRESS)
    return parser


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

    from bench.graph import cost, trace

    pairs = [pair.partition("=") for pair in options.option]
    graph = trace.load(options.cell, **{name: yaml.safe_load(value) for name, _, value in pairs})
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
    from bench.graph import latex, trace

    graphs = [trace.load(name) for name in places.known("cells", ".py")]
    if options.json:
        fields = [{"cell": g.name, "title": g.title, "paper": g.paper, "latex": latex.equations(g)} for g in graphs]
        print(json.dumps(fields, indent=1))
        return 0
    for graph in graphs:
        print(f"{graph.name}: {graph.title}\n    {graph.paper}")
        print("\n".join(f"      {latex.plain(line)}" for line in latex.equations(graph)), end="\n\n")
    return 0


def _data(options: argparse.Namespace) -> int:
    from bench.data import cards

    wrong = 0
    for name in options.name or places.known("datasets", ".yaml"):
        card = cards.load(name)
        if options.action == "list":
            sizes = ", ".join(f"{split} {card.facts[split]['sequences']:,}" for split in cards.SPLITS)
            print(f"{name}: {card.title}{' (synthetic)' if card.synthetic else ''}\n    {card.description}")
            print(f"    sequences: {sizes}; a step is {card.time_step}\n    licence: {card.licence}\n")
        elif options.action == "fetch":
            for path in [cards.locate(card, file) for file in card.files]:
                print(f"{name}: {path}")
            if card.package:
                cards.arrays(card)
                print(f"{name}: read from {card.package}")
        else:
            wrong += _verify(name)
    return 1 if wrong else 0


def _verify(name: str) -> int:
    """Recompute what a card states; returns how many statements differ."""
    from bench.data import cards, facts, floors

    card = cards.load(name)
    sequences = cards.arrays(card)
    found = {**_flatten(facts.facts(sequences), "facts"), **_flatten(floors.floors(sequences), "floors")}
    stated = {**_flatten(card.facts, "facts"), **_flatten(card.floors, "floors")}
    wrong = [statement for statement in sorted(found | stated) if found.get(statement) != stated.get(statement)]
    for statement in wrong:
        print(f"{name}: {statement} is {found.get(statement)}, the card says {stated.get(statement)}", file=sys.stderr)
    print(f"{name}: checksum right, {len(found) - len(wrong)} of {len(found)} facts and floors as on the card")
    return len(wrong)


def _flatten(nested: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(nested, dict):
        return {prefix: nested}
    return {name: v for part, value in nested.items() for name, v in _flatten(value, f"{prefix}.{part}").items()}


def _status(options: argparse.Namespace) -> int:
    from bench.records import status

    print(status.describe(options.results, options.study))
    return 0


def _report(options: argparse.Namespace) -> int:
    from bench.report import page

    print(page.write(options.results, options.study))
    return 0


def _publish(options: argparse.Namespace) -> int:
    from bench.records import study_file, track

    names = [options.study] if options.study else sorted(p.parent.name for p in options.results.glob("*/study.json"))
    if not names:
        raise BadInput(f"nothing to publish: no study in '{options.results}'; run one first: gatebench sweep study=demo")
    for name in names:
        points = study_file.read(options.results, name)
        new = track.publish(options.results, [key for point in points for key in point["search"] + point["confirm"]])
        track.attach(options.results, name)
        print(f"{name}: {new} trials logged to {track.store_uri(options.results)}; figures attached")
    return 0


def _dashboard(options: argparse.Namespace) -> int:
    import subprocess

    from bench.records import track

    if not (options.results / "mlflow.db").is_file():
        raise BadInput(f"no tracking store in '{options.results}'; log the records first: gatebench publish")
    print(f"{track.page(options.results, options.port)}  (Ctrl-C ends it)", flush=True)
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(options.port), "--workers", "1",
        "--backend-store-uri", track.store_uri(options.results),
        "--default-artifact-root", (options.results.resolve() / "mlruns").as_uri(),
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, **track.environment()})
    try:
        return server.wait()
    finally:
        server.terminate()
        server.wait()


# TAB completion

COMPLETION = """\
_gatebench() {
    COMPREPLY=($(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" gatebench completion --query 2>/dev/null))
    [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
complete -F _gatebench gatebench"""


def _completion(options: argparse.Namespace) -> int:
    if not options.query:
        print(COMPLETION)
        return 0
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))]
    words = line.split(" ")
    if len(words) > 2 and words[1] == "sweep":
        _complete_sweep(words)
        return 0
    subcommands = next(a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    offered = list(subcommands) if len(words) <= 2 else _names(words[1]) + list(subcommands[words[1]]._option_string_actions)
    print("\n".join(name for name in offered if name.startswith(words[-1])))
    return 0


def _names(command: str) -> list[str]:
    if command == "count":
        return list(places.known("cells", ".py"))
    if command == "data":
        return ["list", "fetch", "verify", *places.known("datasets", ".yaml")]
    return sorted(path.parent.name for path in Path("results").glob("*/study.json"))


def _complete_sweep(words: list[str]) -> None:
    """Hydra's own completion, which must not see the subcommand."""
    os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    _hydra(["-sc", "query=bash"], _nothing)


def _nothing(_: Any) -> None:
    """A job that does nothing."""


# sweep


def sweep(arguments: list[str]) -> int:
    """Plan all jobs, which checks every one of them, then run them with Hydra's launcher."""
    if {"--help", "-h"} & set(arguments):
        groups = [f"  {group:10}{', '.join(places.known('conf', '.yaml', group))}" for group in GROUPS]
        print(SWEEP_HELP.format(groups="\n".join(groups)))
        return 0
    dry_run = "--dry-run" in arguments
    overrides = [argument for argument in arguments if argument != "--dry-run"]
    jobs = _plan(overrides)
    from bench import study
    from bench.records import study_file
    from bench.records.record import Store

    store = Store(jobs[0].results)
    store.prepare()
    plans = [study.plan(job, store) for job in jobs]
    left, trials = sum(plan.left for plan in plans), sum(plan.trials for plan in plans)
    name = jobs[0].study
    if dry_run:
        return _dry_run(jobs, plans)
    study_file.write_points(store.results, name, [plan.point for plan in plans])
    if left:
        print(f"{name}: {trials} trials in {len(jobs)} job(s), {trials - left} finished, {left} to train", flush=True)
    try:
        _run(overrides, name, store.results, sum(plan.epochs for plan in plans))
    except (KeyboardInterrupt, SystemExit):
        print(f"\n{name}: interrupted; the same command goes on from here", file=sys.stderr)
        _end_workers()
        raise
    print(f"{name}: nothing to train, all {trials} trials are finished" if not left else f"{name}: all trials are finished")
    print(f"next: gatebench report {name}" + ("" if str(jobs[0].results) == "results" else f" --results {jobs[0].results}"))
    return 0


def _dry_run(jobs: list[Any], plans: list[Any]) -> int:
    from bench import study

    seconds = 0.0
    for job, plan in zip(jobs, plans, strict=True):
        share = study.pace(job) * plan.epochs if plan.left else 0.0
        seconds += share
        where = ", ".join(job.labels.values())
        print(
            f"{where}: {job.units} units, {plan.trials} trials, {plan.left} to train, at most {share / 60:.1f} core-minutes"
        )
    left, cores = sum(plan.left for plan in plans), min(os.cpu_count() or 1, len(jobs))
    print(
        f"{jobs[0].study}: {sum(plan.trials for plan in plans)} trials, {left} to train, "
        f"at most about {seconds / 60 / cores:.0f} min on {cores} cores (from a few updates; early stopping ends sooner)"
    )
    return 0


def _plan(overrides: list[str]) -> list[Any]:
    """Every job of a sweep, composed by Hydra in this process without running any."""
    jobs: list[Any] = []
    mistakes: list[BadInput] = []

    def collect(config: Any) -> None:
        try:
            jobs.append(_job(config))
        except BadInput as mistake:  # raised here, Hydra would print lines of its own around it
            mistakes.append(mistake)

    kept = [o for o in overrides if not re.match(r"[+~]*hydra[./](launcher|sweep)\b", o)]
    folder = tempfile.mkdtemp()
    try:
        _hydra([*kept, "hydra/launcher=basic", f"hydra.sweep.dir={folder}"], collect)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if mistakes:
        raise mistakes[0]
    if len({(job.study, job.results) for job in jobs}) != 1:
        raise BadInput("name and results must be one for the whole sweep; run one sweep for each")
    return jobs


def _run(overrides: list[str], name: str, results: Path, epochs: int) -> None:
    from bench import progress

    folder = results / "logs" / f"progress-{os.getpid()}"
    os.environ["GATEBENCH_PROGRESS"] = str(folder.resolve())  # for the workers
    with progress.bar(folder, name, epochs):
        _hydra(overrides, run_job)


def run_job(config: Any) -> int:
    """One job, wherever Hydra's launcher runs it; returns the number of trials that it trained."""
    from bench import progress, study
    from bench.records import track
    from bench.records.record import Store

    job = _job(config)
    store = Store(job.results)
    before = store.finished()
    keys = study.run(job, store, progress.Report(Path(os.environ["GATEBENCH_PROGRESS"])))
    trained = [key for key in keys if key not in before]
    if trained and config.publish:
        track.publish(job.results, keys)
    return len(trained)


def _end_workers() -> None:
    """Local workers would go on with their jobs."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _hydra(overrides: list[str], task: Callable[[Any], Any]) -> None:
    """Run a function through Hydra; its errors become one line each."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    extra = [folder for folder in places.houses("conf") if folder != places.OWN["conf"]]
    path = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in extra)}]"] if extra else []
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the exception instead of printing and leaving
    before = sys.argv
    sys.argv = ["gatebench", *overrides, *path]
    try:
        hydra.main(version_base="1.3", config_path=str(places.OWN["conf"]), config_name="config")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise BadInput(_explain(str(error))) from error
    finally:
        sys.argv = before


def _explain(message: str) -> str:
    """Hydra's errors in one line, with the nearest name."""
    if found := re.search(r"Could not find '(\w+)/(\S+)'", message):
        group, choice = found.groups()
        return f"unknown {group} '{choice}'{suggestion(choice, list(places.known('conf', '.yaml', group)))}"
    if found := re.search(r"Could not override '([^']+)'", message):
        name = found.group(1)
        nearest = suggestion(name, _settings()).partition(" (there are")[0]
        return f"unknown setting '{name}'{nearest} (see gatebench sweep --help)"
    return " ".join(line.strip() for line in message.splitlines()[:2] if line.strip())


def _settings() -> list[str]:
    """Names of all settings and groups."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.OWN["conf"]), version_base="1.3"):
        config = compose("config")
    from omegaconf import OmegaConf

    return [*GROUPS, *(name.removeprefix("config.") for name in _flatten(OmegaConf.to_container(config), "config"))]


def _job(config: Any) -> Any:
    """A job's configuration as plain objects."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from bench import study
    from bench.checks import construct
    from bench.data import cards
    from bench.graph import trace
    from bench.training.settings import Training

    values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # pyright: ignore[reportAssignmentType]
    runtime = HydraConfig.get()
    task, training, cell = values["task"], dict(values["training"]), dict(values["cell"])
    lr, rates = training.pop("lr"), training.pop("rates")
    graph = trace.load(cell.pop("name"), **cell)
    if graph.lookahead and task["predict"] == "next_step":
        raise BadInput(
            f"cell {graph.name} with window=ahead and length={graph.lookahead + 1} would read the very step that task "
            f"{runtime.runtime.choices['task']} has it predict; use cell.window=past"
        )
    width = cards.load(task["dataset"]).facts["width"]
    budget = construct(study.Budget, "budget", values["budget"])
    rate = construct(study.Rate, "training", {"lr": lr})
    search = construct(study.Search, "search", {**values["search"], **rates})
    engine = construct(study.Engine, "engine", values["engine"])
    members = construct(study.Members, "population", values["population"])
    return study.Job(
        study=_study_name(values["name"]),
        labels=_labels(runtime),
        dataset=task["dataset"],
        predict=task["predict"],
        likelihood=task["likelihood"],
        graph=graph,
        units=budget.solve(graph, width, width),
        training=construct(Training, "training", training),
        search=search,
        lr=rate.lr,
        members=members,
        engine=engine.name,
        threads=engine.threads,
        results=Path(values["results"]),
    )


def _study_name(name: Any) -> str:
    if not re.fullmatch(r"[\w-][\w.-]*", str(name)):
        raise BadInput(f"name is '{name}', expected letters, digits, '.', '_' and '-': it becomes a folder below results")
    return str(name)


def _labels(runtime: Any) -> dict[str, str]:
    """The choice in each group, with what was overridden inside it: ``modern batch=1``."""
    overridden = {
        label: sorted(o.split(".", 1)[1] for o in runtime.overrides.task if o.lstrip("+").startswith(f"{label}."))
        for label in LABELLED
    }
    return {label: " ".join([runtime.runtime.choices[label], *overridden[label]]) for label in LABELLED}
