"""How far a study is, from its file and the records alone."""

from pathlib import Path

from gatebench.records import study_file
from gatebench.records.locks import TrialLocks
from gatebench.records.record import Checkpoint, Store


def describe(results: Path, study: str) -> str:
    """Done, running, failed and left, a line for each point and one for all, with the time left at the pace so far.

    A trial *runs* if a process on any machine that shares the folder has claimed it; it is *checkpointed* if it was
    interrupted and goes on from what was saved.
    """
    points = study_file.read(results, study)
    store = Store(results)
    keys = study_file.keys(points)
    summaries = store.summaries(keys)
    missing = [key for key in keys if key not in summaries]
    running = TrialLocks(results).of_others(missing)
    failed = store.failures(missing).keys() - running
    saved = {key for keys in Checkpoint.interrupted(results) for key in keys} & set(missing) - running - failed
    lines, left = [], 0
    total: dict[str, int] = {"running": 0, "failed": 0}
    for point in points:
        known = point["search"] + point["confirm"]
        done = [key for key in known if key in summaries]
        planned = len(point["search"]) + point["confirm_planned"]
        left += planned - len(done)
        counts = {"running": sum(key in running for key in known), "failed": sum(key in failed for key in known)}
        total = {name: total[name] + count for name, count in counts.items()}
        counts["checkpointed"] = sum(key in saved for key in known)
        counts["diverged"] = sum(summaries[key]["status"] == "diverged" for key in done)
        extra = "".join(f", {count} {name}" for name, count in counts.items() if count)
        lines.append(f"{study_file.title(point)}: {len(done)} of {planned} done{extra}")
    done = len(summaries)
    spent = sum(summary.get("seconds") or 0.0 for summary in summaries.values())
    extra = "".join(f", {count} {name}" for name, count in total.items() if count)
    time = f", about {left * spent / done / 60:.0f} core-minutes at the pace so far" if left and done else ""
    return "\n".join([*lines, f"{study}: {done} trials done{extra}, {left} left{time}"])


def failed(results: Path, study: str, keys: list[str]) -> list[str]:
    """A table of the trials that ended with an error, a line each; empty if there are none."""
    records = Store(results).failures(keys)
    if not records:
        return []
    lines = [f"{study}: {len(records)} trial(s) failed"]
    for key, record in records.items():
        settings, error = record.settings, record.summary["error"].strip().splitlines()[-1]
        what = f"{settings['cell']} on {settings['task']}, lr {settings['lr']:g}, seed {settings['seed']}"
        lines.append(f"  {key}  {what}: {error}")
    return [*lines, f"  whole errors: {results}/failed/KEY/record.json and {results}/logs/{study}/"]
