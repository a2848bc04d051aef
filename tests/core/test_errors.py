"""Words that messages share."""

import pytest

from gatebench.core import terminal
from gatebench.core.errors import BadInput, without_passwords

ADDRESS = "postgresql+psycopg2://mlflow:p@ss:w0rd@db.example:5432/mlflow"


def test_passwords_of_addresses_are_not_shown(capsys: pytest.CaptureFixture[str]):
    shown = "postgresql+psycopg2://mlflow:***@db.example:5432/mlflow"
    assert without_passwords(f"jsb: 3 trials logged to {ADDRESS}; done") == f"jsb: 3 trials logged to {shown}; done"
    assert str(BadInput(f"no store at {ADDRESS}")) == f"no store at {shown}"
    terminal.say(f"{ADDRESS} takes too long")
    assert capsys.readouterr().err == f"{shown} takes too long\n"


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:5000", "sqlite:////tmp/a b/mlflow.db", "a: b@c", "https://x.org/a:b@c", "//a"]
)
def test_other_texts_stay(text: str):
    assert without_passwords(text) == text
