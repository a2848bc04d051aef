"""``gatebench dashboard``: MLflow's page over the results, for this machine alone, until Ctrl-C."""

import argparse
import http.client
import os
import socket
import sys
import threading
import time
from typing import IO, Annotated

from gatebench.cli.arguments import add_results, number
from gatebench.core import interpreters
from gatebench.core.errors import BadInput
from gatebench.core.validation import whole

SUMMARY = "the MLflow page over the results, on 127.0.0.1"
GROUP = "Look"
ADDRESS = "127.0.0.1"
"""Address that the server listens on: other machines cannot reach it."""
STARTING = "gatebench: starting MLflow, which takes some seconds"
"""Line that is printed before there is a server to open."""
ADVICE = "[MLflow] Security middleware enabled with default settings"
"""What MLflow's line about options begins with that this command does not have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of a study, ``--port`` and ``--results``."""
    parser.add_argument("study", metavar="NAME", nargs="?", help="the study that is shown first (default: all)")
    parser.add_argument(
        "--port", type=number("--port", Annotated[int, whole(0, 65535)]), default=5000, help="of 127.0.0.1 (default: 5000)"
    )
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Start MLflow's server, print the addresses of its page once it answers, and end the server with this command."""
    import subprocess

    from gatebench.records import mlflow

    _check_port(options.port)
    if not (options.results / "mlflow.db").is_file():
        raise BadInput(f"no tracking store in '{options.results}'; log the records first: gatebench publish")
    page = mlflow.page(options.results, options.port, options.study)
    if not page.logged:
        print("gatebench: no confirming trial of it is logged yet; what is finished: gatebench publish", file=sys.stderr)
    store = mlflow.store_uri(options.results)
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", ADDRESS, "--port", str(options.port), "--workers", "1",
        "--backend-store-uri", store, "--registry-store-uri", store,
        "--default-artifact-root", (options.results.resolve() / "mlruns").as_uri(),
        "--uvicorn-opts", "--log-level warning",
    ]  # fmt: skip
    # MLflow's warnings about libraries that it uses are nothing that a user could act on.
    quiet = {"PYTHONWARNINGS": "ignore", "MLFLOW_LOGGING_LEVEL": "WARNING"}
    env = {**quiet, **os.environ, **mlflow.environment(), **interpreters.ENVIRONMENT}
    print(STARTING, file=sys.stderr, flush=True)
    # Neither Python nor uvicorn may import a file of the folder that the user stands in, such as one called numpy.py.
    server = subprocess.Popen(command, env=env, cwd=os.sep, stderr=subprocess.PIPE, text=True, errors="replace")
    assert server.stderr is not None
    errors = threading.Thread(target=_pass_on, args=(server.stderr,), daemon=True)
    errors.start()
    try:
        while server.poll() is None and not _answers(options.port):
            time.sleep(0.2)
        if server.poll() is None:
            print(f"{page.table}  (Ctrl-C ends it)", flush=True)
            print(f"{page.charts}  (the same trials as charts)", flush=True)
        return server.wait()
    finally:
        server.terminate()
        server.wait()
        errors.join(5)


def _pass_on(errors: IO[str]) -> None:
    """Show what the server complains about, while it runs."""
    for line in errors:
        if not line.startswith(ADVICE):
            print(line, end="", file=sys.stderr, flush=True)


def _answers(port: int) -> bool:
    """Whether the server is ready."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):  # not yet
        return False
    finally:
        connection.close()


def _check_port(port: int) -> None:
    """Raise ``BadInput`` if the port is taken or no port at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended is no obstacle
        try:
            probe.bind((ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise BadInput(f"port {port} on {ADDRESS} is not free ({error}); choose another: --port N") from error
