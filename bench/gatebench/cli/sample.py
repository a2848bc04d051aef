"""``gatebench sample``: sequences drawn from one trained trial, or from the best ones of a study for its report."""

import argparse
from pathlib import Path
from typing import Any

from gatebench.core.errors import BadInput
from gatebench.data.cards import LOWEST


def add(sub: argparse.ArgumentParser) -> None:
    """Its arguments."""
    sub.add_argument(
        "of", metavar="KEY|STUDY", help="a trial, or a study: its best confirming trial of each cell, for the report"
    )
    sub.add_argument(
        "--steps", type=int, metavar="N", help="time steps to draw (default: a second of audio, 64 steps of others)"
    )
    sub.add_argument("--seed", type=int, default=0, metavar="S", help="of the sequence that primes and of the draw")
    sub.add_argument("--folder", type=Path, metavar="F", help="for the files of a trial (default: that of its record)")
    sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")


def run(options: argparse.Namespace) -> int:
    """Draw, write and say where the files are."""
    from gatebench.records import study_file
    from gatebench.records.record import Store

    if options.steps is not None and options.steps < 1:
        raise BadInput(f"--steps is {options.steps}, expected at least one step")
    if options.seed < 0:
        raise BadInput(f"--seed is {options.seed}, expected a whole number from 0")
    store = Store(options.results)
    if not study_file.path(options.results, options.of).is_file():
        target = (options.folder or store.trials / options.of) / "sample"
        for path in _draw(store, options.of, options, target, f"trial {options.of}")[1]:
            print(path)
        return 0
    if options.folder:
        raise BadInput(
            f"--folder is for a single trial; the samples of study {options.of} go where its report looks for them"
        )
    print(*_study(store, options), sep="\n")
    return 0


def _study(store: Any, options: argparse.Namespace) -> list[Path]:
    """Of each panel and cell the confirming trial that is best on validation; returns the files."""
    import pandas as pd

    from gatebench.models import sample
    from gatebench.records import frame, samples

    found = frame.load(options.results, options.of)
    best = found.best.sort_values(["task", "cell"])
    if best.empty:
        raise BadInput(f"study '{options.of}' has no confirmed trial yet; finish it: gatebench sweep study={options.of}")
    folder, rows, spectra, files = samples.folder(options.results, options.of), [], [], []
    for trial in best.itertuples():
        panel = {name: getattr(trial, name) for name in frame.ComparisonGroup._fields}
        title = f"{trial.cell}, {found.datasets[str(trial.task)]}"
        drawn, paths = _draw(store, str(trial.key), options, folder / str(trial.key), title)
        files += paths
        if len(paths) == 1:  # neither to be heard nor to be seen
            continue
        distance = float("nan")
        if drawn.card.kind == "audio":
            heard = sample.spectra(drawn)
            distance = heard.distance
            for cell, decibel in ((samples.DATA, heard.data), (trial.cell, heard.drawn)):
                line = {**panel, "cell": cell, "hertz": heard.hertz, "decibel": decibel.round(3)}
                spectra.append(pd.DataFrame(line))
        made = {"cell": trial.cell, "key": trial.key, "sound": paths[0].name, "picture": paths[1].name}
        sizes = {"primed": len(drawn.prime), "drawn": len(drawn.drawn), "distance": distance}
        rows.append({**panel, **made, **sizes})
    if not rows:
        return files
    table = (
        pd.concat(spectra).drop_duplicates([*frame.ComparisonGroup._fields, "cell", "hertz"]) if spectra else pd.DataFrame()
    )
    samples.write(
        options.results,
        options.of,
        pd.DataFrame(rows).reindex(columns=samples.COLUMNS),
        table.reindex(columns=samples.SPECTRA),
    )
    return files


def _draw(store: Any, key: str, options: argparse.Namespace, path: Path, title: str) -> tuple[Any, list[Path]]:
    """One sequence, of music and audio with its picture: what was drawn, and the files."""
    from gatebench.models import sample
    from gatebench.report import pictures

    drawn = sample.draw(store, key, options.steps, options.seed)
    try:  # only now: a folder in the place of a trial that is not there would stand in the way of its record
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"folder '{path.parent}' cannot be made ({error.strerror}); choose another: --folder F") from error
    sound, picture = sample.write(drawn, path), path.with_suffix(".png")
    if drawn.card.kind == "audio":
        assert drawn.card.rate is not None, key  # of kind audio
        pictures.waveform(drawn.prime, drawn.drawn, drawn.card.rate, picture, title)
    elif drawn.card.kind == "piano_roll":
        pictures.piano_roll(drawn.prime, drawn.drawn, LOWEST, picture, title)
    else:
        return drawn, [sound]
    return drawn, [sound, picture]
