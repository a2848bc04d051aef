"""What the labels of budgets and protocols mean, of those that a study has."""

import pandas as pd

BUDGETS = {
    "total_parameters": "total_parameters_N matches the parameters with those of the readout",
    "parameters": "parameters_N matches the parameters of the recurrent layer",
    "flops": "flops_N matches the FLOPs of a step",
    "units": "units_N gives every cell N hidden units",
    "table1": "table1 are the sizes of Chung et al. (2014), Table 1",
}
"""How a budget's name begins -> what it matches."""
PROTOCOLS = {
    "chung2014": "chung2014 is that of Chung et al. (2014)",
    "modern": "modern is today's practice, with weight noise or what the study searches for in its place",
    "modern_decay": "modern_decay is today's practice with weight decay searched for and the noise given",
    "modern_speech": "modern_speech is today's practice for raw audio, without weight noise and weight decay",
}
"""Protocol -> what it is."""


def explained(trials: pd.DataFrame) -> str:
    """Return sentences about the budgets and protocols of some trials; what follows a label's name was overridden."""
    budgets = [_beginning(str(budget)) for budget in trials.budget.unique()]
    protocols = [str(training).partition(" ")[0] for training in trials.training.unique()]
    return " ".join(
        f"{what}: {'; '.join(dict.fromkeys(words[name] for name in names if name in words))}."
        for what, names, words in (("Budgets", budgets, BUDGETS), ("Protocols", protocols, PROTOCOLS))
        if set(names) & set(words)
    )


def _beginning(budget: str) -> str:
    return next((name for name in BUDGETS if budget.startswith(name)), budget)
