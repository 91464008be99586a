"""Damaged pictures and data files, made at random: their readers answer or raise a `LabError`, and nothing else.

The suite tries a thousand; ``python tests/test_fuzz.py 50000`` tries so many and tells what became of them. An input
follows from its seed alone.
"""

import io
import struct
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pictures import PHOTOGRAPH, encoded
from PIL import Image

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tf_models.data import files, read_image
from tf_models.data.images import LONGEST
from tf_models.errors import LabError

KINDS = ("picture", "picture", "picture", "npz", "npz", "zip")  # in the proportion in which they are tried
EXTREMES = [bytes(4), b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\xff" * 3 + b"\x7f", b"\x80" + bytes(3), b"\x01" + bytes(3)]
WORDS = (
    b"-1",
    b"0",
    b"9" * 18,
    b"9" * 400,
    b"|O",
    b"<U0",
    b"<f8",
    b"True",
    b"((((",
    b"None",
    b"'",
    b"{",
    b"1e9",
    b"\0",
)


@cache
def pictures() -> tuple[bytes, ...]:
    """Of every format and mode that the lab reads, with the metadata of phones."""
    ramp = np.add.outer(np.arange(24) * 5, np.arange(32) * 4).astype(np.uint8)
    colour = Image.fromarray(np.stack([ramp, 255 - ramp, ramp], axis=-1))
    clear = Image.fromarray(np.stack([ramp, ramp, 255 - ramp, ramp], axis=-1))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "a phone", 72.0
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 1.5)
    moving = dict(save_all=True, append_images=[colour.rotate(90)], duration=100)
    made: list[tuple[Image.Image, str, dict]] = [
        *((colour, kind, dict(exif=exif)) for kind in ("PNG", "JPEG", "WEBP")),
        *((colour, kind, moving) for kind in ("PNG", "WEBP", "MPO")),
        *((image, "PNG", {}) for image in (clear, colour.quantize(8), clear.quantize(8), colour.convert("1"))),
        *((image, "PNG", {}) for image in (clear.convert("LA"), Image.fromarray(ramp.astype(np.uint16) * 257))),
        (colour.convert("L"), "PNG", dict(transparency=40)),
        (colour, "JPEG", dict(progressive=True, subsampling=0)),
        (colour.convert("CMYK"), "JPEG", {}),
        (clear, "WEBP", dict(lossless=True)),
    ]
    return tuple(encoded(image, kind, **options) for image, kind, options in made)


@cache
def arrays() -> dict[str, bytes]:
    """The members of a small .npz."""
    x, y = np.arange(30 * 64, dtype=np.uint8).reshape(30, 8, 8, 1), np.arange(30) % 3
    members = {}
    for version, (key, array) in enumerate(zip(files.ARRAYS, (x, y, np.asfortranarray(x[:9]), y[:9]), strict=True)):
        np.lib.format.write_array(file := io.BytesIO(), array, version=((1, 0), (1, 0), (2, 0), (3, 0))[version])
        members[f"{key}.npy"] = file.getvalue()
    return members


def packed(members: dict[str, bytes], method: int) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Up to four mutations: bits turned, a piece cut, doubled or taken from elsewhere, a field set to an extreme."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not content:
            break
        # mostly where headers are: at the beginning, and at the end where a .zip has its directory
        near = int(min(len(content) - 1, rng.exponential(60)))
        at = int(rng.choice([near, len(content) - 1 - near, rng.integers(len(content))], p=[0.5, 0.2, 0.3]))
        length = int(rng.exponential(20)) + 1
        match rng.integers(7):
            case 0:
                content = content[:at] + bytes([content[at] ^ (1 << rng.integers(8))]) + content[at + 1 :]
            case 1:
                content = content[:at] + rng.bytes(length) + content[at + length :]
            case 2:
                content = content[:at] if rng.random() < 0.3 else content[:at] + content[at + length :]
            case 3:
                content = content[:at] + content[max(0, at - length) :]
            case 4:
                other = pictures()[rng.integers(len(pictures()))]
                content = content[:at] + other[rng.integers(len(other)) :][:length] + content[at:]
            case 5:
                field = EXTREMES[rng.integers(len(EXTREMES))][: rng.integers(1, 5)]
                content = content[:at] + field + content[at + len(field) :]
            case 6:
                word = WORDS[rng.integers(len(WORDS))]
                content = content[:at] + word + content[at + (len(word) if rng.random() < 0.5 else 1) :]
    return content


def with_right_sums(png: bytes) -> bytes:
    """The PNG with the checksums of its chunks mended, so that a mutation gets further than to the first of them."""
    at, mended = 8, png[:8]
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4])
        if end + 4 > len(png):
            break
        mended += png[at:end] + struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return mended + png[at:]


def make(seed: int) -> tuple[str, bytes]:
    """(kind, content) of the input with this seed."""
    rng = np.random.default_rng(seed)
    kind = KINDS[rng.integers(len(KINDS))]
    if kind == "picture":
        whole = pictures()[rng.integers(len(pictures()))]
        content = damaged(PHOTOGRAPH if seed % 10 == 9 else whole, rng)
        return kind, with_right_sums(content) if content[:4] == b"\x89PNG" and rng.random() < 0.7 else content
    if kind == "npz":
        members = dict(arrays())
    else:
        members = {f"{label}/{i}.png": pictures()[(i + 5) % len(pictures())] for label in "ab" for i in range(10)}
    if inside := rng.random() < 0.6:  # a member is damaged and packed with its right sum, or else the archive
        names = list(members)
        for name in rng.choice(names, rng.integers(1, 3)):
            members[name] = damaged(members[name], rng)
    content = packed(members, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[rng.integers(2)])
    return kind, content if inside else damaged(content, rng)


def read(kind: str, content: bytes, folder: Path) -> str:
    """What became of it: "read", or the code of a `LabError`. Any other exception is a fault of the reader."""
    outcome = "read"
    if kind == "picture":
        try:
            pixels = read_image(content, "picture")
            assert pixels.dtype == np.uint8 and pixels.shape[2:] == (3,) and max(pixels.shape) <= LONGEST
        except LabError as error:
            outcome = error.code
        return outcome
    path = folder / f"data.{kind}"
    path.write_bytes(content)
    for reader in (files.contents, files.file_hash, files.read_file):
        try:
            reader(path)
        except LabError as error:
            outcome = error.code
    return outcome


# Of 40,000 inputs, 1,389 once raised something else: up to three of each fault.
REGRESSIONS = (
    *(83, 103, 153, 181, 265, 308, 354, 874, 1082, 11622, 22680, 12903, 17792),  # headers of arrays: TokenError
    *(17, 128, 306),  # a member that is no array at all: AttributeError
    *(599, 31636),  # a name of nothing in a .zip: IndexError
    *(10278, 35157),  # metadata of a type that cannot be written again: TypeError
    *(13055, 29283, 32514),  # pictures of a million columns
)


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_an_input_that_once_broke_a_reader_is_read_or_refused(seed, tmp_path):
    read(*make(seed), tmp_path)


def test_whatever_is_damaged_is_read_or_refused_in_words(tmp_path):
    outcomes = Counter()
    for seed in range(1000):
        kind, content = make(seed)
        outcomes[kind, read(kind, content, tmp_path)] += 1
    for kind in set(KINDS):  # the mutations are neither so mild nor so rough that nothing is tried
        assert outcomes[kind, "read"] >= 10 and sum(outcomes.values()) - outcomes[kind, "read"] >= 10, outcomes


def test_a_damaged_photograph_of_an_iphone_ends_no_process(tmp_path):
    """One library reads beside its file at the 353rd of these, which takes the whole server along."""
    outcomes = Counter(
        read("picture", damaged(PHOTOGRAPH, np.random.default_rng(seed)), tmp_path) for seed in range(1000)
    )
    assert outcomes["read"] >= 100 and outcomes["not_an_image"] >= 100


def main(count: int, first: int = 0) -> int:
    """Try so many inputs; the number of faults."""
    outcomes, faults, slowest = Counter(), Counter(), (0.0, 0)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            kind, content = make(seed)
            start = time.perf_counter()
            try:
                outcomes[kind, read(kind, content, Path(folder))] += 1
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                faults[kind, type(error).__name__, f"{Path(place.filename).name}:{place.lineno}"] += 1
                print(f"{seed}: {kind}: {type(error).__name__}: {error}"[:200])
            slowest = max(slowest, (time.perf_counter() - start, seed))
    for key, times in sorted(outcomes.items()) + sorted(faults.items()):
        print(f"{times:8,}  {', '.join(key)}")
    print(f"{sum(faults.values())} faults; the slowest took {slowest[0]:.2f} s (seed {slowest[1]})")
    return sum(faults.values())


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
