"""README's section on several machines, word for word: PostgreSQL, a scheduler with TLS and two separate workers."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import ROOT, until
from dask import config

from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import FINISHED, RunStore

BINARIES = next(
    (folder for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
    Path(shutil.which("initdb") or "/nowhere/initdb").parent,
)
pytestmark = [
    pytest.mark.skipif(not (BINARIES / "initdb").exists(), reason="PostgreSQL is not installed"),
    pytest.mark.skipif(os.name != "posix" or not shutil.which("openssl"), reason="README's commands need openssl"),
]
ARMS = ({"width": 8, "depth": 1}, {"width": 8, "depth": 1, "ffn": "off"})


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], log: Path, **more) -> Iterator[subprocess.Popen]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, **more)
    try:
        yield process
    finally:
        process.terminate()  # PostgreSQL: no new connections, and the end once the last has gone
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def database(tmp_path) -> Iterator[str]:
    """The URL of an empty database of a PostgreSQL with passwords, which no root may run."""
    folder, port = Path(tempfile.mkdtemp(prefix="lab-pg-", dir="/tmp")), free_port()  # short: it holds a socket
    person = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        (folder / "password").write_text("class-of-2026")
        if person:
            for path in (folder, folder / "password"):
                shutil.chown(path, person["user"], person["group"])
        make = [BINARIES / "initdb", "-D", folder / "data", "-U", "lab", "-A", "scram-sha-256", "-E", "UTF8"]
        make += ["--no-sync", "--pwfile", folder / "password"]
        subprocess.run(make, check=True, capture_output=True, cwd=folder, **person)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        command = [str(BINARIES / "postgres"), "-D", str(folder / "data")]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        address = f"lab:class-of-2026@127.0.0.1:{port}/postgres"

        def answers() -> bool:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(f"postgresql://{address}"):
                return True
            return False

        with running(command, tmp_path / "postgres.log", cwd=folder, **person):
            until(answers)
            yield f"postgresql+psycopg://{address}"
    finally:
        shutil.rmtree(folder)


def blocks() -> list[str]:
    """The commands of README's paragraph on several machines."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(
        r"```sh\n(.*?)```", text[text.index("**On several machines.**") : text.index("## The pages")], re.S
    )


def shell(script: str, folder: Path) -> dict[str, str]:
    """The environment that commands of README leave behind."""
    done = subprocess.run(["sh", "-ec", f"{script}\nenv -0"], cwd=folder, capture_output=True, check=True)
    return dict(row.split("=", 1) for row in done.stdout.decode().split("\0") if "=" in row)


@pytest.fixture
def cluster(tmp_path, monkeypatch) -> Iterator[None]:
    """A scheduler with TLS and two workers, each started as on a machine of its own; Dask here knows of them."""
    certificate, secrets, scheduler, workers, lab = blocks()
    shell(certificate, tmp_path)
    environment, port = shell(secrets, tmp_path), free_port()
    environment |= {"LAB_WORKERS": "1"}
    environment.pop("PYTHONPATH", None)  # README has none
    words = {".venv/bin/python": sys.executable, "HOST": "127.0.0.1", "8786": str(port), "8787": "0"}

    def command(text: str) -> list[str]:
        for old, new in words.items():
            text = text.replace(old, new)
        return text.split()

    with contextlib.ExitStack() as open_:
        for name, text in {"scheduler": scheduler, "one": workers, "two": workers}.items():
            log = tmp_path / f"{name}.log"
            open_.enter_context(running(command(text), log, env=environment, cwd=ROOT))
        for name in (key for key in environment if key.startswith("DASK_DISTRIBUTED__")):
            monkeypatch.setenv(name, environment[name])
        address = next(word for word in command(lab) if word.startswith("DASK_SCHEDULER_ADDRESS="))
        monkeypatch.setenv(*address.split("=", 1))
        config.refresh()
        try:
            yield
        finally:
            monkeypatch.undo()
            config.refresh()


def test_a_sweep_runs_on_the_workers_of_two_machines_and_its_runs_are_in_postgresql(
    database, cluster, monkeypatch, tmp_path
):
    monkeypatch.setenv("LAB_DATABASE_URL", database)
    store, other = RunStore(tmp_path / "one"), RunStore(tmp_path / "another")
    assert "class-of-2026" not in store.where
    jobs = Jobs(store)
    try:
        jobs._connection.client().wait_for_workers(2, timeout=120)
        recipe = Recipe(epochs=2)
        sweep = [RunSpec("vit", arm, "digits", 100, seed, recipe) for seed in range(3) for arm in ARMS]
        seen: set[str] = set()
        ids = [jobs.submit(spec, fresh=True, visitor="Anna 安娜").run_id for spec in sweep]
        runs = jobs.wait(ids, lambda active: seen.update(job.worker for job in jobs._running.values()))
        assert [run.status for run in runs] == [FINISHED] * len(sweep) and len(seen) == 2
        # another server finds them, with every epoch, and an identical run is trained for neither
        shared = {run.id: run for run in other.runs(visitor="Anna 安娜")}
        assert {run_id: shared[run_id].record for run_id in ids} == {run.id: run.record for run in runs}
        assert all(len(other.epochs(run_id)) == recipe.epochs for run_id in ids)
        first = runs[0].record
        assert first is not None and (found := other.find(first.fingerprint)) is not None and found.run_id in ids
    finally:
        jobs.close()
        store.close()
        other.close()
