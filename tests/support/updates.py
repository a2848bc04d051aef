"""What an update of a population reads and changes."""

import torch

from gatebench.engines.base import Network, UpdateArrays
from gatebench.training.optimizers import UpdateRule
from support.agreement import population


def arrays_of(network: Network, rule: UpdateRule, members: int) -> UpdateArrays:
    """A population before its first update; each member has its own rate, decay and noise, and the last one is not live."""
    parameters = population(network, members)
    decayed = torch.zeros(network.row)
    decayed[: network.row // 2] = 1
    live = torch.ones(members, 1, dtype=torch.bool)
    live[-1] = False
    return UpdateArrays(
        parameters,
        parameters,
        rule.optimizer.start(parameters),
        torch.linspace(1e-3, 1e-1, members)[:, None],
        torch.linspace(0, 0.5, members)[:, None],
        decayed,
        live,
    )
