"""The family of contrasts of a sweep: what may be written, what is refused, and what its command says and keeps."""

import json
from pathlib import Path

import pytest

from gatebench.cli import compose, family
from gatebench.cli.commands.sweep import sweep
from gatebench.core.errors import BadInput
from gatebench.records import study_file
from gatebench.records.contrasts import ALL, Contrasts, Declaration


def declared(*overrides: str) -> Contrasts | None:
    return family.declared(compose.compose_points(compose.split(["cell=gru", *overrides])))


def test_all_one_reference_or_pairs():
    assert declared() is None
    assert declared("contrasts=all") == ALL
    assert declared("contrasts={against:gru}") == Contrasts(against="gru")
    assert declared("contrasts=[[lstm,gru],[rnn,gru]]") == Contrasts(pairs=(("lstm", "gru"), ("rnn", "gru")))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("some", "contrasts is 'some'; expected all, {against: CELL}, or pairs"),
        ("[]", "expected all, {against: CELL}, or pairs"),
        ("{beside:gru}", "expected all, {against: CELL}, or pairs"),
        ("[[lstm,gru,rnn]]", "expected all, {against: CELL}, or pairs"),
        ("{against:gruu}", "contrasts: unknown cell 'gruu'; did you mean 'gru'?"),
        ("[[lstm,lstm]]", "with a pair twice or of one cell"),
        ("[[lstm,gru],[gru,lstm]]", "with a pair twice or of one cell"),
        ("all,{against:gru}", "contrasts is all pairs and every cell against gru in parts of one sweep"),
    ],
)
def test_what_is_no_family_is_refused_in_one_line(value: str, message: str):
    with pytest.raises(BadInput) as error:
        declared(f"contrasts={value}")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_sweep_keeps_what_it_declares_and_says_so_when_it_comes_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = [
        "cell=gru", "task=uea_japanese_vowels", "budget=units_48", "budget.units=2", "training.epochs=1", "name=some",
        "training.lr=0.01", "population.seeds=[1]", f"results={tmp_path}", "publish=false", "hydra/launcher=basic",
    ]  # fmt: skip
    assert sweep([*command, "contrasts={against:gru}"]) == 0
    assert json.loads(study_file.path(tmp_path, "some").read_text())["contrasts"]["against"] == "gru"
    assert "post hoc" not in capsys.readouterr().out
    assert sweep(command) == 0
    assert study_file.declaration(tmp_path, "some") == Declaration(Contrasts(against="gru"))
    assert "post hoc" not in capsys.readouterr().out
    for _ in range(2):
        assert sweep([*command, "contrasts=all"]) == 0
    assert capsys.readouterr().out.count("contrasts are all pairs from now on, declared when there were results") == 1
    assert study_file.declaration(tmp_path, "some") == Declaration(ALL, Contrasts(against="gru"))
