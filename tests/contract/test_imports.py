"""Importing touches neither disk nor network, and what needs no heavy library loads none.

Each test runs in a process of its own, because what is imported once stays.
"""

import json
import os
import subprocess
import sys

import pytest

from gatebench.core import registry

MODULES = sorted(
    ".".join(["gatebench", *path.relative_to(registry.PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for path in registry.PACKAGE.rglob("*.py")
)
HEAVY = {"torch", "mlflow", "seaborn", "matplotlib", "pandas", "hydra", "llvmlite"}

# Other people's libraries come first: some of them write a cache on their first day on a machine.
WATCH = """
import ast, importlib, importlib.util, json, os, sys
modules = json.loads(sys.argv[1])
for name in modules:
    path = importlib.util.find_spec(name).origin
    for node in ast.parse(open(path).read()).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "")]
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not names[0].startswith("gatebench"):
            exec(compile(ast.Module([node], []), path, "exec"), {})

touched = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.", "tempfile.")

def hook(event, args):
    if event == "open":
        path, mode, flags = args
        if (set(mode) & set("wax+") if isinstance(mode, str) else flags & WRITING):
            touched.append(f"{event} {path} {mode}")
    elif event.startswith((*CHANGING, "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "urllib.")):
        touched.append(f"{event} {args}")

sys.addaudithook(hook)
if "touch" in sys.argv:
    open(sys.argv[-1], "w").close(); os.mkdir(sys.argv[-1] + "s"); __import__("socket").socket().close()
for name in modules:
    importlib.import_module(name)
print(json.dumps(touched))
"""

COMMAND = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr))
from gatebench.cli import main
main()
"""

STARTS = "import sys; sys.addaudithook(lambda event, _: event == 'subprocess.Popen' and print('STARTED'))"


def python(code, *arguments, status=0):
    """Output and errors of a program in a process of its own, which must end well, or as it is to end."""
    environment = {name: value for name, value in os.environ.items() if name != "GATEBENCH_PATH"}
    command = [sys.executable, "-B", "-W", "error::DeprecationWarning:gatebench", "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_importing_touches_neither_disk_nor_network():
    output, _ = python(WATCH, json.dumps(MODULES))
    assert json.loads(output) == []


def test_the_watch_sees_what_is_touched(tmp_path):
    output, _ = python(WATCH, json.dumps(["gatebench.core.registry"]), "touch", str(tmp_path / "file"))
    assert {line.split()[0] for line in json.loads(output)} == {"open", "os.mkdir", "socket.__new__"}


def loaded(*arguments):
    """Top-level names of all modules that a command loads, and what it prints."""
    output, errors = python(COMMAND, *arguments)
    return set(json.loads(errors.splitlines()[-1])), output


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--help"], "Which recurrent cell should I use"),
        (["sweep", "--help"], "gatebench sweep study=demo"),
        (["count", "rnn", "--inputs", "20", "--units", "5"], "parameters_recurrent  130"),
        (["cells", "rnn"], "h_t = tanh(W x_t + U h_t-1 + b_h)"),
        (["completion"], "_gatebench"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_light_command_loads_nothing_heavy(arguments, printed):
    modules, output = loaded(*arguments)
    assert printed in output
    assert "gatebench" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("sweep cell=nosuch", "unknown cell 'nosuch'"),
        ("sweep cell=gru, lstm", "no blanks between choices"),
        ("sweep trainig.batch=3", "unknown setting 'trainig.batch'"),
        ("swep", "unknown command 'swep'"),
        ("compare nosuch", "unknown task 'nosuch'"),
        ("compare nottingham --cells gru,lsmt", "unknown cell 'lsmt'"),
        ("report nosuch", "no study 'nosuch'"),
        ("status nosuch", "no study 'nosuch'"),
        ("export nosuch", "no finished trial 'nosuch'"),
        ("sample nosuch", "no finished trial 'nosuch'"),
        ("data list nosuch", "unknown dataset 'nosuch'"),
    ],
)
def test_a_mistake_in_a_name_is_said_before_torch_or_drawing_is_loaded(arguments, said):
    _, errors = python(COMMAND, *arguments.split(), status=2)
    *lines, modules = errors.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert "gatebench" in json.loads(modules)
    assert set(json.loads(modules)) & {"torch", "matplotlib", "seaborn", "mlflow", "llvmlite"} == set()


@pytest.mark.parametrize("arguments", ["sweep cell=nosuch", "sweep cell=gru, lstm", "sweep gru"])
def test_no_worker_begins_to_import_for_a_mistake_in_a_name(arguments):
    output, _ = python(STARTS + COMMAND, *arguments.split(), status=2)
    assert output == ""


def test_the_watch_sees_a_worker_that_begins():
    output, _ = python(STARTS + COMMAND, "sweep", "trainig.batch=3", "hydra.launcher.n_jobs=2", status=2)
    assert "STARTED" in output


def test_the_command_line_itself_loads_nothing_heavy():
    output, _ = python("import gatebench.cli, json, sys; print(json.dumps(sorted(sys.modules)))")
    assert set(json.loads(output)) & HEAVY == set()


def test_frame_and_report_load_neither_torch_nor_a_compiler():
    names = [name for name in MODULES if name.startswith("gatebench.report") or name == "gatebench.records.frame"]
    code = "import importlib, json, sys; [importlib.import_module(n) for n in json.loads(sys.argv[1])]; print(*sys.modules)"
    output, _ = python(code, json.dumps(names))
    assert "gatebench.report.page.page" in output.split()
    assert not {"torch", "llvmlite"} & set(output.split())
