"""Which recurrent cell should I use, an LSTM or a GRU? ``gatebench`` answers with evidence.

What a notebook needs: `cells`, `count`, `compare`, `results` and `load`, and the estimators `Recurrent`,
`RecurrentClassifier` and `RecurrentRegressor`. Each imports what it uses when it is called.
Wrong arguments raise ``gatebench.core.errors.BadInput``, with one line that says what was expected.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import pandas as pd
    from torch import nn

    from gatebench.cli.comparison_result import ComparisonResult
    from gatebench.graph.catalogue import CellDescription
    from gatebench.graph.cost import CellCost
    from gatebench.graph.trace import Option
    from gatebench.models.recurrent import Recurrent, RecurrentClassifier, RecurrentRegressor

__version__ = "0.1.0"

# The folder of the cells has the name of a function below. Importing a cell would put the folder in the function's place,
# unless Python knows the folder before the function is defined. Nothing of the folder is loaded by this.
importlib.import_module("gatebench.cells")


_ESTIMATORS = ("Recurrent", "RecurrentClassifier", "RecurrentRegressor")
__all__ = ["Recurrent", "RecurrentClassifier", "RecurrentRegressor", "cells", "compare", "count", "load", "results"]


def __getattr__(name: str) -> object:
    """Return an estimator, which is imported when somebody asks for it."""
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gatebench.models import recurrent

    return getattr(recurrent, name)


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})


def cells() -> "list[CellDescription]":
    """Return every cell with its ``name``, ``title``, ``paper``, ``equations`` (LaTeX), ``gates`` and more, sorted by name.

    Cells of the plugin folders that ``GATEBENCH_PATH`` names are among them.
    """
    from gatebench.graph import catalogue

    return catalogue.describe_cells()


def count(
    cell: str,
    inputs: "int | Sequence[int]",
    outputs: int | None = None,
    units: int | None = None,
    parameters: float | None = None,
    total_parameters: float | None = None,
    flops: float | None = None,
    **options: "Option",
) -> "CellCost":
    """Return what a cell costs at a size, or at the size that a budget buys.

    Exactly one of ``units``, ``parameters``, ``total_parameters`` and ``flops`` is given; ``count("gru", 88,
    parameters=20_000).units`` is the number of units that 20 000 recurrent parameters pay for.

    Parameters
    ----------
    cell
        Name of a cell, one of `cells`.
    inputs
        Numbers that the cell reads per time step; several: the costs are means over them.
    outputs
        Numbers that the readout gives per time step; None: as many as inputs.
    units
        Hidden units.
    parameters
        Budget of parameters for the recurrent layer; the nearest number of units is taken.
    total_parameters
        Budget of parameters with the readout.
    flops
        Budget of floating-point operations of the recurrent layer per time step: forward pass, matrix products alone,
        a multiply-add as two.
    **options
        Options of the cell, for example ``projection=None`` of ``lstm_augmented``.

    Returns
    -------
    CellCost
        ``cell``, ``inputs``, ``units``, ``parameters_recurrent``, ``parameters_total``, ``flops_per_step``, ``state_size``.

    """
    from gatebench.core import validation
    from gatebench.graph import cost, trace

    validation.check_text("cell", cell)
    return cost.count(
        trace.load(cell, **options), inputs, outputs,
        units=units, parameters=parameters, total_parameters=total_parameters, flops=flops,
    )  # fmt: skip


def compare(
    task: object,
    minutes: float = 10.0,
    cells: "Sequence[str]" = ("rnn", "lstm", "gru"),
    parameters: int | None = None,
    pipelines: int | None = None,
    study: str | None = None,
    results: str = "results",
    name: str | None = None,
    class_weights: "Literal['none', 'balanced'] | None" = None,
    forget_bias: float | None = None,
    against: str | None = None,
    **reading: object,
) -> "ComparisonResult":
    """Compare cells on a task within a time, as ``gatebench compare`` does, and return the result, a list of verdict lines.

    The plan, the progress and the page of the report are printed; the study with its trials, figures and tables stays below
    ``results/STUDY/``. The same call goes on where an interrupted one stopped.

    Parameters
    ----------
    task
        Name of a task; or data: a pandas ``DataFrame``, an array or tensor ``[T]``, ``[T, X]`` or ``[N, T, X]``, a list of
        frames or arrays, a sequence each, names with arrays (``X_train``, ``y_train``, ...), or the path of a file or
        folder. Data is read as ``gatebench data add`` reads it, and written as a data set of a plugin folder, which is
        printed; the same again is the same data set, of which nothing is trained twice.
    minutes
        The time that everything may take.
    cells
        Two or more cells, one of `cells` each.
    parameters
        Parameters of each recurrent layer; None: by the size of the data.
    pipelines
        Repetitions of the whole procedure for each cell at the most; None: as many as fit.
    study
        Name of the study; None: ``compare_TASK``.
    results
        Results folder.
    name
        Name of the data set that is made of data; None: from a path, or from what is in the data.
    class_weights
        ``balanced``: all classes of a label weigh alike in training; None: as frequent as they are.
    forget_bias
        What gates that keep the state start with: about the logarithm of a lag of hundreds of steps; None: 1.
    against
        The cell that every other one is tested against, declared before there are results; None: every pair is tested.
    **reading
        How data is read, where looking at it does not say or says otherwise: the options of ``gatebench data add``, such as
        ``sequence="pump"``, ``label="state"``, ``codes=["mode"]`` or ``missing="last"`` (`gatebench.ingest.choices`). Beside
        arrays, ``labels`` is the target, one of each sequence or step, and ``group`` has the group of each sequence.

    Returns
    -------
    ComparisonResult
        ``verdict`` (lines), ``table`` and ``trials`` (data frames), ``plot()``, ``best`` (a model that has ``predict``),
        ``export(folder)``.

    """
    from gatebench.cli import notebook

    return notebook.compare(
        task, minutes, cells, name=name, reading=reading,
        parameters=parameters, pipelines=pipelines, study=study, results=results,
        class_weights=class_weights, forget_bias=forget_bias, against=against,
    )  # fmt: skip


def results(study: str, folder: str = "results") -> "pd.DataFrame":
    """Return the trials of a study, read from its records: one row per trial and split.

    ``nll`` is in nats per time step (per sequence, where a whole one is predicted). Rows whose ``stage`` is ``confirm`` and
    whose ``split`` is ``test`` are results. The columns are those of ``trials.csv``, described in
    `gatebench.records.frame`. In a checkout of the repository the published studies, such as ``answer``, are read wherever
    you are; a wheel does not have them.
    """
    from pathlib import Path

    from gatebench.core import validation
    from gatebench.records import frame, published

    validation.check_text("study", study)
    return frame.load(published.results_folder(Path(folder), study), study).trials


def load(key: str, results: str = "results") -> "nn.Module":
    """Return the model of a finished trial with its trained weights, ready for use.

    ``model(x)`` gives the readout of ``x [B, T, X]``, ``model(x, lengths)`` that of padded sequences; a causal model also
    goes step by step: ``readout, state = model.step(x_t, state)``. Its ``settings`` say what it reads and what its readout
    means. Keys stand in ``results/STUDY/trials.csv``; ``gatebench export KEY`` writes the same model as a folder.
    """
    from pathlib import Path

    from gatebench.core import validation
    from gatebench.models.export import trained_trial

    validation.check_text("key", key)
    return trained_trial.load_model(key, Path(results))
