"""TAB completion in bash: subcommands and names here, the sweep's grammar from Hydra."""

import argparse
import os
from pathlib import Path

from gatebench.core import registry

COMPLETION = """\
_gatebench() {
    COMPREPLY=($(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" gatebench completion --query 2>/dev/null))
    [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
complete -F _gatebench gatebench"""


def run(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print the script, or what fits the line that bash is at."""
    if not options.query:
        print(COMPLETION)
        return 0
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))]
    words = line.split(" ")
    if len(words) > 2 and words[1] == "sweep":
        return _complete_sweep(words)
    subcommands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
    if len(words) <= 2:
        offered = list(subcommands)
    elif words[1] in subcommands:
        offered = _names(words[1]) + list(subcommands[words[1]]._option_string_actions)
    else:
        offered = []
    print("\n".join(name for name in offered if name.startswith(words[-1])))
    return 0


def _names(command: str) -> list[str]:
    if command == "count":
        return list(registry.available("cells", ".py"))
    if command == "compare":
        return list(registry.available("conf", ".yaml", "task"))
    if command == "data":
        return ["list", "fetch", "verify", *registry.available("datasets", ".yaml")]
    if command == "export":
        return sorted(path.parent.name for path in Path("results").glob("trials/[!.]*/weights.safetensors"))
    return sorted(path.parent.name for path in Path("results").glob("*/study.json"))


def _complete_sweep(words: list[str]) -> int:
    """Choices of a group, which may stand in houses of one's own; anything else is Hydra's to complete."""
    from gatebench.cli.compose import GROUPS, through_hydra

    group, equals, chosen = words[-1].partition("=")
    if words[-1].startswith("-"):
        offered = ["--dry-run", "--help"]
    elif equals and group in GROUPS:
        before = chosen.rpartition(",")[0]
        start = f"{group}={before}," if before else f"{group}="
        offered = [start + choice for choice in registry.available("conf", ".yaml", group)]
    else:
        # Hydra must not see the subcommand.
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
        through_hydra(["-sc", "query=bash"], lambda _: None)
        return 0
    print("\n".join(name for name in offered if name.startswith(words[-1])))
    return 0
