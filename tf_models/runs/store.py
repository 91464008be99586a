"""The run store: a row for every run, in any state."""

import contextlib
import json
import logging
import math
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from tf_models import settings
from tf_models.data import content_hash
from tf_models.errors import LabError
from tf_models.runs import lifeline
from tf_models.runs.reading import read_epoch, read_reason, read_record, read_spec, spec_as_written
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS = 20.0  # an owner that has not written for so long is gone
REPLACED_SECONDS = 3600.0  # for so long it is said that the store is another one
LOCKED_SECONDS = 2  # a store that is locked for so long cannot be used at present

QUEUED, RUNNING, STOPPING = "queued", "running", "stopping"
FINISHED, FAILED, STOPPED, INTERRUPTED = "finished", "failed", "stopped", "interrupted"
ACTIVE = (QUEUED, RUNNING, STOPPING)
OURS = ("lab.sqlite*", "weights", "trunks", "owners", "workers.log*", "rules.json", ".write-*")  # kept in LAB_HOME
TROUBLES = {"locked": "store_locked", "is full": "store_full"}  # words of SQLite
TAKEN = "imported"  # the purpose of a run that came from another lab
UNREADABLE = "unreadable"  # shown for what an older, a newer or a damaged lab has written; no row holds it


_metadata = sa.MetaData()
_runs = sa.Table(
    "runs",
    _metadata,
    sa.Column("id", sa.String(12), primary_key=True),
    sa.Column("fingerprint", sa.String(20), index=True),
    sa.Column("status", sa.String(12), index=True, nullable=False),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("record", sa.JSON),
    sa.Column("reason", sa.JSON),  # {code, values} of a LabError
    sa.Column("owner", sa.String(32), index=True),
    sa.Column("visitor", sa.String(64), index=True),
    sa.Column("purpose", sa.String(64)),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
)
_trained_here = sa.func.coalesce(_runs.c.purpose, "") != TAKEN
_epochs = sa.Table(
    "epochs",
    _metadata,
    sa.Column("run_id", sa.String(12), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True),
    sa.Column("values", sa.JSON, nullable=False),
)
_owners = sa.Table(
    "owners",
    _metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("heartbeat", sa.Float, nullable=False),
)
_wishes = sa.Table(  # who asked for a run; `stands` until they withdraw
    "wishes",
    _metadata,
    sa.Column("run_id", sa.String(12), primary_key=True),
    sa.Column("visitor", sa.String(64), primary_key=True, index=True),
    sa.Column("stands", sa.Boolean, nullable=False),
)
# Made once, since pages ask at every visit.
_finished = sa.select(_runs.c.id).where(_runs.c.status == FINISHED, _trained_here).order_by(_runs.c.created, _runs.c.id)
_newest = sa.select(_runs).order_by(_runs.c.created.desc()).limit(sa.bindparam("limit", type_=sa.Integer))
_asked = sa.select(_wishes.c.run_id).where(_wishes.c.visitor == sa.bindparam("visitor"))
_newest_of_visitor = _newest.where(  # the first is from before wishes
    (_runs.c.visitor == sa.bindparam("visitor")) | _runs.c.id.in_(_asked)
)


@dataclass(frozen=True)
class Run:
    """A row of the store: a run in any state. `record` is there once it has finished.

    Where the row cannot be read, the status is `UNREADABLE`, `reason` says why, and `spec` is as it was written.
    """

    id: str
    fingerprint: str | None
    status: str
    spec: RunSpec
    record: RunRecord | None
    reason: LabError | None
    visitor: str
    purpose: str
    created: float
    started: float | None
    ended: float | None


class RunStore:
    """SQLite at LAB_HOME/lab.sqlite, or LAB_DATABASE_URL; only the process that submits jobs writes.

    Raises `LabError` where the store cannot be opened; later failures to read or write raise it too. A file that is
    removed or replaced meanwhile is opened, or made, anew: `replaced` says so.
    """

    def __init__(self, home: Path | None = None, url: str | None = None):
        self._records: dict[str, RunRecord | None] = {}  # of finished runs, which never change
        self.home = home or settings.home()
        url = url or settings.database_url()
        self.where = url = url or f"sqlite:///{self.home / 'lab.sqlite'}"
        try:
            self.where = sa.make_url(url).render_as_string(hide_password=True)
            self._engine = sa.create_engine(url, json_deserializer=_read_json)
        except (exc.SQLAlchemyError, ImportError) as error:  # no address, or no driver for it
            raise LabError("store_broken", path=self.where, reason=str(error).splitlines()[0]) from error
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _sqlite_settings)
        self._replaced_at = -math.inf  # in seconds of `time.monotonic`
        self._held: dict[str, sqlite3.Connection] = {}  # the lifelines of owners in this process
        self._opening = threading.Lock()
        self._open()

    def _open(self) -> None:
        """Make what is missing, and end the runs of owners that are gone."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.home / "weights").mkdir(mode=0o700, exist_ok=True)
            probe = self.home / f".write-{uuid.uuid4().hex}"
            probe.write_text("x")
            probe.unlink()
        except OSError as error:
            raise LabError("home_not_writable", path=self.home, reason=error.strerror or str(error)) from error
        with _Transaction(self._engine, self.where) as connection:
            _metadata.create_all(connection)
        with contextlib.suppress(LabError), _Transaction(self._engine, self.where) as connection:
            self._interrupt_orphans(connection, time.time())  # else with the next beat: a locked store can be read
        self._file = self._identity()
        _close_to_others(self.home)

    def _identity(self) -> tuple[int, int] | None:
        """Which file the store is; None for one that is gone or no file."""
        name = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        try:
            found = os.stat(name) if name else None
        except OSError:
            return None
        return found and (found.st_dev, found.st_ino)

    def _begin(self) -> "_Transaction":
        """A transaction in the file that is there: SQLite would go on writing into one that has been removed."""
        if self._identity() != self._file:
            with self._opening:
                if self._identity() != self._file:
                    self._engine.dispose()
                    self._open()
                    self._replaced_at = time.monotonic()
                    log.error("%s", self.replaced)
        return _Transaction(self._engine, self.where, self._identity)

    @property
    def replaced(self) -> LabError | None:
        """What has become of the store, for an hour."""
        recent = time.monotonic() - self._replaced_at < REPLACED_SECONDS
        return LabError("store_replaced", path=self.where) if recent else None

    def close(self) -> None:
        for owner in list(self._held):
            self._held.pop(owner).close()
        self._engine.dispose()

    # writing

    def add(self, spec: RunSpec, fingerprint: str | None, owner: str = "", visitor: str = "", purpose: str = "") -> str:
        """A new queued run; returns its id."""
        run_id = uuid.uuid4().hex[:12]
        values = dict(id=run_id, fingerprint=fingerprint, status=QUEUED, spec=asdict(spec), created=time.time())
        with self._begin() as connection:
            connection.execute(_runs.insert().values(**values, owner=owner, visitor=visitor, purpose=purpose))
            _wish(connection, run_id, visitor)
        return run_id

    def wish(self, run_id: str, visitor: str) -> None:
        """`visitor` asks for a run that another one has asked for already."""
        with self._begin() as connection:
            _wish(connection, run_id, visitor)

    def withdraw(self, run_id: str, visitor: str, status: str) -> int:
        """`visitor` no longer asks for the run; returns how many others do.

        With nobody left, a run that has not ended gets the `status`.
        """
        own = (_wishes.c.run_id == run_id) & (_wishes.c.visitor == visitor)
        standing = (_wishes.c.run_id == run_id) & _wishes.c.stands
        with self._begin() as connection:
            connection.execute(_wishes.update().where(own).values(stands=False))
            left = connection.execute(sa.select(sa.func.count()).where(standing)).scalar_one()
            if not left:
                _move(connection, run_id, status)
        return left

    def set_status(self, run_id: str, status: str, reason: LabError | None = None) -> None:
        """Move a run that has not ended: one that has ended keeps its state, and one that is to stop does not start."""
        values = {} if reason is None else {"reason": {"code": reason.code, "values": reason.values}}
        with self._begin() as connection:
            _move(connection, run_id, status, **values)

    def add_epoch(self, run_id: str, values: Mapping[str, float]) -> None:
        row = dict(run_id=run_id, epoch=int(values["epoch"]), values=dict(values))
        same = (_epochs.c.run_id == run_id) & (_epochs.c.epoch == row["epoch"])
        with self._begin() as connection:
            connection.execute(_epochs.delete().where(same))  # it may be written a second time
            connection.execute(_epochs.insert().values(**row))

    def finish(self, record: RunRecord) -> None:
        values = dict(status=FINISHED, record=record.to_dict(), fingerprint=record.fingerprint, ended=time.time())
        # An interrupted run may come back with its result; one that was stopped or has failed stays so.
        open_ended = (_runs.c.id == record.run_id) & _runs.c.status.in_((*ACTIVE, INTERRUPTED))
        with self._begin() as connection:
            connection.execute(_runs.update().where(open_ended).values(**values))

    def take(self, records: Iterable[RunRecord], visitor: str) -> int:
        """Keep finished runs of another lab that are not here yet; returns how many there were."""
        taken = 0
        with self._begin() as connection:
            for record in records:
                if connection.execute(sa.select(_runs.c.id).where(_runs.c.id == record.run_id)).scalar() is None:
                    named = dict(id=record.run_id, visitor=visitor, purpose=TAKEN, owner="", created=time.time())
                    done = dict(status=FINISHED, ended=time.time(), fingerprint=record.fingerprint)
                    values = named | done | dict(spec=asdict(record.spec), record=record.to_dict())
                    connection.execute(_runs.insert().values(**values))
                    taken += 1
        return taken

    def remove(self, run_id: str, visitor: str) -> bool:
        """Forget a run that has ended and that `visitor` asked for, alone or first; returns whether it was theirs."""
        own = (_runs.c.id == run_id) & (_runs.c.visitor == visitor) & _runs.c.status.not_in(ACTIVE)
        with self._begin() as connection:
            gone = connection.execute(_runs.delete().where(own)).rowcount > 0
            if gone:
                connection.execute(_epochs.delete().where(_epochs.c.run_id == run_id))
                connection.execute(_wishes.delete().where(_wishes.c.run_id == run_id))
        if gone:
            self._records.pop(run_id, None)
            with contextlib.suppress(OSError):
                self.weights(run_id).unlink(missing_ok=True)
                self.timelapse(run_id).unlink(missing_ok=True)
        return gone

    def keep_weights(self, run_id: str, content: bytes, timelapse: bytes = b"") -> None:
        """Keep the weights of a run and, if there is one, its time-lapse, each file whole or not at all.

        Raises `OSError` where they cannot be written.
        """
        if timelapse:
            self._keep(self.timelapse(run_id), timelapse)
        self._keep(self.weights(run_id), content)

    def _keep(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            part.write_bytes(content)
            part.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise

    def restore(
        self, run_id: str, spec: RunSpec, status: str, owner: str, visitors: Iterable[str], purpose: str
    ) -> None:
        """Write down again a run that goes on, where the store has lost it or another process has given it up."""
        values = dict(id=run_id, status=status, spec=asdict(spec), created=time.time(), owner=owner, purpose=purpose)
        with self._begin() as connection:
            found = connection.execute(sa.select(_runs.c.status).where(_runs.c.id == run_id)).scalar()
            if found is None:
                visitors = list(visitors)
                connection.execute(_runs.insert().values(**values, visitor=visitors[0]))
                for visitor in visitors:
                    _wish(connection, run_id, visitor)
            elif found == INTERRUPTED:
                connection.execute(_runs.update().where(_runs.c.id == run_id).values(status=status, ended=None))

    def beat(self, owner: str) -> None:
        """`owner` is alive. The unfinished runs of owners who are silent, or whose process is gone, are interrupted."""
        self._hold(owner)
        now = time.time()
        with self._begin() as connection:
            connection.execute(_owners.delete().where(_owners.c.id == owner))
            connection.execute(_owners.insert().values(id=owner, heartbeat=now))
            self._interrupt_orphans(connection, now)

    def _interrupt_orphans(self, connection: sa.Connection, now: float) -> None:
        owners = connection.execute(sa.select(_owners.c.id)).scalars().all()
        gone = [owner for owner in owners if lifeline.is_abandoned(self._lifeline(owner))]
        connection.execute(_owners.delete().where(_owners.c.id.in_(gone)))
        recent = _owners.c.heartbeat.between(now - SILENCE_SECONDS, now + SILENCE_SECONDS)  # and no text
        orphaned = _runs.c.status.in_(ACTIVE) & _runs.c.owner.not_in(sa.select(_owners.c.id).where(recent))
        connection.execute(_runs.update().where(orphaned).values(status=INTERRUPTED, ended=now))
        for owner in gone:
            self._let_go(owner)

    def _lifeline(self, owner: str) -> Path:
        return self.home / "owners" / owner

    def _hold(self, owner: str) -> None:
        path = self._lifeline(owner)
        if not path.exists():
            self._let_go(owner)  # of a file that has been removed
            with contextlib.suppress(OSError, sqlite3.Error):  # without a lifeline, silence tells
                path.parent.mkdir(parents=True, exist_ok=True)
                self._held[owner] = lifeline.hold(path)

    def _let_go(self, owner: str) -> None:
        if owner in self._held:
            self._held.pop(owner).close()
        with contextlib.suppress(OSError):
            self._lifeline(owner).unlink(missing_ok=True)

    def leave(self, owner: str) -> None:
        """`owner` ends in an orderly way: what it has not finished is interrupted."""
        unfinished = _runs.c.status.in_(ACTIVE) & (_runs.c.owner == owner)
        with self._begin() as connection:
            connection.execute(_owners.delete().where(_owners.c.id == owner))
            connection.execute(_runs.update().where(unfinished).values(status=INTERRUPTED, ended=time.time()))
        self._let_go(owner)

    # reading

    def get(self, run_id: str) -> Run:
        with self._begin() as connection:
            row = connection.execute(sa.select(_runs).where(_runs.c.id == run_id)).mappings().first()
        if row is None:
            raise LabError("unknown_run", value=run_id)
        return _run(row)

    def find(self, fingerprint: str) -> RunRecord | None:
        """The finished run with this fingerprint, if there is one."""
        wanted = (_runs.c.fingerprint == fingerprint) & (_runs.c.status == FINISHED) & _trained_here
        with self._begin() as connection:
            rows = connection.execute(sa.select(_runs).where(wanted).order_by(_runs.c.ended)).mappings().all()
        return next((record for row in rows if (record := _run(row).record) is not None), None)

    def under_way(self, fingerprint: str, but: str) -> str | None:
        """The id of a run with this fingerprint that waits or is trained, by a living owner other than `but`."""
        recent = sa.select(_owners.c.id).where(_owners.c.heartbeat > time.time() - SILENCE_SECONDS, _owners.c.id != but)
        same = (_runs.c.fingerprint == fingerprint) & _runs.c.status.in_((QUEUED, RUNNING))
        with self._begin() as connection:
            return connection.execute(sa.select(_runs.c.id).where(same, _runs.c.owner.in_(recent))).scalar()

    def active(self, run_ids: Collection[str]) -> set[str]:
        """Those of these runs that have not ended."""
        if not run_ids:
            return set()
        query = sa.select(_runs.c.id).where(_runs.c.id.in_(run_ids), _runs.c.status.in_(ACTIVE))
        with self._begin() as connection:
            return set(connection.execute(query).scalars())

    def finished_ids(self) -> tuple[str, ...]:
        """The ids of the finished runs, oldest first; what came from another lab is shown, and counts nowhere."""
        with self._begin() as connection:
            return tuple(connection.execute(_finished).scalars())

    def records(self) -> list[RunRecord]:
        """What the finished runs measured, oldest first, each read once; those that cannot be read are left out."""
        ids = self.finished_ids()
        missing = [run_id for run_id in ids if run_id not in self._records]
        for start in range(0, len(missing), 500):  # databases limit the parameters of a query
            query = sa.select(_runs).where(_runs.c.id.in_(missing[start : start + 500]))
            with self._begin() as connection:
                self._records |= {row["id"]: _run(row).record for row in connection.execute(query).mappings()}
        return [record for run_id in ids if (record := self._records.get(run_id)) is not None]

    def runs(self, statuses: Iterable[str] = (), visitor: str | None = None, limit: int = 1000) -> list[Run]:
        """Newest first; of a `visitor`, all that they have asked for, also beside others."""
        query = _newest if visitor is None else _newest_of_visitor
        if statuses:
            query = query.where(_runs.c.status.in_(list(statuses)))
        values = {"limit": limit} | ({"visitor": visitor} if visitor is not None else {})
        with self._begin() as connection:
            return [_run(row) for row in connection.execute(query, values).mappings()]

    def unfinished(self, owner: str) -> dict[str, str]:
        """The states of an owner's runs without an end, by their ids; interrupted ones count."""
        mine = (_runs.c.owner == owner) & _runs.c.status.in_((*ACTIVE, INTERRUPTED))
        with self._begin() as connection:
            return {row.id: row.status for row in connection.execute(sa.select(_runs.c.id, _runs.c.status).where(mine))}

    def withdrawn(self, visitor: str) -> set[str]:
        """The unfinished runs that `visitor` has stopped asking for and that go on for others."""
        left = (_wishes.c.visitor == visitor) & ~_wishes.c.stands
        query = sa.select(_runs.c.id).join(_wishes, _wishes.c.run_id == _runs.c.id)
        with self._begin() as connection:
            return set(connection.execute(query.where(left, _runs.c.status.in_((QUEUED, RUNNING)))).scalars())

    def epochs(self, run_id: str) -> list[dict[str, float]]:
        query = sa.select(_epochs.c["values"]).where(_epochs.c.run_id == run_id).order_by(_epochs.c.epoch)
        with self._begin() as connection:
            rows = connection.execute(query).scalars().all()
        return [values for row in rows if (values := read_epoch(row)) is not None]

    def known_hash(self, dataset: str) -> str | None:
        """The content hash of a data set: from its file, or, for a download, as the last finished run saw it."""
        content = content_hash(dataset)
        if content is None:
            for record in reversed(self.records()):
                if record.spec.dataset == dataset and record.dataset_source == "download":
                    return record.dataset_hash
        return content

    def weights(self, run_id: str) -> Path:
        """Where the weights of a finished run are kept."""
        return self.home / "weights" / f"{run_id}.npz"

    def timelapse(self, run_id: str) -> Path:
        """Where the time-lapse of a finished run is kept: see `runs.timelapse`. Older runs have none."""
        return self.home / "weights" / f"{run_id}.timelapse.npz"

    def has_weights(self, run_id: str) -> bool:
        """Whether a finished run has left any, be it in the file of an older lab."""
        return self.weights(run_id).exists() or self.weights(run_id).with_suffix(".weights.h5").exists()

    def read_weights(self, run_id: str) -> bytes:
        """The weights of a finished run; raises `LabError` where no file of this lab has them."""
        try:
            return self.weights(run_id).read_bytes()
        except OSError as error:
            raise LabError("weights_older", value=run_id) from error


def _wish(connection: sa.Connection, run_id: str, visitor: str) -> None:
    own = (_wishes.c.run_id == run_id) & (_wishes.c.visitor == visitor)
    connection.execute(_wishes.delete().where(own))
    connection.execute(_wishes.insert().values(run_id=run_id, visitor=visitor, stands=True))


def _move(connection: sa.Connection, run_id: str, status: str, **values: Any) -> None:
    """Give a run that may still change another status."""
    if status == RUNNING:
        values["started"] = time.time()
    if status not in ACTIVE:
        values["ended"] = time.time()
    earlier = (QUEUED, RUNNING) if status in (QUEUED, RUNNING) else ACTIVE
    movable = (_runs.c.id == run_id) & _runs.c.status.in_(earlier)
    connection.execute(_runs.update().where(movable).values(status=status, **values))


class _Transaction:
    """A transaction whose database errors become one sentence with the store's place in it.

    One that ends in another file than it began in, as `identity` tells, may have been written into nothing.
    """

    def __init__(self, engine: sa.Engine, where: str, identity: Callable[[], Any] = lambda: None):
        self._context, self._where, self._identity, self._file = engine.begin(), where, identity, identity()

    def __enter__(self) -> sa.Connection:
        try:
            return self._context.__enter__()
        except exc.SQLAlchemyError as error:
            raise self._broken(error) from error

    def __exit__(self, kind, error, trace) -> None:
        try:
            self._context.__exit__(kind, error, trace)
        except exc.SQLAlchemyError as failure:
            raise self._broken(failure) from failure
        if isinstance(error, exc.SQLAlchemyError):
            raise self._broken(error) from error
        if error is None and self._identity() != self._file:
            raise LabError("store_replaced", path=self._where)

    def _broken(self, error: exc.SQLAlchemyError) -> LabError:
        reason = str(getattr(error, "orig", error))
        code = next((code for words, code in TROUBLES.items() if words in reason), "store_broken")
        return LabError(code, path=self._where, reason=reason)


def _close_to_others(home: Path) -> None:
    """Leave what the lab keeps to its owner alone; the folder itself where it holds nothing else."""
    there = list(home.iterdir())
    mine = [path for path in there if any(path.match(pattern) for pattern in OURS)]
    if mine == there:
        mine.append(home)
    for path in mine:
        with contextlib.suppress(OSError):  # another user's, or gone by now
            if path == home or not path.is_symlink():  # which leads to what others may need
                path.chmod(path.stat().st_mode & 0o700)


def _sqlite_settings(connection, _record) -> None:
    connection.execute(f"PRAGMA busy_timeout={1000 * LOCKED_SECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the writer


def _read_json(text: str) -> Any:
    """A damaged value stays text, which `_run` cannot read; an error here would hide the rows after it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _run(row: sa.RowMapping) -> Run:
    names = ("id", "fingerprint", "visitor", "purpose", "created", "started", "ended")
    known = {name: row[name] for name in names}
    status, reason, record = row["status"], read_reason(row["reason"]), None
    try:
        spec = read_spec(row["spec"], row["id"])
        if status not in (*ACTIVE, FINISHED, FAILED, STOPPED, INTERRUPTED):
            raise LabError("record_unreadable", value=row["id"], problem=f"status: {status}")
        if status == FINISHED:
            record = read_record(row["record"], row["id"])
    except LabError as error:
        spec, reason = spec_as_written(row["spec"]), error
        status = status if status in ACTIVE else UNREADABLE
    return Run(**known, status=status, spec=spec, record=record, reason=reason)
