"""What ``device=cuda`` promises. The ordinary suite holds the cpu to the same laws; ``make test-gpu`` runs them on a GPU."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines import padded
from gatebench.engines.base import Network
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.models import sample
from gatebench.records.checkpoints import Checkpoint
from gatebench.records.store import Store
from gatebench.training import machine
from gatebench.training.likelihoods import bernoulli, categorical, gaussian, gaussian_mixture
from gatebench.training.loop import train
from gatebench.training.outcome import Outcome
from support.agreement import assert_agree, assert_alive, dropout_masks, gradients, population, sequences, true
from support.commands import SMALL, result_columns, run_command, sweep
from support.datasets import Tiny
from support.training import MEMBERS, RMSPROP, WILD, curve, model, numbers, run, setting, start

every_device = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
CELLS = list(registry.available("cells", ".py"))
LIKELIHOODS = [bernoulli(), categorical(7), gaussian(), gaussian_mixture(3), gaussian_mixture(3, "full")]
STACKS = [Stack(2, False), Stack(1, True), Stack(3, True)]
LENGTHS = [9, 13, 1, 4, 9]
PROTOCOLS = {
    "adam, noise, clipping": {},
    "rmsprop, decay, dropout": {"weight_decay": 0.3, "dropout": 0.4, **RMSPROP},
    "marginal bias": {"readout_bias": "marginal", "loss": "sequence"},
}
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)


@contextmanager
def precision(dtype: torch.dtype) -> Iterator[None]:
    """The precision of what is trained."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


# losses and gradients


def make_network(cell: str, likelihood, stack: Stack = Stack(), at="step") -> Network:  # noqa: B008 - it is frozen
    outputs = 1 if isinstance(likelihood, categorical) else 3
    return Network(trace.load(cell), 11, outputs, 13, likelihood, stack=stack, at=at)


def random_batches(network: Network, drops: bool):
    """Rows of three members, sequences of each, and dropout masks if there is to be dropout."""
    music = [sequences(network, [*LENGTHS, 2 + k], seed=k) for k in range(3)]
    masks = [dropout_masks(network, [*LENGTHS, 2 + k], seed=k) for k in range(3)] if drops else None
    return population(network, 3, scale=0.5), music, masks


def assert_equals_reference(device: str, network: Network, drops: bool = False):
    """Losses and gradients of three members on a device are those of float64 on the cpu."""
    (flat, music, masks), weights = random_batches(network, drops), np.array([0.5, 1.0, 1.5], np.float32)
    expected = true(network, flat, music, weights, masks)
    assert_alive(network, expected)
    engine = Reference(1, device)
    losses, gradient = gradients(engine, network, flat.to(device), music, weights, masks)
    assert gradient.device.type == device
    assert_agree(network, (losses, gradient), expected)
    alone = engine.losses(network, flat.to(device), [engine.batch(network, *arrays) for arrays in music])
    if masks is None:
        for of_member, other in zip(alone, losses, strict=True):
            np.testing.assert_allclose(of_member, other, rtol=1e-6)


@every_device
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_equals_the_reference(device: str, cell: str):
    assert_equals_reference(device, make_network(cell, bernoulli()))


@every_device
@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=str)
def test_every_likelihood_equals_the_reference(device: str, likelihood, at):
    assert_equals_reference(device, make_network("gru", likelihood, at=at))


@every_device
@pytest.mark.parametrize("drops", [False, True], ids=["whole", "dropout"])
@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_stacks_equal_the_reference(device: str, stack: Stack, at, drops: bool):
    for cell in ("lstm", "lstm_augmented"):
        assert_equals_reference(device, make_network(cell, gaussian(), stack, at), drops)


@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=str)
def test_nothing_that_is_computed_with_stays_behind_on_the_cpu(likelihood, at, monkeypatch: pytest.MonkeyPatch):
    """Torch's device ``meta`` holds no numbers, but refuses what stands elsewhere, as a GPU does."""
    monkeypatch.setattr(padded, "by_member", lambda losses, batches: losses.device.type)
    network = make_network("lstm_augmented", likelihood, Stack(2, True), at)
    flat, music, masks = random_batches(network, drops=True)
    losses, gradient = gradients(Reference(1, "cuda"), network, flat.to("meta"), music, np.ones(3), masks)
    assert (losses, gradient.device.type) == ("meta", "meta")


# training


def assert_close(outcome: Outcome, other: Outcome, tolerance: float):
    plain = ("status", "best_epoch", "epochs", "updates")
    assert [getattr(outcome, name) for name in plain] == [getattr(other, name) for name in plain]
    for split in ("train", "valid"):
        for kind in ("nll", "nll_sequence_mean"):
            np.testing.assert_allclose(curve(outcome, split, kind), curve(other, split, kind), rtol=tolerance)
    for split, scores in outcome.scores.items():
        assert scores == pytest.approx(other.scores[split], rel=tolerance)
    for name, weights in outcome.weights.items():
        np.testing.assert_allclose(weights, other.weights[name], rtol=tolerance, atol=tolerance)


@every_device
@every_protocol
def test_training_equals_that_in_float64_on_the_cpu(tiny: Tiny, device: str, protocol):
    """24 updates, in which what is rounded otherwise may grow."""
    task, training = tiny.load(), setting(**protocol)
    trained = start(task, training, engine=Reference(1, device))
    assert {t.device.type for t in (trained.parameters, trained.best, *trained.optimizer_state.values())} == {device}
    outcomes = train(trained, lambda _: None)
    with precision(torch.float64):
        exact = run(task, training, engine=Reference())
    for outcome, other in zip(outcomes, exact, strict=True):
        assert outcome.updates == 24
        assert_close(outcome, other, 1e-4)


@every_device
@every_protocol
def test_a_population_equals_its_members_alone(tiny: Tiny, device: str, protocol):
    task, training, engine = tiny.load(), setting(**protocol), Reference(1, device)
    for member, outcome in zip(MEMBERS, run(task, training, engine=engine), strict=True):
        (alone,) = run(task, training, [member], engine=engine)
        assert_close(outcome, alone, 1e-4 if device == "cuda" else 1e-5)  # its products add up by size


@every_device
def test_a_diverged_member_hurts_nobody(tiny: Tiny, device: str):
    task, engine = tiny.load(), Reference(1, device)
    first, wild, *others = run(task, members=[MEMBERS[0], WILD, *MEMBERS[1:]], engine=engine)
    assert (wild.status, wild.epochs, wild.best_epoch) == ("diverged", 1, 0)
    assert all(math.isnan(value) for scores in wild.scores.values() for value in scores.values())
    for outcome, alone in zip([first, *others], run(task, engine=engine), strict=True):
        assert outcome.status == "finished"
        assert_close(outcome, alone, 1e-4 if device == "cuda" else 1e-5)


@every_device
@every_protocol
def test_going_on_from_a_checkpoint_ends_the_same_to_the_bit(tiny: Tiny, tmp_path: Path, device: str, protocol):
    """Amid an epoch, between two, and where one member has diverged."""
    task, training, engine = tiny.load(), setting(**protocol), Reference(1, device)
    members, pauses = [MEMBERS[0], WILD, MEMBERS[2]], 0
    checkpoints = []

    def save() -> None:
        nonlocal pauses
        pauses += 1
        if pauses % 9 == 2:
            checkpoints.append(Checkpoint(tmp_path, [f"{pauses}"]))
            checkpoints[-1].save(*whole.state())

    whole = start(task, training, members, engine=engine)
    whole.pause = save
    expected = [numbers(outcome) for outcome in train(whole, lambda _: None)]
    assert len(checkpoints) >= 3
    for checkpoint in checkpoints:
        state = checkpoint.load()
        assert state is not None
        resumed = start(task, training, members, engine=engine)
        resumed.restore(state)
        assert [numbers(outcome) for outcome in train(resumed, lambda _: None)] == expected


# the command


@every_device
def test_a_sweep_and_samples_of_its_trials(tiny: Tiny, device: str):
    """The same trials as those of any other engine, by their keys, with the same results but for rounding."""
    results, others = tiny.folder / device, tiny.folder / "others"
    sweep(tiny, *SMALL, "engine=reference", f"device={device}", results=results)
    sweep(tiny, *SMALL, results=others)
    trials, expected = result_columns(results), result_columns(others)
    assert len(trials) == 8 * 3
    assert list(trials.key) == list(expected.key)
    np.testing.assert_allclose(trials.nll, expected.nll, rtol=1e-4)
    store = Store(results)
    for key in sorted(set(trials.key)):
        summary = store.summaries([key])[key]
        assert (summary.engine, summary.device, summary.status) == ("reference", device, "finished")
        assert summary.relative_throughput
        drawn = sample.draw_sample(store, key, steps=5)
        assert drawn.drawn.shape == (5, 12)
    report = run_command("report", "adhoc", "--results", results)
    assert any("report.html" in line for line in report)


@every_device
def test_the_yardstick_and_the_memory_are_those_of_the_device(device: str):
    assert machine.matmul_rate(1, device) > 1e8
    small = model(engine=Reference(1, device))
    assert 1 <= machine.members_that_fit(small, 1000, 1) < machine.members_that_fit(small, 100, 1)
