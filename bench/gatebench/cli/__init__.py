"""The command ``gatebench``. Hydra stays in this folder: what leaves it are plain objects."""

import signal
import sys

from gatebench.cli import commands
from gatebench.core.errors import BadInput


def main() -> None:
    """Entry point of the command ``gatebench``: one line and a non-zero exit for a user's mistake."""
    arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments[:1] == ["sweep"]:
            from gatebench.cli.sweep import sweep

            sys.exit(sweep(arguments[1:]))
        options = commands.parser().parse_args(arguments)
        sys.exit(options.command(options))
    except BadInput as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _fail(message: str) -> None:
    print(f"gatebench: {message}", file=sys.stderr)
    sys.exit(2)
