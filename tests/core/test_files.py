"""Files and folders appear whole or not at all, whoever else writes and however a process ends."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.core.files import (
    Unwritable,
    atomic_folder,
    atomic_folders,
    atomic_write,
    locked,
    update_json,
)

COMPLETE = "record.json"


def names(folder: Path) -> list[str]:
    """Names in a folder, sorted, but for locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def contents(folder: Path) -> dict[str, str]:
    """Name -> text of the files of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def write_folder(target: Path, text: str) -> None:
    """A folder of two files of one text, complete with the second."""
    with atomic_folder(target, complete_with=COMPLETE) as folder:
        (folder / "curve.csv").write_text(text)
        (folder / COMPLETE).write_text(text)


def write_folders(targets: list[Path]) -> None:
    """Several folders, each of two files of its name."""
    with atomic_folders(targets, COMPLETE) as folders:
        for folder, target in zip(folders, targets, strict=True):
            (folder / f"{target.name}.csv").write_text(target.name)
            (folder / COMPLETE).write_text(target.name)


def interrupted_copy(target: Path) -> None:
    """What a copy leaves that was interrupted: a folder that lacks the file that would make it complete."""
    target.mkdir(parents=True)
    (target / "curve.csv").write_text("half")
    (target / "weights").write_text("half")


def run(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    """A process of this Python that runs a program."""
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)])


def test_a_folder_that_fails_on_the_way_leaves_nothing(tmp_path: Path):
    def fail() -> None:
        with atomic_folder(tmp_path / "target") as folder:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path):
    with atomic_folder(tmp_path / "target") as folder:
        (folder / "file").write_text("whole")
        assert not (tmp_path / "target").exists()
    assert names(tmp_path) == ["target"]
    assert contents(tmp_path / "target") == {"file": "whole"}


def test_several_folders_appear_in_their_order_once_all_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each name that is on the disk, and what of the folders had appeared when a file was flushed or a folder moved."""
    flushed, moved = dict[str, list[str]](), list[list[str]]()
    fsync, rename = os.fsync, Path.rename

    def flushing(number: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{number}")).name
        flushed[name] = names(tmp_path / "trials")
        fsync(number)

    def moving(path: Path, target: Path) -> Path:
        moved.append(names(tmp_path / "trials"))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(Path, "rename", moving)
    write_folders([tmp_path / "trials" / name for name in "cab"])
    appeared = {name: [one for one in others if not one.startswith(".")] for name, others in flushed.items()}
    assert appeared == {"a.csv": [], "b.csv": [], "c.csv": [], COMPLETE: [], "trials": ["a", "b", "c"]}
    assert [[name for name in others if not name.startswith(".")] for others in moved] == [[], ["c"], ["a", "c"]]
    assert contents(tmp_path / "trials" / "a") == {"a.csv": "a", COMPLETE: "a"}
    assert names(tmp_path / "trials") == ["a", "b", "c"]


def test_of_several_folders_none_appears_where_one_fails_to_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fsync = os.fsync

    def failing(number: int) -> None:
        if os.readlink(f"/proc/self/fd/{number}").endswith("/b.csv"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Unwritable, match="No space left on device"):
        write_folders([tmp_path / name for name in "ab"])
    assert list(tmp_path.iterdir()) == []


def test_a_complete_folder_stays(tmp_path: Path):
    write_folder(tmp_path / "target", "first")
    write_folder(tmp_path / "target", "second")
    assert contents(tmp_path / "target") == {"curve.csv": "first", COMPLETE: "first"}
    assert names(tmp_path) == ["target"]


def test_an_interrupted_copy_is_replaced_whole(tmp_path: Path):
    interrupted_copy(tmp_path / "target")
    write_folder(tmp_path / "target", "new")
    assert contents(tmp_path / "target") == {"curve.csv": "new", COMPLETE: "new"}
    assert names(tmp_path) == ["target"]


def test_an_empty_folder_is_replaced(tmp_path: Path):
    (tmp_path / "target").mkdir()
    write_folder(tmp_path / "target", "new")
    assert contents(tmp_path / "target") == {"curve.csv": "new", COMPLETE: "new"}


@pytest.mark.parametrize("complete_with", [None, COMPLETE])
def test_a_file_where_the_folder_is_to_stand_is_an_error(tmp_path: Path, complete_with: str | None):
    (tmp_path / "target").write_text("mine")
    with pytest.raises(Unwritable, match="target cannot be written"), atomic_folder(tmp_path / "target", complete_with):
        pass
    assert contents(tmp_path) == {"target": "mine"}


def test_without_a_file_that_makes_it_complete_a_folder_is_not_replaced(tmp_path: Path):
    interrupted_copy(tmp_path / "target")
    with pytest.raises(Unwritable, match="target cannot be written"), atomic_folder(tmp_path / "target") as folder:
        (folder / "file").write_text("new")
    assert contents(tmp_path / "target") == {"curve.csv": "half", "weights": "half"}
    assert names(tmp_path) == ["target"]


def test_whoever_waited_to_replace_a_folder_leaves_the_one_that_is_complete_since(tmp_path: Path):
    target = tmp_path / "target"
    interrupted_copy(target)
    with ThreadPoolExecutor() as pool:
        with locked(tmp_path / ".replace.lock"):
            late = pool.submit(write_folder, target, "late")
            time.sleep(0.3)
            (target / COMPLETE).write_text("first")
        late.result(10)
    assert contents(target)[COMPLETE] == "first"
    assert names(tmp_path) == ["target"]


WRITER = """
    import sys, time
    from pathlib import Path
    from gatebench.core.files import atomic_folder

    folder, writer = Path(sys.argv[1]), sys.argv[2]
    (folder / f"ready-{writer}").touch()
    while len(list(folder.glob("ready-*"))) < 2:
        time.sleep(0.001)
    for i in range(60):
        with atomic_folder(folder / "trials" / str(i), complete_with="record.json") as new:
            for name in ("a", "b", "record.json"):
                (new / name).write_text(writer)
"""


def test_two_processes_that_replace_one_folder_leave_one_whole(tmp_path: Path):
    targets = [tmp_path / "trials" / str(i) for i in range(60)]
    for target in targets:
        interrupted_copy(target)
    writers = [run(WRITER, tmp_path, writer) for writer in (1, 2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert names(tmp_path / "trials") == sorted(target.name for target in targets)
    for target in targets:
        files = contents(target)
        assert sorted(files) == ["a", "b", "record.json"]
        assert len(set(files.values())) == 1  # every file of a folder is by the same writer


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from gatebench.core.files import atomic_folder

    moment, rename = sys.argv[2], Path.rename

    def rename_and_die(path, target):
        if moment == "before" and Path(target).name.endswith(".replaced"):
            os.kill(os.getpid(), signal.SIGKILL)
        rename(path, target)
        if moment == "between" and Path(target).name.endswith(".replaced"):
            os.kill(os.getpid(), signal.SIGKILL)

    Path.rename = rename_and_die
    with atomic_folder(Path(sys.argv[1]), complete_with="record.json") as folder:
        (folder / "record.json").write_text("killed")
        if moment == "filling":
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["filling", "before", "between"])
def test_a_process_that_is_killed_leaves_no_folder_that_looks_complete_and_the_next_one_puts_its_own_there(
    tmp_path: Path, moment: str
):
    target = tmp_path / "target"
    interrupted_copy(target)
    assert run(KILLED, target, moment).wait(60) == -signal.SIGKILL
    assert not (target / COMPLETE).exists()
    write_folder(target, "new")
    assert contents(target) == {"curve.csv": "new", COMPLETE: "new"}
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert all(name.startswith(".") for name in left), left


def test_a_file_that_fails_on_the_way_leaves_the_old_one(tmp_path: Path):
    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError("disk full")

    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(Unwritable, match=r"file cannot be written \(disk full\); make room"):
        atomic_write(path, fail)
    assert contents(tmp_path) == {"file": "old"}


COUNTER = """
    import json, sys
    from pathlib import Path
    from gatebench.core.files import update_json

    for _ in range(50):
        update_json(Path(sys.argv[1]), lambda text: {"count": json.loads(text)["count"] + 1 if text else 1})
"""


def test_no_update_of_two_processes_is_lost(tmp_path: Path):
    path = tmp_path / "below" / "count.json"
    counters = [run(COUNTER, path) for _ in range(2)]
    assert [counter.wait(60) for counter in counters] == [0, 0]
    assert json.loads(path.read_text()) == {"count": 100}


HOLDER = """
    import sys, time
    from pathlib import Path
    from gatebench.core.files import locked

    with locked(Path(sys.argv[1])):
        print("locked", flush=True)
        time.sleep(60)
"""


def test_a_lock_is_free_again_when_its_process_is_killed(tmp_path: Path):
    lock = tmp_path / "some.lock"
    holder = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOLDER), str(lock)], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        holder.kill()
    with locked(lock):
        pass


# A filter of the kernel's makes flock fail in this one process as it does on file systems without locks.
LOCKLESS = """
    import ctypes, platform, struct, sys
    from pathlib import Path
    from gatebench.core.errors import BadInput
    from gatebench.core.files import update_json

    flock = {"x86_64": 73, "aarch64": 32}[platform.machine()]
    instructions = [(0x20, 0, 0, 0), (0x15, 0, 1, flock), (0x06, 0, 0, 0x50000 | int(sys.argv[2])), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in instructions))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None).prctl
    assert prctl(38, 1, 0, 0, 0) == prctl(22, 2, program, 0, 0) == 0
    try:
        update_json(Path(sys.argv[1]), lambda text: {})
    except BadInput as error:
        print(error)
"""


@pytest.mark.parametrize("error", [37, 38, 95], ids=["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_said_in_one_line(tmp_path: Path, error: int):
    path = tmp_path / "results" / "study.json"
    program = [sys.executable, "-c", textwrap.dedent(LOCKLESS), str(path), str(error)]
    ran = subprocess.run(program, capture_output=True, text=True)
    assert ran.stdout == (
        f"folder {path.parent} is on a file system without locks ({os.strerror(error)}), which processes that share a "
        "folder need; use a folder on a local disk: results=FOLDER\n"
    ), ran.stderr
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        update_json(tmp_path / "file" / "study.json", lambda text: {})
