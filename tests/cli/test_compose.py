"""What Hydra composes for us, whatever Python's argparse thinks of Hydra's own parser."""

import argparse
from typing import Any

import pytest

from gatebench.cli import compose
from gatebench.core.errors import BadInput


def add_argument_of_python_3_14(self: argparse.ArgumentParser, *names: str, **options: Any) -> argparse.Action:
    """From 3.14 on each help is checked when it is added."""
    action = add_argument(self, *names, **options)
    self._check_help(action)  # pyright: ignore[reportAttributeAccessIssue]
    return action


def check_help_of_python_3_14(self: argparse.ArgumentParser, action: argparse.Action) -> None:
    if action.help and "%" in action.help:
        action.help % {**vars(action), "prog": self.prog}


add_argument = argparse.ArgumentParser.add_argument


@pytest.fixture
def python_3_14(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(argparse.ArgumentParser, "_check_help", check_help_of_python_3_14, raising=False)
    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", add_argument_of_python_3_14)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")


@pytest.mark.usefixtures("python_3_14")
def test_hydra_runs_where_argparse_checks_each_help():
    (job,) = compose.compose_jobs(["task=bach_chorales", "cell=rnn"])
    assert job.graph.name == "rnn"
    with pytest.raises(BadInput, match="unknown cell 'rnnn'"):
        compose.compose_jobs(["cell=rnnn"])


@pytest.mark.usefixtures("python_3_14")
def test_a_help_that_is_wrong_is_still_noticed_outside_of_hydra():
    compose.compose_jobs(["cell=rnn"])
    with pytest.raises(ValueError, match="unsupported format character"):
        argparse.ArgumentParser().add_argument("--share", help="100%, always")
