"""How far a study is, from its file and the records alone."""

from pathlib import Path

from bench.records import study_file
from bench.records.record import Checkpoint, Store


def describe(results: Path, study: str) -> str:
    """Done, running and left, a line for each point and one for all, with the time left at the pace so far."""
    points = study_file.read(results, study)
    store = Store(results)
    keys = [key for point in points for key in point["search"] + point["confirm"]]
    records = store.read(keys)
    interrupted = {key for keys in Checkpoint.interrupted(results) for key in keys} - records.keys()
    lines, left, spent = [], 0, 0.0
    for point in points:
        known = point["search"] + point["confirm"]
        done = [key for key in known if key in records]
        running = sum(key in interrupted for key in known)
        planned = len(point["search"]) + point["confirm_planned"]
        diverged = sum(records[key].summary["status"] == "diverged" for key in done)
        left += planned - len(done)
        spent += sum(records[key].summary["seconds"] for key in done)
        extra = (f", {running} checkpointed" if running else "") + (f", {diverged} diverged" if diverged else "")
        lines.append(f"{study_file.title(point)}: {len(done)} of {planned} done{extra}")
    done = len(records)
    time = f", about {left * spent / done / 60:.0f} core-minutes at the pace so far" if left and done else ""
    return "\n".join([*lines, f"{study}: {done} trials done, {left} left{time}"])
