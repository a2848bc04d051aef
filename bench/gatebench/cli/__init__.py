"""The command ``gatebench``. Hydra stays in this folder: what leaves it are plain objects."""

import atexit
import gc
import io
import logging
import signal
import sys

from gatebench.core import registry
from gatebench.core.errors import BadInput


def main() -> None:
    """Run the command line and exit: 2 after one line for a user's mistake, 130 after Ctrl-C, 143 after SIGTERM.

    ``gatebench sweep`` goes past argparse, since what follows it is Hydra's grammar.
    """
    arguments = sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may have no letters of ours, as stderr takes it
    atexit.register(gc.freeze)  # or else the interpreter looks through all of torch for garbage as it ends, for 0.3 s
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where its cache is, of a user without a home, is no news
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _say_whose_code_may_run(arguments)
        if arguments[:1] == ["sweep"]:
            from gatebench.cli.commands import sweep

            sys.exit(sweep.sweep(arguments[1:]))
        from gatebench.cli.parser import command_line_parser

        options = command_line_parser().parse_args(arguments)
        sys.exit(options.run(options))
    except BadInput as error:
        print(f"gatebench: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _say_whose_code_may_run(arguments: list[str]) -> None:
    """Name the plugin folders whose Python files this command may run, but for a completion, which a shell shows."""
    if arguments[:1] == ["completion"]:
        return
    for folder in registry.folders_with_code():
        print(f"gatebench: may run the Python files of {folder}, which GATEBENCH_PATH names", file=sys.stderr)
