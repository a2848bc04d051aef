"""Samples of trained trials: what primes them is real, what follows is drawn, and files and report show both."""

import io
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import matplotlib as mpl
import mido
import numpy as np
import pandas as pd
import pytest
import soundfile

from gatebench import cli
from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.data.framings import next_block
from gatebench.ingest import add
from gatebench.ingest.choices import Choices
from gatebench.models import sample
from gatebench.records import frame, samples
from gatebench.records.store import Store
from gatebench.report.page.drawn_samples import drawn_samples
from support import sources
from support.commands import COMMAND, environment_of, without_compile_lines
from support.datasets import Murmur, Tiny, make_murmur, make_tiny

SMALL = [
    "budget=units_64", "budget.units=6", "training.epochs=3", "search.size=2", "population.seeds=[1,2]", "publish=false",
    "hydra/launcher=basic", "training.weight_noise=0",
]  # fmt: skip


def gatebench(home: Tiny | Murmur, *words: str, code: int = 0) -> str:
    """What the command prints, in this process: on stdout, or on stderr where it is to fail."""
    on_term = signal.getsignal(signal.SIGTERM)
    printed, errors = io.StringIO(), io.StringIO()
    with environment_of(home), mpl.rc_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gatebench", *words])
        patch.chdir(home.folder)
        with redirect_stdout(printed), redirect_stderr(errors), pytest.raises(SystemExit) as end:
            cli.main()
    signal.signal(signal.SIGTERM, on_term)
    assert (end.value.code or 0) == code, errors.getvalue()
    assert code or not without_compile_lines(errors.getvalue())
    return errors.getvalue() if code else printed.getvalue()


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Murmur]:
    """A finished study of two cells on audio, which no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        murmur = make_murmur(tmp_path_factory.mktemp("heard"), patch)
        gatebench(murmur, "sweep", "cell=rnn,lstm_augmented", "task=murmur", *SMALL)
        yield murmur


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a finished study of one cell on music. Tests work on copies."""
    home = make_tiny(tmp_path_factory.mktemp("music"))
    gatebench(home, "sweep", "cell=gru", "task=tiny", *SMALL)
    return home.folder / "results"


@pytest.fixture
def played(tiny: Tiny, music: Path) -> Tiny:
    shutil.copytree(music, tiny.folder / "results")
    return tiny


def keys(home: Tiny | Murmur) -> list[str]:
    return sorted(path.parent.name for path in home.folder.glob("results/trials/*/record.json"))


def test_audio_goes_on_where_the_prime_ends(heard: Murmur):
    store = Store(heard.folder / "results")
    first, again, other = (sample.draw_sample(store, keys(heard)[0], steps=30, seed=seed) for seed in (0, 0, 1))
    assert first.prime.dtype == first.drawn.dtype == np.int16
    assert (len(first.prime), len(first.drawn)) == (120, 300)
    real = [window[:, 0] for window in cards.read_arrays(cards.load("murmur"))["valid"]]
    assert any(np.abs(first.prime - wave.astype(int)).max() <= 1 for wave in real), "the prime is a real window"
    assert (first.whole == again.whole).all()
    assert (first.drawn != other.drawn).any()


def test_what_primes_is_among_the_louder_half(heard: Murmur):
    task = tasks.load("murmur", "murmur", "next_block")
    loudness = sorted(float(np.square(sequence.y).mean()) for sequence in task.splits["valid"])
    for seed in range(8):
        _, wave = sample._audio_prime(task, np.random.default_rng(seed))
        level = np.square((wave[20:] - task.mean) / task.std).mean()
        assert level >= loudness[len(loudness) // 2] - 1e-2


def test_every_step_is_drawn_from_the_prediction_given_all_before(heard: Murmur):
    """The whole drawn sequence, run through the model at once, has the readouts that it was drawn from."""
    import torch

    from gatebench.engines import reference
    from gatebench.graph import trace
    from gatebench.training.likelihoods import gaussian_mixture
    from gatebench.training.model import Model, stream

    store = Store(heard.folder / "results")
    key = next(k for k in keys(heard) if store.read([k])[k].settings.cell == "lstm_augmented")
    record = store.read([key])[key]
    task = tasks.load("murmur", "murmur", "next_block")
    seen: list[np.ndarray] = []

    class watched(gaussian_mixture):
        def draw(self, readout, random):
            seen.append(readout.copy())
            return super().draw(readout, random)

    graph = trace.load("lstm_augmented", **record.settings.options)
    model = Model(graph, 20, 10, 6, watched(components=4), reference.Reference())
    random = stream(0, "sample")
    x, _ = sample._audio_prime(task, random)
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr("gatebench.training.likelihoods.build", lambda *_: watched(components=4))
        drawn = sample._continue(store.weights(key), record, task, x, 25, random)
        wave = np.concatenate([x[0], x[1:, 10:].ravel(), (drawn - task.mean) / task.std])
        sequence = next_block.blocks(wave)
        parameters = {name: torch.from_numpy(w)[None] for name, w in store.weights(key).items()}
        states = reference.run(graph, model.sizes, parameters, torch.from_numpy(np.array(sequence.x))[None, :, None])
        at_once = states[0, :, 0] @ parameters["readout_W"][0] + parameters["readout_b"][0]
    # Samples were rounded to 16 bits, by up to half a step of 1 / std.
    np.testing.assert_allclose(np.array(seen)[1:], at_once[len(x) - 1 :][1 : len(seen)].numpy()[: len(seen) - 1], atol=0.02)
    assert len(seen) == 25


def test_command_writes_sound_and_picture(heard: Murmur):
    key = keys(heard)[0]
    command = [COMMAND, "sample", key, "--steps", "40"]
    run = subprocess.run(command, env=heard.env, cwd=heard.folder, capture_output=True, text=True, check=True)
    assert without_compile_lines(run.stderr) == ""
    files = [heard.folder / line for line in run.stdout.splitlines()]
    assert [file.name for file in files] == ["sample.wav", "sample.png"]
    wave, rate = soundfile.read(files[0], dtype="int16")
    assert rate == 8000
    assert len(wave) == 120 + 400
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert len(soundfile.read(heard.folder / gatebench(heard, "sample", key).splitlines()[0])[0]) == 120 + 8000  # a second


def test_music_is_a_midi_file_and_a_piano_roll(played: Tiny):
    store, key = Store(played.folder / "results"), keys(played)[0]
    drawn = sample.draw_sample(store, key, steps=20)
    assert drawn.drawn.shape == (20, 12)
    assert set(np.unique(drawn.whole)) <= {0, 1}
    starts = [roll[: len(drawn.prime)] for roll in played.rolls["valid"]]
    assert any(roll.shape == drawn.prime.shape and (roll == drawn.prime).all() for roll in starts)
    printed = gatebench(played, "sample", key, "--steps", "20", "--folder", "mine")
    assert printed.splitlines() == ["mine/sample.mid", "mine/sample.png"]
    back = frames_of(mido.MidiFile(played.folder / "mine" / "sample.mid"), len(drawn.whole))
    assert (back == drawn.whole).all()


def frames_of(file: mido.MidiFile, steps: int) -> np.ndarray:
    """The piano roll of a MIDI file, a frame a quarter note."""
    roll, now, on = np.zeros((steps, 12), int), 0, {}
    for message in file.tracks[0]:
        now += message.time
        if message.type == "note_on":
            on[message.note] = now // file.ticks_per_beat
        elif message.type == "note_off":
            roll[on.pop(message.note) : now // file.ticks_per_beat, message.note - 21] = 1
    assert not on, "every note ends"
    return roll


def test_a_study_draws_of_its_best_trials_and_its_report_shows_them(heard: Murmur):
    gatebench(heard, "sample", "adhoc", "--steps", "100")
    sample_rows, spectra = samples.read(heard.folder / "results", "adhoc")
    trials = frame.load(heard.folder / "results", "adhoc").trials
    valid = trials[(trials.stage == "confirm") & (trials.split == "valid")]
    assert set(sample_rows.key) == set(valid.loc[valid.groupby("cell").nll.idxmin()].key)
    assert set(spectra.cell) == {samples.DATA, "rnn", "lstm_augmented"}
    gatebench(heard, "report", "adhoc")
    report = heard.folder / "results" / "adhoc" / "report.html"
    html = report.read_text()
    assert html.count('<audio controls src="data:audio/wav;base64,') == 2
    assert html.count("Log-spectral distance from the validation split") == 2
    assert "Murmur (synthetic)" in html
    assert (report.parent / "spectrum.png").is_file()
    assert (report.parent / "units.md").is_file()


def test_samples_of_trials_that_are_no_longer_the_best_are_not_shown(heard: Murmur, tmp_path: Path):
    results = Path(shutil.copytree(heard.folder / "results", tmp_path / "results"))
    gatebench(heard, "sample", "adhoc", "--steps", "20", "--results", str(results))
    table = samples.folder(results, "adhoc") / "samples.csv"
    sample_rows = pd.read_csv(table)
    stale = sample_rows.assign(key=sample_rows.key.where(sample_rows.cell == "rnn", "0" * 16))
    stale.to_csv(table, index=False)
    study = frame.load(results, "adhoc")
    assert list(study.samples.cell) == ["rnn"]
    assert set(study.spectra.cell) == {samples.DATA, "rnn"}
    (shown,) = drawn_samples(study, table.parent)
    assert shown.title.startswith("rnn: Murmur (synthetic)")
    stale[stale.cell != "rnn"].to_csv(table, index=False)
    assert frame.load(results, "adhoc").spectra.empty


def test_a_long_draw_shows_how_far_it_is_and_ends_on_ctrl_c_without_files(played: Tiny):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [COMMAND, "sample", keys(played)[0], "--steps", "1000000", "--folder", "mine"]
    process = subprocess.Popen(command, env=played.env, cwd=played.folder, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    while b"step/s]" not in shown:
        shown += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", None)
    with suppress(OSError):  # the end of a terminal
        while more := os.read(ours, 1000):
            shown += more
    os.close(ours)
    assert process.returncode == 130
    assert shown.count(b"interrupted\r\n") == 1, shown
    assert b"Traceback" not in shown
    assert not (played.folder / "mine").exists()


def test_the_spectrum_of_a_tone_peaks_at_its_pitch():
    tone = 8000 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    hertz, decibel = sample.spectrum([tone], 16000, 256)
    assert hertz[decibel.argmax()] == pytest.approx(1000)
    # A sine of amplitude a has a power of a^2 / 2, however wide the window makes it.
    power = 10 * np.log10(np.sum(10 ** (decibel / 10)) * hertz[1])
    assert power == pytest.approx(10 * np.log10((8000 / 32768) ** 2 / 2), abs=0.1)
    loud = slice(15, 18)
    louder = sample.spectrum([2 * tone], 16000, 256)[1]
    assert sample.Spectra(hertz[loud], louder[loud], decibel[loud]).distance == pytest.approx(6.02, abs=0.01)
    assert sample.Spectra(hertz, decibel, decibel).distance == 0


WRONG = [
    (["nonsense"], "no finished trial 'nonsense' in 'results'; keys stand in results/STUDY/trials.csv"),
    (["adhoc", "--steps", "0"], "--steps is 0, expected a whole number from 1 to 1,000,000"),
    (["adhoc", "--seed", "-1"], "--seed is -1, expected a whole number from 0"),
    (["adhoc", "--folder", "mine"], "--folder is for a single trial; the samples of study adhoc go where"),
]


def test_mistakes_are_one_line(played: Tiny):
    for words, expected in WRONG:
        message = gatebench(played, "sample", *words, code=2)
        assert message.startswith(f"gatebench: {expected}")
        assert message.count("\n") == 1
    assert not (played.folder / "results" / "trials" / "nonsense").exists()
    (played.folder / "file").touch()
    message = gatebench(played, "sample", keys(played)[0], "--folder", "file", code=2)
    assert message == "gatebench: folder 'file' cannot be made (File exists); choose another: --folder F\n"
    weights = played.folder / "results" / "trials" / keys(played)[0] / "weights.safetensors"
    weights.unlink()
    assert "the weights of trial" in gatebench(played, "sample", keys(played)[0], code=2)
    weights.write_bytes(b"no weights")
    message = gatebench(played, "sample", keys(played)[0], code=2)
    assert "is damaged (weights.safetensors does not fit its checksum in SHA256SUMS); set aside in " in message


def test_other_data_under_the_same_name_is_noticed(played: Tiny):
    played.write({split: [1 - roll for roll in rolls] for split, rolls in played.rolls.items()})
    with pytest.raises(BadInput, match=r"the data of trial .* changed since it was trained"):
        sample.draw_sample(Store(played.folder / "results"), keys(played)[0])


@pytest.mark.parametrize("kind", ["symbols", "binary", "reals"])
def test_what_is_neither_music_nor_audio_goes_on_as_text_or_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """A trained trial of each, in the units of the data; a study of them has nothing to hear or to see."""
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    make = {"symbols": sources.language_reference, "binary": sources.padded, "reals": sources.eeg}[kind]
    add.add(make(tmp_path), "mine", Choices(window=50))
    home = Murmur(tmp_path, tmp_path / "plugins", tmp_path, dict(os.environ), {})
    gatebench(home, "sweep", "cell=gru", "task=mine", *SMALL, "search.size=1", "population.seeds=[1]", "training.lr=0.01")
    (line,) = gatebench(home, "sample", keys(home)[0], "--steps", "40").splitlines()
    card, written = cards.load("mine"), (tmp_path / line).read_text()
    if kind == "symbols":
        assert line.endswith("sample.txt")
        assert 41 <= len(written) <= 32 + 40
        assert set(written) <= set(card.names)
        return
    assert line.endswith("sample.csv")
    rows = pd.read_csv(tmp_path / line)
    assert 41 <= len(rows) <= 32 + 40
    assert len(rows.columns) == card.width
    if kind == "binary":
        assert set(rows.to_numpy().ravel()) == {0, 1}
    else:
        valid = np.concatenate(cards.read_arrays(card)["valid"])
        assert list(rows.columns) == list(card.names)
        assert np.abs(rows.mean() - valid.mean(0)).max() < 20 * valid.std()


def test_what_is_told_of_a_sequence_does_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    add.add(sources.delayed(tmp_path), "mine", Choices())
    home = Murmur(tmp_path, tmp_path / "plugins", tmp_path, dict(os.environ), {})
    gatebench(home, "sweep", "cell=gru", "task=mine", *SMALL, "search.size=1", "population.seeds=[1]", "training.lr=0.01")
    message = gatebench(home, "sample", keys(home)[0], code=2)
    assert "tells mine's target, not how a sequence goes on; choose one that predicts" in message
