"""What throughputs are relative to: one rate of a matrix product for all jobs of a sweep on one machine."""

import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path


def rate(sweep: Path | None, threads: int, device: str) -> float:
    """Return the FLOPs a second of a large matrix product, as `gatebench.training.machine.matmul_rate` measures it.

    The first worker that asks for it on a machine measures it and leaves it in the folder of the ``sweep``, where all others
    take it from: two measurements differ, and cells that were trained by different workers could not be compared as well.
    Without a sweep, or once its folder is gone (jobs of a batch system may outlive it), each process measures its own.
    """
    from gatebench.training import machine

    if sweep is None or not sweep.is_dir():
        return machine.matmul_rate(threads, device)
    file = file_of(sweep, threads, device)
    if not file.exists():
        measured = machine.matmul_rate(threads, device)
        with suppress(OSError), tempfile.TemporaryDirectory(dir=sweep) as temporary:
            complete = Path(temporary) / file.name
            complete.write_text(repr(measured), encoding="utf-8")
            os.link(complete, file)  # fails if another worker was faster
    try:
        return float(file.read_text(encoding="utf-8"))
    except OSError:  # links are not to be had here, or the sweep has ended
        return machine.matmul_rate(threads, device)


def file_of(sweep: Path, threads: int, device: str) -> Path:
    """Return the file of a sweep that holds the rate of this machine."""
    return sweep / f"rate-{socket.gethostname()}-{device}-{threads}"
