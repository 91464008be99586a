"""Whether the process behind a file still lives: a lock that ends with its holder, however that ends.

The lock is SQLite's own on an empty file: it holds wherever the run store does, also between containers.
"""

import sqlite3
from pathlib import Path


def hold(path: Path) -> sqlite3.Connection:
    """Lock a file until the connection is closed or the process is gone; raises `sqlite3.Error` where that fails."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_abandoned(path: Path) -> bool:
    """Whether nobody holds the file any more. One that is not there says nothing: it may be on another machine."""
    if not path.exists():
        return False
    try:
        hold(path).close()
    except sqlite3.Error:
        return False
    return True
