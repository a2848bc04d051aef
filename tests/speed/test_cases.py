"""The cases: shapes of the published tasks, and data as models read them."""

import numpy as np

from gatebench.data import cards, tasks
from gatebench.data.framings import next_block
from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.speed import cases, data


def test_every_kind_of_row_is_there():
    rows = cases.cases()
    assert {(one.data.name, one.batch, one.steps) for one in rows if one.data.name.startswith("speech")} == {
        ("speech", 32, 48), ("speech", 8, 798), ("speech_synthetic", 32, 48),
    }  # fmt: skip
    assert {one.beside for one in rows if one.layers == 2} == {"torch.nn.LSTM"}
    assert {one.beside for one in rows if one.bidirectional} == {"torch.nn.GRU"}
    assert {one.data.name for one in rows} >= {"labels", "symbols"}
    assert {one.work for one in rows} == {"update", "evaluation"}
    assert len(set(rows)) == len(rows)


def test_speech_has_the_budgets_of_its_studies():
    for one in cases.cases():
        if one.data is data.speech:
            graph = trace.load(one.cell)
            parameters = cost(graph, graph.sizes(20, one.units), 0).parameters_recurrent
            assert min(abs(parameters / budget - 1) for budget in (20_000, 169_000)) < 0.01


def test_speech_is_of_the_shape_of_its_task():
    assert next_block.sizes(cards.load("speech_synthetic")) == (data.speech.inputs, data.speech.outputs) == (20, 10)
    for dataset, steps in (("speech_synthetic", 48), ("librispeech_long", 798)):
        length = cards.load(dataset).options["length"]
        assert len(next_block.blocks(np.zeros(length))) == steps


def test_sequences_are_as_the_model_reads_them(case):
    for batch in case.sequences():
        for sequence in batch:
            predictions = 1 if case.data.at == "sequence" else case.steps
            assert sequence.x.shape == (case.steps, case.data.inputs)
            assert sequence.y.shape == (predictions, case.data.outputs)
            assert sequence.x.dtype == np.float32


def test_synthetic_sequences_are_those_of_the_data_set():
    (batch,) = cases.Case(data.synthetic, "gru", 4, 3, 48).sequences()
    train = tasks.load("speech_synthetic", "speech_synthetic", "next_block").splits["train"]
    assert all(any(np.array_equal(sequence.y, window.y) for window in train) for sequence in batch)
    assert not np.array_equal(batch[0].y, batch[1].y)
