"""Read this first: the lab's house as code.

``app → pages → pages/ui → tf_models (plain half)``, and the Keras half imports the plain half. The Streamlit server
never imports TensorFlow or Keras: what needs them runs in a worker.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLAIN_HALF = (
    "tf_models/locale",
    "tf_models/zoo",
    "tf_models/probes",
    "tf_models/data",
    "tf_models/runs",
    "tf_models/statistics",
    "tf_models/study",
    "tf_models/jobs",
)
PLAIN_FILES = ("tf_models/__init__.py", "tf_models/__main__.py", "tf_models/errors.py", "tf_models/settings.py")
KERAS_HALF = ("tf_models/layers", "tf_models/training", "tf_models/untrained")
TOP_LEVEL = {"app.py", "pages", "tf_models", "tests", "requirements.txt"}
DEMANDED_BY_TOOLS = {"README.md", "LICENSE", "CONTRIBUTING.md", "pyproject.toml"}

FRAMEWORKS = ("tensorflow", "keras", "jax", "torch", "tf_keras")

# (file, function) → what its body may import although its file may not. Nothing here is at module level.
EXCEPTIONS = {
    ("tf_models/jobs/worker.py", "*"): ("tf_models.training",),  # its functions run in a worker
    ("tf_models/data/builtin.py", "download"): ("keras",),  # called in a worker
    ("tf_models/training/train.py", "device"): ("tensorflow", "jax"),  # names the GPU
    # Keras has no portable reverse-mode gradient: one file may switch on the backend.
    ("tf_models/training/gradients.py", "*"): ("tensorflow", "jax", "torch"),
}


def python_files(*places: str) -> list[Path]:
    """Every Python file in these files and folders; those that do not exist yet hold none."""
    paths = [ROOT / place for place in places]
    return [f for path in paths for f in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(imported module, name of the outermost function around it, or "") of every import in a file."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]

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


def is_part_of(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def offences(files: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    """Imports of what is forbidden, but for the named exceptions."""
    found = []
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        for module, function in imports(path):
            allowed = EXCEPTIONS.get((name, function), ()) if function else ()
            allowed += EXCEPTIONS.get((name, "*"), ()) if function or name.endswith("gradients.py") else ()
            if is_part_of(module, forbidden) and not is_part_of(module, allowed):
                found.append(f"{name} imports {module}" + (f" in {function}()" if function else ""))
    return found


def test_the_plain_half_the_pages_and_the_app_import_no_keras():
    files = python_files(*PLAIN_HALF, *PLAIN_FILES, "pages", "app.py")
    assert len(files) > 10
    assert offences(files, (*FRAMEWORKS, "tf_models.layers", "tf_models.training")) == []


def test_layers_and_training_run_on_any_backend():
    files = python_files(*KERAS_HALF)
    assert len(files) > 5
    assert offences(files, ("tensorflow", "jax", "torch", "tf_keras")) == []


def test_the_models_know_nothing_of_the_pages():
    assert offences(python_files("tf_models"), ("streamlit", "pages", "altair")) == []


def test_a_page_imports_its_ui_and_the_plain_half_only():
    pages = [path for path in python_files("pages", "app.py") if "ui" not in path.relative_to(ROOT).parts]
    own = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in pages}
    for path in pages:
        for module, _ in imports(path):
            if is_part_of(module, ("pages",)) and path.name != "app.py":
                assert is_part_of(module, ("pages.ui",)), f"{path.name} imports {module}"
            for other in own:
                assert not is_part_of(module, (other,)), f"{path.name} imports the page {other}"
    assert offences(pages, tuple(folder.replace("/", ".") for folder in KERAS_HALF)) == []


def test_the_ui_imports_no_page():
    ui = python_files("pages/ui")
    assert [o for o in offences(ui, ("pages", "app")) if "imports pages.ui" not in o] == []


def test_the_plain_half_does_not_import_the_command_line():
    assert offences(python_files(*PLAIN_HALF, "tf_models/errors.py"), ("tf_models.__main__",)) == []


def test_the_reader_of_imports_catches_every_form(tmp_path, monkeypatch):
    """The planted fault: each way to write the import is seen."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    folder = tmp_path / "tf_models" / "study"
    folder.mkdir(parents=True)
    path = folder / "bad.py"
    for line in (
        "import keras.ops as K",
        "from tensorflow import data",
        "from tf_models import training",
        "from ..training import build",
        "from tf_models.training.train import train",
        "if True:\n    import jax",
        "class A:\n    def f(self):\n        import keras",
    ):
        path.write_text(line)
        assert offences([path], (*FRAMEWORKS, "tf_models.training")), line
    path.write_text("from tf_models import zoo\nimport kerastuner\nfrom ..zoo import training")
    assert offences([path], (*FRAMEWORKS, "tf_models.training")) == []


def test_the_top_level_stays_small():
    entries = [path.name for path in ROOT.iterdir()]
    if (ROOT / ".git").exists():  # what git ignores may lie about
        listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
        entries = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    tops = {entry.split("/")[0] for entry in entries if not entry.startswith((".", "shared/"))}
    assert tops <= TOP_LEVEL | DEMANDED_BY_TOOLS


@pytest.mark.parametrize("folder", ["tf_models", "pages/ui"])
def test_importing_everything_that_is_plain_loads_no_tensorflow(folder):
    files = python_files(*PLAIN_HALF, *PLAIN_FILES) if folder == "tf_models" else python_files(folder)
    modules = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in files]
    modules = [module.removesuffix(".__init__") for module in modules]
    code = (
        "import importlib, sys\n"
        f"for module in {modules!r}: importlib.import_module(module)\n"
        f"print(sorted(set({FRAMEWORKS!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
