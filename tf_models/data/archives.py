"""Archives from outside, a .zip or a .npz: checked before anything is unpacked, their names read as they were meant."""

import math
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import chardet
import numpy as np

from tf_models.errors import LabError

MOST_MEMBERS = 200_000
# GB that a file may unpack to: arrays are in memory as a whole, photographs one at a time.
UNPACKED = {".npz": 2, ".zip": 20}
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd", 96: "JPEG"}  # of packing
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
UTF8 = 0x800  # the flag of a name in UTF-8
UNICODE_PATH = 0x7075  # Info-ZIP's field with the name in UTF-8
# Of DOS and Windows, of one country after another.
CODE_PAGES = ("utf-8", "cp437", "cp1252", "cp866", "cp1251", "gb18030", "big5", "cp932", "cp949")


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive that the lab can read, be it a .zip or a .npz. Whatever is wrong with it is a `LabError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries, limit = archive.infolist(), UNPACKED[path.suffix.lower()]
            if len(entries) > MOST_MEMBERS:
                raise LabError("file_members", name=path.name, value=len(entries), limit=MOST_MEMBERS)
            if (size := sum(entry.file_size for entry in entries)) > limit * 10**9:
                raise LabError("file_huge", name=path.name, size=size / 1e9, limit=limit)
            for entry in entries:
                if entry.flag_bits & 1:
                    raise LabError("file_encrypted", name=path.name, entry=entry.filename)
                if entry.compress_type not in READABLE and not entry.is_dir():
                    method = METHODS.get(entry.compress_type, f"method {entry.compress_type}")
                    raise LabError("file_method", name=path.name, entry=entry.filename, method=method)
            yield archive
    except LabError:
        raise
    except Exception as error:  # archives are bytes from outside: modules raise what they happen to raise
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> LabError:
    """The error of a file that is no archive, or cannot be opened at all."""
    code = "file_archive" if path.suffix.lower() == ".zip" else "file_unreadable"
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return LabError(code, name=path.name, reason=reason)


def places(archive: zipfile.ZipFile) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """The files of an archive with their paths; those that lead out of it are passed over.

    Some tools of Windows write back-slashes; names without a flag are in the code page of whoever packed them.
    """
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    found = []
    for entry, name in zip(entries, _names(entries), strict=True):
        place = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")).lstrip("/"))
        if ".." not in place.parts and place.parts:
            found.append((place, entry))
    return sorted(found, key=lambda row: str(row[0]))


def _names(entries: list[zipfile.ZipInfo]) -> list[str]:
    told = [entry.filename if entry.flag_bits & UTF8 else _unicode_path(entry) for entry in entries]
    raw = [entry.orig_filename.encode("cp437", "replace") for entry in entries]
    codec = code_page(b"\n".join(own for own, name in zip(raw, told, strict=True) if name is None))
    return [name if name is not None else own.decode(codec) for own, name in zip(raw, told, strict=True)]


def code_page(names: bytes) -> str:
    """What names, one a line, were written in that zipfile takes for those of DOS."""
    foreign = dict.fromkeys(part for part in re.split(rb"[\\/\n]", names) if not part.isascii())
    found = chardet.detect(b"\n".join(foreign), include_encodings=CODE_PAGES, compat_names=False)["encoding"]
    try:
        names.decode(found or "")
    except (LookupError, UnicodeDecodeError):  # in which every byte is a letter
        return "cp437"
    return str(found)


def _unicode_path(entry: zipfile.ZipInfo) -> str | None:
    """The name in Info-ZIP's field, if the entry has one."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == UNICODE_PATH and length > 5:
            return extra[9 : 4 + length].decode("utf-8", "replace")  # after a version and a checksum
        extra = extra[4 + length :]
    return None


@dataclass(frozen=True)
class Header:
    """What a .npy file says of its array, whose data come next."""

    shape: tuple[int, ...]
    by_columns: bool  # the first axis runs fastest
    dtype: np.dtype


def read_header(file: IO[bytes], size: int) -> Header:
    """The header of a .npy file of so many bytes; a `ValueError` where they cannot hold the array that it promises."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if dtype.hasobject:  # unpickling them could run anything
        raise ValueError("an array of Python objects")
    if not all(0 <= length < 2**31 for length in shape) or not dtype.itemsize:
        raise ValueError(f"an array of {len(shape)} axes and impossible size")
    if math.prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"its header promises {shape} {dtype}, more than follows")
    return Header(shape, by_columns and len(shape) > 1, dtype)


def header(archive: zipfile.ZipFile, key: str) -> Header:
    """Of the array `key` of a .npz."""
    with archive.open(f"{key}.npy") as file:
        return read_header(file, archive.getinfo(f"{key}.npy").file_size)


def read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    """An array, once its header is known to tell the truth: NumPy makes room for what it promises."""
    header(archive, key)
    with archive.open(f"{key}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)
