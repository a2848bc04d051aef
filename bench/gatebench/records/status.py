"""How far a study is, from its file and the records alone."""

from collections import Counter
from pathlib import Path

from gatebench.records import study_file
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.locks import TrialLocks
from gatebench.records.store import Store


def describe(results: Path, study: str) -> str:
    """Count what is done, running, failed and left: a line for each point and one for all, with the time that is left.

    A trial *runs* if a process on any machine that shares the folder has locked it; it is *checkpointed* if it was
    interrupted and goes on from what was saved.
    """
    points = study_file.read(results, study)
    store = Store(results)
    keys = study_file.keys(points)
    summaries = store.summaries(keys)
    missing = [key for key in keys if key not in summaries]
    running = TrialLocks(results).of_others(missing)
    failed = store.failures(missing).keys() - running
    checkpointed = {key for population in Checkpoint.interrupted(results) for key in population}
    checkpointed = checkpointed & set(missing) - running - failed
    lines, left, total = [], 0, Counter[str]()
    for point in points:
        finished = [key for key in point.keys if key in summaries]
        planned = len(point.search) + point.confirm_planned
        left += planned - len(finished)
        counts = {"running": sum(key in running for key in point.keys), "failed": sum(key in failed for key in point.keys)}
        total.update(counts)
        counts["checkpointed"] = sum(key in checkpointed for key in point.keys)
        counts["diverged"] = sum(summaries[key].status == "diverged" for key in finished)
        lines.append(f"{point.labels}: {len(finished)} of {planned} done{_listed(counts)}")
    done = len(summaries)
    seconds = sum(summary.seconds or 0.0 for summary in summaries.values())
    time = f", about {left * seconds / done / 60:.0f} core-minutes at the pace so far" if left and done else ""
    return "\n".join([*lines, f"{study}: {done} trials done{_listed(total)}, {left} left{time}"])


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
