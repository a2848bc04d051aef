"""What throughputs are relative to: one rate of a matrix product for all jobs of a sweep on one machine."""

import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path


def rate(threads: int, device: str) -> float:
    """Return the FLOPs a second of a large matrix product, as `gatebench.training.machine.matmul_rate` measures it.

    The first worker of a sweep that asks for it on a machine measures it, and all others take that number: what runs beside
    a measurement moves it by a third, and cells whose workers had measured at other times could not be compared. Without a
    sweep, or once its folder is gone (jobs of a batch system may outlive it), each process measures its own.
    """
    from gatebench.training import machine

    folder = Path(os.environ.get("GATEBENCH_SWEEP", ""))
    if not (os.environ.get("GATEBENCH_SWEEP") and folder.is_dir()):
        return machine.matmul_rate(threads, device)
    file = folder / f"rate-{socket.gethostname()}-{device}-{threads}"
    if not file.exists():
        measured = machine.matmul_rate(threads, device)
        with suppress(OSError), tempfile.TemporaryDirectory(dir=folder) as temporary:
            complete = Path(temporary) / file.name
            complete.write_text(repr(measured))
            os.link(complete, file)  # fails if another worker was faster
    try:
        return float(file.read_text())
    except OSError:  # links are not to be had here, or the sweep has ended
        return machine.matmul_rate(threads, device)
