"""How many tasks an array of Slurm may have, as the controller says it; tests/cluster asks a real one."""

import pytest

from gatebench.cli.slurm import largest_array, tasks_allowed, within_arrays

CONFIG = """Configuration data as of 2026-01-01T00:00:00
MailProg                = /bin/true
MaxArraySize            = {}
MaxDBDMsgs              = 20008
"""


def test_the_largest_index_is_one_below_and_the_first_is_zero():
    assert tasks_allowed(CONFIG.format(1001)) == 1001


@pytest.mark.parametrize("config", [CONFIG.format(0), "", "MaxArraySize = many"])
def test_what_says_nothing_bounds_nothing(config: str):
    assert tasks_allowed(config) is None


def test_what_is_stated_stays_and_without_a_slurm_there_is_no_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: object):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert largest_array() is None
    assert within_arrays(["cell=gru"]) == ["cell=gru"]
    stated = ["cell=gru", "hydra.sweeper.max_batch_size=7"]
    assert within_arrays(stated) == stated
