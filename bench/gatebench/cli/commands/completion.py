"""``gatebench completion``: TAB in bash, zsh and fish, of commands and names by us, of the sweep's grammar by Hydra."""

import argparse
import os
from pathlib import Path

from gatebench.cli.arguments import DEFAULT_RESULTS
from gatebench.core import registry

SUMMARY = 'TAB completion: eval "$(gatebench completion)" in bash; zsh and fish as well'
GROUP = "More"
SCRIPTS = {
    "bash": """\
_gatebench() {
    COMPREPLY=($(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" gatebench completion --query 2>/dev/null))
    [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
complete -F _gatebench gatebench""",
    "zsh": """\
_gatebench() {
    local line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    local -a fitting
    fitting=("${(@f)$(COMP_LINE="$line" COMP_POINT=${#line} gatebench completion --query 2>/dev/null)}")
    compadd -- ${fitting:#*=}
    compadd -S '' -- ${(M)fitting:#*=}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -D }
compdef _gatebench gatebench""",
    "fish": """\
function __gatebench_fitting
    set -l line (commandline -cp)
    env COMP_LINE="$line" COMP_POINT=(string length -- "$line") gatebench completion --query 2>/dev/null
end
complete -c gatebench -f -a '(__gatebench_fitting)'""",
}
"""What each shell runs once; each TAB then asks ``gatebench completion --query``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell, and ``--query``, by which its script asks; that one is not for people."""
    parser.add_argument("shell", nargs="?", choices=list(SCRIPTS), default="bash", help="default: bash")
    parser.add_argument("--query", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Print the script, or the words that fit the line that a shell is at."""
    if not options.query:
        print(SCRIPTS[options.shell])
        return 0
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))]
    words = line.split(" ")
    if len(words) > 2 and words[1] == "sweep":
        return _complete_sweep(words)
    subparsers = _subparsers()
    if len(words) <= 2:
        candidates = list(subparsers)
    elif words[1] in subparsers:
        candidates = _names(words[1]) + list(subparsers[words[1]]._option_string_actions)
    else:
        candidates = []
    _print_matching(candidates, words[-1])
    return 0


def _subparsers() -> dict[str, argparse.ArgumentParser]:
    """Return command -> its parser."""
    from gatebench.cli.parser import command_line_parser

    actions = command_line_parser()._actions
    return dict(next(action for action in actions if isinstance(action, argparse._SubParsersAction)).choices)


def _print_matching(candidates: list[str], word: str) -> None:
    print("\n".join(candidate for candidate in candidates if candidate.startswith(word)))


def _names(command: str) -> list[str]:
    """Return what a command's first argument may be: cells, tasks, data sets, keys, studies or results folders."""
    if command in ("cells", "count"):
        return list(registry.available("cells", ".py"))
    if command == "compare":
        return list(registry.available("conf", ".yaml", "task"))
    if command == "completion":
        return list(SCRIPTS)
    if command == "data":
        return ["list", "fetch", "verify", *registry.available("datasets", ".yaml")]
    if command == "merge":
        return sorted({file.parents[1].name for file in Path().glob("*/*/study.json")} - {DEFAULT_RESULTS.name})
    trials = _trials(DEFAULT_RESULTS) if command in ("export", "sample") else []
    return trials + ([] if command == "export" else _folders(DEFAULT_RESULTS, "*/study.json"))


def _folders(root: Path, pattern: str) -> list[str]:
    """Return the names of the folders that hold the matching files, sorted."""
    return sorted(path.parent.name for path in root.glob(pattern))


def _trials(results: Path) -> list[str]:
    """Return the keys of the trials that have weights, in folders and packed, sorted."""
    weights, packed = "weights.safetensors", set[str]()
    if any(results.glob("*.zip")):
        from gatebench.records.packed import Pack  # which imports pandas

        pack = Pack(results)
        packed = {record.key for record in map(pack.record, pack.keys()) if record and weights in record.members}
    return sorted({*packed, *_folders(results, f"trials/[!.]*/{weights}")})


def _complete_sweep(words: list[str]) -> int:
    """Print the choices of a group, which may stand in plugin folders; anything else is Hydra's to complete."""
    from gatebench.cli.compose import GROUPS, run_through_hydra

    group, equals, value = words[-1].partition("=")
    if words[-1].startswith("-"):
        _print_matching(["--dry-run", "--fail-fast", "--help"], words[-1])
    elif equals and group in GROUPS:
        complete_choices = value.rpartition(",")[0]
        start = f"{group}={complete_choices}," if complete_choices else f"{group}="
        _print_matching([start + choice for choice in registry.available("conf", ".yaml", group)], words[-1])
    else:
        # Hydra must not see the subcommand.
        os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
        run_through_hydra(["-sc", "query=bash"], lambda _: None)
    return 0
