"""``gatebench sample``: sequences drawn from one trained trial, or from the best ones of a study for its report."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from gatebench.cli.arguments import add_results, number
from gatebench.core.errors import BadInput
from gatebench.core.validation import Seed, whole

if TYPE_CHECKING:
    from gatebench.models.sample import Sample
    from gatebench.records.store import Store

SUMMARY = "a sequence drawn from a trained trial: wav, or MIDI and a piano roll"
GROUP = "Look"


class SampleFiles(NamedTuple):
    """A drawn sequence and where it was written."""

    sample: "Sample"
    sequence: Path
    picture: Path | None
    """The waveform or piano roll; None for data that has no picture."""

    @property
    def paths(self) -> list[Path]:
        """All files that were written."""
        return [self.sequence] if self.picture is None else [self.sequence, self.picture]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is drawn from, how much, and where it goes."""
    parser.add_argument(
        "of", metavar="KEY|STUDY", help="a trial, or a study: its best confirming trial of each cell, for the report"
    )
    parser.add_argument(
        "--steps",
        type=number("--steps", Annotated[int, whole(1, 1_000_000)]),
        metavar="N",
        help="time steps to draw (default: a second of audio, 64 steps of others)",
    )
    parser.add_argument(
        "--seed", type=number("--seed", Seed), default=0, metavar="S", help="of the sequence that primes and of the draw"
    )
    parser.add_argument("--folder", type=Path, metavar="F", help="for the files of a trial (default: that of its record)")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Draw, write, and print the paths of the files."""
    from gatebench.models import lookup
    from gatebench.records import study_file
    from gatebench.records.store import Store

    store = Store(options.results)
    if study_file.path(options.results, options.of).is_file():
        if options.folder:
            raise BadInput(
                f"--folder is for a single trial; the samples of study {options.of} go where its report looks for them"
            )
        paths = _sample_study(store, options)
    else:
        lookup.find_record(store, options.of)  # a wrong key is said before torch is imported
        target = (options.folder or store.trials / options.of) / "sample"
        paths = _sample_trial(store, options.of, options, target, f"trial {options.of}").paths
    print(*paths, sep="\n")
    return 0


def _sample_study(store: "Store", options: argparse.Namespace) -> list[Path]:
    """Draw from the confirming trial that is best on validation, for each comparison group and cell; returns the files."""
    import pandas as pd

    from gatebench.models import sample
    from gatebench.records import frame, samples

    study = frame.load(options.results, options.of)
    best_trials = study.best.sort_values(["task", "cell"])
    if best_trials.empty:
        raise BadInput(f"study '{options.of}' has no confirmed trial yet; finish it: gatebench sweep study={options.of}")
    folder, rows, spectra, paths = samples.folder(options.results, options.of), [], [], []
    for trial in best_trials.itertuples():
        group = {name: getattr(trial, name) for name in frame.ComparisonGroup._fields}
        title = f"{trial.cell}, {study.datasets[str(trial.task)]}"
        files = _sample_trial(store, str(trial.key), options, folder / str(trial.key), title)
        paths += files.paths
        if files.picture is None:  # neither to be heard nor to be seen
            continue
        distance = float("nan")
        if files.sample.card.kind == "audio":
            spectrum = sample.spectra(files.sample)
            distance = spectrum.distance
            for cell, decibel in ((samples.DATA, spectrum.data), (trial.cell, spectrum.drawn)):
                columns = {**group, "cell": cell, "hertz": spectrum.hertz, "decibel": decibel.round(3)}
                spectra.append(pd.DataFrame(columns))
        names = {"cell": trial.cell, "key": trial.key, "sound": files.sequence.name, "picture": files.picture.name}
        sizes = {"primed": len(files.sample.prime), "drawn": len(files.sample.drawn), "distance": distance}
        rows.append({**group, **names, **sizes})
    if not rows:
        return paths
    identity = [*frame.ComparisonGroup._fields, "cell", "hertz"]
    spectra_table = pd.concat(spectra).drop_duplicates(identity) if spectra else pd.DataFrame()
    samples.write(
        options.results,
        options.of,
        pd.DataFrame(rows).reindex(columns=samples.COLUMNS),
        spectra_table.reindex(columns=samples.SPECTRA),
    )
    return paths


def _sample_trial(store: "Store", key: str, options: argparse.Namespace, path: Path, title: str) -> SampleFiles:
    """Draw one sequence and write it to ``path``, with the suffix of its kind; of music and audio with a picture."""
    from gatebench.data.cards import LOWEST_PITCH
    from gatebench.models import sample
    from gatebench.report import pictures

    drawn = sample.draw_sample(store, key, options.steps, options.seed)
    try:  # only now: a folder in the place of a trial that is not there would stand in the way of its record
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"folder '{path.parent}' cannot be made ({error.strerror}); choose another: --folder F") from error
    sequence, picture = sample.write_sample(drawn, path), path.with_suffix(".png")
    if drawn.card.kind == "audio":
        assert drawn.card.rate is not None, key  # of kind audio
        pictures.waveform(drawn.prime, drawn.drawn, drawn.card.rate, picture, title)
    elif drawn.card.kind == "piano_roll":
        pictures.piano_roll(drawn.prime, drawn.drawn, LOWEST_PITCH, picture, title)
    else:
        picture = None
    return SampleFiles(drawn, sequence, picture)
