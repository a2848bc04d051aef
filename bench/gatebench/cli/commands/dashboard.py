"""``gatebench dashboard``: MLflow's page over the results, for this machine alone, until Ctrl-C."""

import argparse
import os
import socket
import sys

from gatebench.cli.arguments import add_results
from gatebench.core.errors import BadInput

SUMMARY = "the MLflow page over the results, on 127.0.0.1"
GROUP = "Look"
ADDRESS = "127.0.0.1"
"""Address that the server listens on: other machines cannot reach it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--port`` and ``--results``."""
    parser.add_argument("--port", type=int, default=5000)
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Start MLflow's server, print the address of its page, and end the server with this command."""
    import subprocess

    from gatebench.records import mlflow

    _check_port(options.port)
    if not (options.results / "mlflow.db").is_file():
        raise BadInput(f"no tracking store in '{options.results}'; log the records first: gatebench publish")
    print(f"{mlflow.page(options.results, options.port)}  (Ctrl-C ends it)", flush=True)
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", ADDRESS, "--port", str(options.port), "--workers", "1",
        "--backend-store-uri", mlflow.store_uri(options.results),
        "--default-artifact-root", (options.results.resolve() / "mlruns").as_uri(),
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, **mlflow.environment()})
    try:
        return server.wait()
    finally:
        server.terminate()
        server.wait()


def _check_port(port: int) -> None:
    """Raise ``BadInput`` if the port is taken or no port at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended is no obstacle
        try:
            probe.bind((ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise BadInput(f"port {port} on {ADDRESS} is not free ({error}); choose another: --port N") from error
