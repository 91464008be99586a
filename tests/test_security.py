"""What other users of the machine and of the room can reach: the cluster, what is kept, what visitors send."""

import http.client
import operator
import os
import socket
import ssl
import stat
import sys
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client
from distributed.security import Security

from tf_models.errors import LabError
from tf_models.jobs.cluster import certificates
from tf_models.jobs.connection import Connection
from tf_models.runs.store import OURS, RunStore

# The cluster: whoever can submit to it runs code as the lab's user


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A real cluster of one worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_WORKERS", "1")
        patch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
        connection = Connection(tmp_path_factory.mktemp("cluster") / "workers.log", "topic", print)
        connection.client()
    yield connection
    connection.close()


def processes(cluster: Connection) -> list[psutil.Process]:
    """The cluster's process and its workers'."""
    own = psutil.Process(cluster._process.pid)
    return [own, *own.children(recursive=True)]


def submits(address: str, security: Security | None) -> bool:
    """Whether a client without our certificates gets anything done."""
    try:
        with Client(address, security=security, timeout=2, set_as_default=False) as client:
            return client.submit(operator.add, 1, 2).result(timeout=20) == 3
    except Exception:  # Dask has many ways to fail; that it can succeed, the first line of the test shows
        return False


def test_a_client_without_the_certificates_of_this_cluster_cannot_submit(cluster):
    """The fault: any user of the machine who finds the port runs code as the user of the lab."""
    address = cluster.client().scheduler.address
    own = cluster.client().security
    assert address.startswith("tls://127.0.0.1:")
    assert submits(address, own)  # the same way, with them
    assert not submits(address.replace("tls:", "tcp:"), None)
    assert not submits(address, None)
    assert not submits(address, Security(require_encryption=True, **certificates()))  # of another lab
    assert cluster.ask(operator.add, 1, 2, seconds=20) == 3  # which has not disturbed the lab


def test_no_port_of_the_cluster_answers_in_plain_or_from_elsewhere(cluster):
    """The faults: a nanny or a worker that takes orders without certificates, Dask's pages with the visitors' runs."""
    ports = {}
    for process in processes(cluster):
        ports |= {row.laddr.port: row.laddr.ip for row in process.net_connections("tcp") if row.status == "LISTEN"}
    assert len(ports) >= 3 and set(ports.values()) == {"127.0.0.1"}
    encrypted = {port for port in ports if speaks_tls(port)}
    assert len(encrypted) == 3  # scheduler, nanny, worker
    for port in ports.keys() - encrypted:
        for page in ("/", "/info/main/workers.html", "/json/identity.json", "/metrics", "/health"):
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            server.request("GET", page)
            assert server.getresponse().status == 404, (port, page)
            server.close()


def speaks_tls(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_key_is_in_no_argument_no_variable_and_no_file(cluster):
    """Other users read the arguments of every process; children inherit variables; logs are sent around."""
    key = cluster.client().security.tls_client_key.splitlines()[1]
    for process in processes(cluster):
        for name in ("cmdline", "environ"):
            found = Path(f"/proc/{process.pid}/{name}").read_bytes()
            assert found and key.encode() not in found and b"PRIVATE KEY" not in found
    for path in cluster._log_file.parent.rglob("*"):
        assert key not in path.read_text(errors="replace")


def test_an_existing_cluster_with_certificates_is_reached_as_dask_is_told(cluster, monkeypatch, tmp_path):
    """By the variables that SECURITY.md names; without them the lab says that nobody answers."""
    own = cluster.client().security
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.client().scheduler.address)
    monkeypatch.setattr("tf_models.jobs.connection.START_SECONDS", 2.0)
    guest = Connection(tmp_path / "workers.log", "other", print)
    with pytest.raises(LabError, match="No worker answered within 2 s: tls://"):
        guest.client()
    guest.close()
    files = {"CA_FILE": own.tls_ca_file, "CLIENT__CERT": own.tls_client_cert, "CLIENT__KEY": own.tls_client_key}
    try:
        with monkeypatch.context() as patch:
            for name, content in files.items():
                (tmp_path / name).write_text(content)
                patch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{name}", str(tmp_path / name))
            dask.config.refresh()
            assert guest.ask(operator.add, 1, 2, seconds=20) == 3
    finally:
        guest.close()
        dask.config.refresh()


# What is kept


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


posix = pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")


@posix
@pytest.mark.usefixtures("usual_umask")
def test_a_new_home_is_its_owners_alone_and_its_parent_as_it_was(tmp_path):
    parent = tmp_path / "shared"
    parent.mkdir()
    store = RunStore(parent / "deep" / "home")
    store.close()
    assert mode(store.home) == 0o700 and mode(store.home / "weights") == 0o700
    assert mode(parent) == mode(parent / "deep") == 0o755


@posix
@pytest.mark.usefixtures("usual_umask")
def test_the_home_of_an_older_lab_is_closed(tmp_path):
    home = tmp_path / "home"
    for name in ("weights", "trunks"):
        (home / name).mkdir(parents=True)
    (home / "rules.json").write_text("{}")
    RunStore(home).close()
    home.chmod(0o755)
    (home / "lab.sqlite").chmod(0o644)
    RunStore(home).close()
    assert mode(home) == mode(home / "weights") == mode(home / "trunks") == 0o700
    assert mode(home / "lab.sqlite") == mode(home / "rules.json") == 0o600


@posix
@pytest.mark.usefixtures("usual_umask")
def test_a_folder_with_other_things_in_it_stays_open_and_only_what_is_the_labs_is_closed(tmp_path):
    """The fault: LAB_HOME=~ closes the whole home of a user; a link closes what it leads to."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    (home / "thesis.txt").write_text("mine")
    (home / "trunks").symlink_to(elsewhere)
    RunStore(home).close()
    assert mode(home) == mode(elsewhere) == 0o755 and mode(home / "thesis.txt") == 0o644
    assert mode(home / "lab.sqlite") == 0o600 and mode(home / "weights") == 0o700
    kept = {path for path in home.iterdir() if path.name != "thesis.txt"}
    assert all(any(path.match(pattern) for pattern in OURS) for path in kept)
