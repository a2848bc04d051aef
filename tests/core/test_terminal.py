"""Lines that change at the end of a real terminal."""

import re
import sys

import pytest

from support.terminals import Screen, Terminal


def on_a_terminal(code: str, rows: int = 24, columns: int = 80, **environment: str) -> str:
    """All that a program writes to a terminal of some size."""
    with Terminal([sys.executable, "-c", code], rows, columns, environment) as terminal:
        assert terminal.end() == 0, terminal.written
        return terminal.written


def seen(written: str) -> list[str]:
    return Screen(written).lines


DRAW = "from gatebench.core import terminal as t; import subprocess, sys; "


def test_lines_are_drawn_in_the_place_of_those_before():
    written = on_a_terminal(DRAW + "t.draw(['one', 'two', 'three']); t.draw(['1', '2'])")
    assert seen(written) == ["1", "2"]


def test_a_message_stands_above_the_lines_whole():
    written = on_a_terminal(DRAW + "t.draw(['long line'] * 3); t.say('\\nshort'); t.draw(['after', 'it'])")
    assert seen(written) == ["short", "after", "it"]


def test_what_another_process_prints_is_not_drawn_over():
    """It ends with an end of line, as messages do."""
    other = "subprocess.run([sys.executable, '-c', 'print(\"of another\\\\nprocess\")'])"
    written = on_a_terminal(DRAW + f"t.draw(['a', 'b', 'c']); {other}; t.draw(['A', 'B'])")
    assert seen(written) == ["of another", "process", "A", "B"]


def test_lines_are_cut_to_the_terminal_and_never_more_than_it_has():
    written = on_a_terminal(DRAW + "t.draw(['x' * 100, *map(str, range(50))]); t.draw(['end'])", rows=5, columns=20)
    assert "x" * 19 in written
    assert "x" * 20 not in written
    drawn = re.sub(r"\x1b\[\d*[A-Z]", "", written)
    assert ("2" in drawn, "3" in drawn) == (True, False)
    assert seen(written) == ["end"]


@pytest.mark.parametrize(("body", "left"), [("pass", []), ("raise KeyboardInterrupt", ["interrupted"])])
def test_nothing_is_left_behind(body: str, left: list[str]):
    code = f"""
{DRAW}
drawn = t.drawn(lambda: ["a", "b"])
try:
    with drawn:
        {body}
except KeyboardInterrupt:
    print("interrupted")
"""
    written = on_a_terminal(code)
    assert [line for line in seen(written) if line] == left
    assert set(re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]", written)) <= {"\x1b[K", "\x1b[J", "\x1b[1A"}, "no mode, no colour"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_gets_plain_text(term: str):
    written = on_a_terminal(DRAW + "\nwith t.drawn(lambda: ['a']): t.say('said')", TERM=term)
    assert written.replace("\r\n", "\n") == "said\n"


def test_control_characters_of_a_name_are_shown():
    assert "\x1b[31m" not in on_a_terminal(DRAW + "t.draw(['\\x1b[31mred'])")
