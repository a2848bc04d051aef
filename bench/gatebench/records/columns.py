"""Columns of ``trials.csv`` in their order, with what they hold and in which unit.

The frame has its columns from here, and the documentation its page about them.
"""

from gatebench.core.hyperparameters import TUNABLE

IDENTITY = {
    "study": "name of the study",
    "stage": "`search` or `confirm`; results are those of `confirm`",
    "task": "the choice in `conf/task/`, with what was overridden inside it",
    "cell": "the choice in `conf/cell/`, likewise",
    "budget": "the choice in `conf/budget/`, likewise",
    "training": "the choice in `conf/training/`, likewise: the protocol",
    "pipeline": (
        "which repetition of the whole procedure, from 1: each draws settings, searches, selects and confirms by itself"
    ),
    "key": "identity of the trial; folder below `results/trials/`",
    "seed": "0 in a search; of pipeline p, 1000 (p - 1) more",
    **{name: tunable.label for name, tunable in TUNABLE.items()},
}
"""Columns that say which trial a row is of -> what they hold; the last ones are what a search tunes."""
COSTS = {
    "units": "hidden units of a layer",
    "inputs": "numbers that the cell reads at a step",
    "parameters_recurrent": "weights, diagonals and biases of the recurrent layer",
    "parameters_total": "the same with the readout",
    "flops_per_step": "matrix products, a multiply-add as two, forward, recurrent layer, per time step",
    "state_size": "numbers carried from step to step",
}
"""Columns of a cell's size and cost -> what they hold."""
SCORE = {
    "split": "`train`, `valid` or `test`",
    "nll": (
        "nats per time step (per sequence, where a whole one is predicted): sum of -log p over outputs and steps, "
        "over the predicted steps of the split"
    ),
    "nll_sequence_mean": "mean over sequences of each one's own `nll`",
}
"""Columns of a trial's score on one split -> what they hold."""
COURSE = {
    "best_epoch": "the epoch that was best on validation",
    "epochs": "epochs that were trained",
    "updates": "updates of the optimizer",
    "seconds": "wall time of training and validation, shared evenly by the active members of a population",
    "core_seconds": (
        "processor time of the same, of all threads, which what else the machine does changes little; missing on a GPU and "
        "in records of before it was measured"
    ),
    "relative_throughput": (
        "FLOPs a second of training and validation, by `core_seconds` where there are any, relative to those of a "
        "2048 x 2048 matrix product in torch; may exceed 1"
    ),
    "engine": "what ran the cell, `fused_cpu` or `reference`",
    "population_size": "trials that were trained together",
    "device": "`cpu` or `cuda`",
    "status": (
        "`finished`, `diverged` (a loss, a gradient or the validation NLL was not finite) or `failed` (an error; "
        "it has no numbers)"
    ),
}
"""Columns of how a trial was trained -> what they hold."""
MEANING = IDENTITY | COSTS | SCORE | COURSE
"""Column -> what it holds, in the order of ``trials.csv``."""
