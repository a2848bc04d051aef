"""How far a study is, from its file and the records alone."""

from collections import Counter
from pathlib import Path

from gatebench.records import study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.locks import TrialLocks
from gatebench.records.schema import Point
from gatebench.records.store import Store


def describe(results: Path, study: str) -> str:
    """Count what is done, running, failed and left: a line for each cell and one for all, with the time that is left.

    A trial *runs* if a process on any machine that shares the folder has locked it; it is *checkpointed* if it was
    interrupted and goes on from what was saved.
    """
    points = study_file.read(results, study)
    store = Store(results)
    keys = study_file.keys(points)
    endings = store.endings(keys)
    missing = [key for key in keys if key not in endings]
    running = TrialLocks(results).of_others(missing)
    failed = store.failures(missing).keys() - running
    checkpointed = {key for population in Checkpoint.interrupted(results) for key in population}
    checkpointed = checkpointed & set(missing) - running - failed
    lines, left, total, pipelines = [], 0, Counter[str](), Counter[bool]()
    for labels, of_labels in _by_labels(points).items():
        keys = study_file.keys(of_labels)
        finished = [key for key in keys if key in endings]
        planned = sum(map(_planned, of_labels))
        left += planned - len(finished)
        counts = {"running": sum(key in running for key in keys), "failed": sum(key in failed for key in keys)}
        total.update(counts)
        counts["checkpointed"] = sum(key in checkpointed for key in keys)
        counts["diverged"] = sum(endings[key].status == "diverged" for key in finished)
        over = Counter(sum(key in endings for key in point.keys) == _planned(point) for point in of_labels)
        pipelines.update(over)
        line = f"{labels}: {len(finished)} of {planned} done{_listed(counts)}{_pipelines(over)}"
        lines.append(
            line + _listed(Counter(f"selected at an edge of {name}" for point in of_labels for name in point.edges))
        )
    done = len(endings)
    seconds = sum(ending.seconds for ending in endings.values())
    time = f", about {left * seconds / done / 60:.0f} core-minutes at the pace so far" if left and done else ""
    of_pipelines = _pipelines(pipelines) if len(lines) < pipelines.total() else ""
    return "\n".join([*lines, f"{study}: {done} trials done{_listed(total)}, {left} left{of_pipelines}{time}"])


def _by_labels(points: list[Point]) -> dict[str, list[Point]]:
    """The pipelines of each point that has labels of its own."""
    by_labels: dict[str, list[Point]] = {}
    for point in points:
        by_labels.setdefault(str(point.labels), []).append(point)
    return by_labels


def _planned(point: Point) -> int:
    return len(point.search) + point.confirm_planned


def _pipelines(over: Counter[bool]) -> str:
    """How many pipelines are over, where there are several."""
    return f", {over[True]} of {over.total()} pipelines finished" if over.total() > 1 else ""


def _listed(counts: dict[str, int]) -> str:
    return "".join(f", {count} {name}" for name, count in counts.items() if count)


def failed(results: Path, study: str, keys: list[str]) -> list[str]:
    """Return a table of the trials that ended with an error, a line each; empty if there are none."""
    records = Store(results).failures(keys)
    if not records:
        return []
    lines = [f"{study}: {len(records)} trial(s) failed"]
    for key, record in records.items():
        settings, error = record.settings, (record.summary.error or "no reason kept").strip().splitlines()[-1]
        lines.append(f"  {key}  {settings.cell} on {settings.task}, lr {settings.lr:g}, seed {settings.seed}: {error}")
    return [*lines, f"  whole errors: {results}/failed/KEY/record.json and {results}/logs/{study}/"]
