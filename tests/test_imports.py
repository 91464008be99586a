"""Read this first: the lab's house as code.

A room is a folder or a file. `MAY_IMPORT` names, for every room, the other rooms and the frameworks that it may import;
whatever is not named is forbidden. The Streamlit server never imports TensorFlow or Keras: what needs them runs in a
worker.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"app.py", "pages", "tf_models", "tests", "requirements.txt"}
DEMANDED_BY_TOOLS = {"README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "pyproject.toml"}

# From the ground up: an arrow to a room further down in this list would be a circle.
PLAIN = {
    "tf_models/locale": "",
    "tf_models/errors.py": "locale",
    "tf_models/settings.py": "errors",
    "tf_models/probes": "",
    "tf_models/zoo": "errors probes",
    "tf_models/data": "errors settings keras",  # a download, in a worker: see INSIDE
    "tf_models/runs": "errors settings probes data zoo",
    "tf_models/statistics": "errors data runs",
    "tf_models/study": "errors locale settings probes zoo data runs statistics",
    "tf_models/jobs": "errors settings zoo data runs statistics study training untrained inside",  # see INSIDE
    "tf_models/printing.py": "",
    "tf_models/arguments.py": "zoo runs study",
    "tf_models/__main__.py": "errors locale settings zoo data runs statistics study jobs printing arguments",
}
KERAS = {
    "tf_models/layers": "keras zoo",
    "tf_models/training": "keras tensorflow jax torch errors settings zoo data runs layers",  # see INSIDE
    "tf_models/untrained": "keras zoo probes statistics layers training",
    "tf_models/inside": "keras errors zoo data runs probes layers training",
}
PAGES = {
    "pages/ui": "streamlit altair errors locale settings zoo data runs statistics study jobs",  # what every page uses
    "pages/ui/charts": "altair ui",
    "pages/ui/parts": "streamlit altair errors locale settings probes zoo data runs statistics study jobs ui charts",
    "pages": "streamlit errors settings zoo data runs statistics study jobs ui parts charts",
    "app.py": "streamlit ui",
}
MAY_IMPORT = {room: tuple(names.split()) for room, names in (PLAIN | KERAS | PAGES).items()}
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch", "tf_keras", "streamlit", "altair")
# What a room may import in these functions or files alone ("*": in any function of the file).
INSIDE = {
    ("pages/ui", "altair"): ("server.py", "warm_up"),
    ("tf_models/data", "keras"): ("builtin.py", "download"),  # called in a worker
    ("tf_models/jobs", "training"): ("worker.py", "*"),
    ("tf_models/jobs", "untrained"): ("worker.py", "*"),
    ("tf_models/jobs", "inside"): ("worker.py", "*"),
    ("tf_models/training", "tensorflow"): ("device.py gradients.py", "*"),  # Keras has no portable reverse-mode
    ("tf_models/training", "jax"): ("device.py gradients.py on_device.py", "*"),  # gradient, names no GPU
    ("tf_models/training", "torch"): ("gradients.py", "*"),
}


def short(room: str) -> str:
    """``zoo`` for ``tf_models/zoo``."""
    return room.rsplit("/", 1)[-1].removesuffix(".py")


def room_of(place: str) -> str | None:
    """The innermost room that holds a file, ``pages/ffn.py``, or a module, ``pages.ffn``."""
    path = place.removesuffix(".py").replace(".", "/")
    fitting = [room for room in MAY_IMPORT if f"{path}/".startswith(f"{room.removesuffix('.py')}/")]
    return max(fitting, key=len, default=None)


def python_files(root: Path) -> list[Path]:
    own = [path for place in ("pages", "tf_models") for path in sorted((root / place).rglob("*.py"))]
    return own + [path for path in [root / "app.py"] if path.exists()]


def imports(path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """(imported module or name in it, outermost function around the import or "") in a file."""
    package = path.relative_to(root).with_suffix("").parts[:-1]

    def walk(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, function) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                outer = package[: len(package) - child.level + 1] if child.level else ()
                module = ".".join([*outer, *filter(None, [child.module])])
                # `from tf_models import training` imports the package `tf_models.training`
                yield from ((f"{module}.{alias.name}", function) for alias in child.names)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, function or child.name)
            else:
                yield from walk(child, function)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "")


def offences(root: Path = ROOT) -> list[str]:
    """Every import that no rule allows, and every file that stands in no room."""
    found = []
    for path in python_files(root):
        name = path.relative_to(root).as_posix()
        room = room_of(name)
        if room is None:
            if name != "tf_models/__init__.py":
                found.append(f"{name} stands in no room")
            continue
        for module, function in imports(path, root):
            top = module.split(".")[0]
            if top in ("app", "pages", "tf_models", "tests"):
                target = room_of(module)
                wanted = short(target) if target else module
                fine = target == room and not (room == "pages" and module != "pages")  # pages do not know each other
            elif top in FRAMEWORKS:
                wanted, fine = top, False
            else:
                continue
            allowed = wanted in MAY_IMPORT[room]
            if (room, wanted) in INSIDE:
                files, functions = INSIDE[room, wanted]
                allowed = path.name in files.split() and (
                    function == functions or (functions == "*" and function != "")
                )
            if not (fine or allowed):
                found.append(f"{name} imports {module}" + (f" in {function}()" if function else ""))
    return found


def test_every_room_imports_what_it_may_and_nothing_else():
    assert offences() == []


def test_arrows_point_one_way():
    order = [short(room) for room in (*PLAIN, *KERAS, *PAGES)]
    for room, names in MAY_IMPORT.items():
        for name in names:
            later_on_purpose = (room, name) in INSIDE or name in FRAMEWORKS
            assert later_on_purpose or order.index(name) < order.index(short(room)), f"{room} → {name}"


TARGETS = {"app": "app", "pages": "pages.ffn", "locale": "tf_models.locale", "__main__": "tf_models.__main__"} | {
    short(room): room.removesuffix(".py").replace("/", ".") for room in MAY_IMPORT if room not in ("app.py", "pages")
}


@pytest.mark.parametrize("room", MAY_IMPORT, ids=short)
def test_an_import_that_no_rule_allows_is_caught(room, tmp_path):
    """Everything that the room may not import, planted one after the other; what it may, or only in places, too."""
    path = tmp_path / (room if room.endswith(".py") else f"{room}/planted.py")
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in (*TARGETS, *FRAMEWORKS):
        path.write_text(f"import {TARGETS.get(name, name)}\n")
        allowed = name in MAY_IMPORT[room] and (room, name) not in INSIDE
        assert len(offences(tmp_path)) == (0 if allowed or name == short(room) != "pages" else 1), name


@pytest.mark.parametrize(
    "line",
    [
        "import keras.ops as K",
        "from tensorflow import data",
        "from tf_models import training",
        "from ..training import build",
        "from tf_models.training.train import train",
        "if True:\n    import jax",
        "class A:\n    def f(self):\n        import keras",
    ],
)
def test_each_way_to_write_an_import_is_seen(line, tmp_path):
    path = tmp_path / "tf_models" / "study" / "planted.py"
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert offences(tmp_path)
    path.write_text("from tf_models import zoo\nimport kerastuner\nfrom ..zoo import training")
    assert offences(tmp_path) == []


def test_the_top_level_stays_small():
    entries = [path.name for path in ROOT.iterdir()]
    if (ROOT / ".git").exists():  # what git ignores may lie about
        listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
        entries = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    tops = {entry.split("/")[0] for entry in entries if not entry.startswith((".", "shared/"))}
    assert tops <= TOP_LEVEL | DEMANDED_BY_TOOLS


def test_importing_everything_that_is_plain_loads_no_tensorflow():
    files = [path.relative_to(ROOT) for path in python_files(ROOT)]
    plain = [f for f in files if room_of(f.as_posix()) in {*PLAIN, "pages/ui", "pages/ui/charts", "pages/ui/parts"}]
    modules = sorted({f.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__") for f in plain})
    code = (
        "import importlib, sys\n"
        f"for module in {modules!r}: importlib.import_module(module)\n"
        f"print(sorted({{'tensorflow', 'keras', 'jax', 'torch'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


# What a newcomer reads in one sitting: a model, its training, and how a verdict follows from it.
PATH = (
    *("zoo/spec", "zoo/plan", "training/build", "layers/channels", "layers/attention", "layers/mixers", "layers/stems"),
    *("training/train", "runs/spec", "runs/record", "study/analysis", "statistics/effects", "statistics/rule"),
)


def test_the_path_from_a_specification_to_a_verdict_reads_in_one_sitting():
    lengths = {name: len((ROOT / f"tf_models/{name}.py").read_text().splitlines()) for name in PATH}
    assert sum(lengths.values()) <= 1800, lengths


def test_no_function_is_longer_than_a_screen():
    long = []
    for path in python_files(ROOT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    assert long == []
