"""The section of a report's page with sequences that the cells drew, to look at and to listen to."""

from dataclasses import dataclass
from pathlib import Path

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report.page.parts import in_base64


@dataclass(frozen=True)
class DrawnSample:
    """What the page shows of one sequence that a cell drew."""

    title: str
    """The cell and its comparison group."""
    seen: str
    """What is to be seen in the picture."""
    text: str
    """A sentence or two: how much primed the cell, how much it drew, and how far that is from the data."""
    file: str
    """Path of the wav or MIDI file, relative to the page."""
    picture: str
    """PNG of a piano roll or a waveform, in base64."""
    sound: str = ""
    """WAV in base64; empty if the file is MIDI."""


def drawn_samples(frame: Frame, folder: Path) -> list[DrawnSample]:
    """Return the drawn sequences of a frame, whose files lie in a folder; ``BadInput`` if one of them cannot be read."""
    samples = []
    for row in frame.samples.itertuples():
        is_audio = str(row.sound).endswith(".wav")
        group = ComparisonGroup(str(row.task), str(row.budget), str(row.training))
        distance = f" Log-spectral distance from the validation split: {row.distance:.1f} dB." if is_audio else ""
        samples.append(
            DrawnSample(
                title=f"{row.cell}: {frame.title(group)}",
                seen=f"{'Waveform over its spectrogram' if is_audio else 'Piano roll'} of {row.cell}: {row.primed:,} given, "
                f"then {row.drawn:,} drawn",
                text=f"{row.primed:,} {'samples' if is_audio else 'frames'} of the validation split, then"
                f" {row.drawn:,} drawn by trial {row.key}.{distance}",
                file=f"{folder.name}/{row.sound}",
                picture=in_base64(folder / str(row.picture)),
                sound=in_base64(folder / str(row.sound)) if is_audio else "",
            )
        )
    return samples
