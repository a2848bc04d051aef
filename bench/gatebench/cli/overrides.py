"""The words of a sweep, looked at before Hydra or torch is imported: what surely cannot be read, names that are not there.

Whatever is let through here, Hydra reads, and refuses by its own grammar.
"""

import itertools
import re

from gatebench.cli.configurations import GROUPS
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.records import names

_OPENED_BY = {")": "(", "]": "[", "}": "{"}
_NOT_PLAIN = re.compile(r"['\"\\$]")
"""Characters with which a value may hold brackets and commas that mean nothing: quotes, escapes, references."""
_REASONS = (
    (r"(mismatched|extraneous) input '<EOF>'|no viable alternative at input '<EOF>'", "it ends too early"),
    (r"(?:mismatched|extraneous) input '(.*?)' expecting", "'{}' is not expected there"),
    (r"no viable alternative at input '(.*?)'$", "nothing can be made of '{}'"),
    (r"token recognition error at: '(.*?)'$", "'{}' is not expected there"),
    (r"LexerNoViableAltException: ", "a character is not expected there"),
    (r"missing EQUAL at", "there is no '=' in it"),
    (r"Unknown function '(.*?)'", "there is no function '{}'"),
    (r"while evaluating '(.*)': ", "'{}' has no value"),
)
"""Patterns of what Hydra's parser says, and the same in words of a user."""


def check(words: list[str]) -> None:
    """Raise ``BadInput`` for the first word that is no override, or that chooses of a group what it does not have."""
    if any(word.startswith("-") for word in words):
        return  # flags of Hydra, which says itself that it does not know them
    for position, word in enumerate(words):
        name, equals, value = word.partition("=")
        rest = list(itertools.takewhile(lambda other: "=" not in other, words[position + 1 :]))
        if word.startswith("~"):
            raise BadInput(f"'{shorten(word)}' would delete a setting, and each is needed; give it a value: SETTING=VALUE")
        if not equals:
            raise unreadable(word, "there is no '=' in it")
        if not name.strip("+"):
            raise unreadable(word, "there is no setting before the '='")
        if _NOT_PLAIN.search(value):
            continue
        _check_brackets(word, value, rest)
        if not set(value) & set("([{"):
            _check_commas(word, value, rest)
            if name in GROUPS:
                _check_choices(name, value)


def unreadable(word: str, reason: str) -> BadInput:
    """Return the error of a word that is no override."""
    return BadInput(f"'{shorten(word)}' cannot be read ({reason}); expected SETTING=VALUE, each a word of its own")


def study_name(name: str) -> str:
    """Return the name of a study as a sweep reads it for that very text: ``null`` and ``1e3`` would be something else."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if not names.is_study(name):  # refused where the sweep is read
        return name
    return name if OverridesParser.create().parse_override(f"name={name}").value() == name else f"'{name}'"


def in_our_words(reason: str) -> str:
    """Return what Hydra's parser says of an override as a user says it."""
    for pattern, words in _REASONS:
        if match := re.search(pattern, reason, re.MULTILINE):
            return words.format(*match.groups())
    return reason.partition("\n")[0]


# ``rest`` are the words after a word, up to the next that has a '=': its end, where blanks cut it into several.


def _check_brackets(word: str, value: str, rest: list[str]) -> None:
    opened: list[str] = []
    for character in value:
        if character in _OPENED_BY.values():
            opened.append(character)
        elif character in _OPENED_BY and (not opened or opened.pop() != _OPENED_BY[character]):
            raise unreadable(word, f"'{character}' closes nothing")
    if opened:
        hint = f"; blanks need quotes: '{shorten(' '.join([word, *rest]))}'" if rest else ""
        raise unreadable(word, f"'{opened[-1]}' is not closed{hint}")


def _check_commas(word: str, value: str, rest: list[str]) -> None:
    """Raise ``BadInput`` for a value of which a comma has nothing before it, or nothing behind it."""
    if "," not in value or all(element.strip() for element in value.split(",")):
        return
    if value.rstrip().endswith(",") and rest:
        raise unreadable(word, f"no blanks between choices: {shorten(word.rstrip() + ''.join(rest))}")
    choices = ",".join(element.strip() for element in value.split(",") if element.strip())
    hint = f": {word.partition('=')[0]}={choices}" if choices else ""
    raise unreadable(word, shorten(f"a comma stands between two choices{hint}"))


def _check_choices(group: str, value: str) -> None:
    """Raise ``BadInput`` for the first choice of a group that is a plain name of no yaml."""
    available = registry.available("conf", ".yaml", group)
    for choice in (element.strip() for element in value.split(",")):
        if choice.lower() == "null":
            raise BadInput(f"{group} is null, expected one of its choices; leave it out for the usual one")
        if re.fullmatch(r"[\w-]*", choice) and choice not in available:
            raise BadInput(f"unknown {group} '{shorten(choice)}'{did_you_mean(choice, list(available))}")
