"""What a record or a card says stands in the text of a module, and is never code of it."""

import ast

import pytest

from gatebench.graph import trace
from gatebench.models.export import source
from support import exported


def statements(title: str, about: list[str]) -> list[str]:
    """Of a module, but for its docstring."""
    first, *rest = ast.parse(source.write_source(exported.random_network(trace.load("gru")), title, about)).body
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    return [ast.dump(statement) for statement in rest]


@pytest.mark.parametrize(
    "hostile",
    [
        '"""\nimport os\nos.abort()\n"""',
        "\\",
        '\\"' * 200,
        "{{ 1 / 0 }}",
        "\x00\r\u2028",
        '"' * 301,
        "\\" * 301,
        "x" * 999 + '"""',
    ],
)
def test_no_text_of_a_record_becomes_code(hostile: str):
    assert statements(hostile, [hostile, f"x {hostile} y"]) == statements("A title", [])
