"""Images that visitors send: read whatever they are, upright, in little memory, and cut as a network takes them."""

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from conftest import ROOT
from pictures import PHOTOGRAPH, encoded, picture
from PIL import Image, ImageDraw

from tf_models.data import fit_image, read_image, square
from tf_models.errors import LabError


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_png_jpeg_and_webp_are_read(kind, mode):
    ramp = np.add.outer(np.arange(30) * 3, np.arange(40) * 4).astype(np.uint8)  # smooth: JPEG and WebP blur
    image = Image.fromarray(ramp if mode == "L" else np.stack([ramp, 255 - ramp, ramp], axis=-1))
    pixels = read_image(encoded(image, kind), "photo")
    assert pixels.shape == (30, 40, 3) and pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, np.asarray(image.convert("RGB")), atol=0 if kind == "PNG" else 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_that_a_phone_writes_down_is_applied(orientation):
    upright = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 20, 10), fill="red")  # top left
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert is_upright(read_image(encoded(stored, "JPEG", exif=exif, quality=95), "phone.jpg"))


def is_upright(pixels: np.ndarray) -> bool:
    """Whether it is 64×48, red at its top left and white elsewhere."""
    red = pixels[4, 8, 0] > 200 and pixels[4, 8, 1] < 80
    return pixels.shape == (48, 64, 3) and red and pixels[40, 8].min() > 200 and pixels[4, 56].min() > 200


def test_a_photograph_of_an_iphone_is_upright():
    """It says twice that it was taken on its side: in HEIF's own box, and in EXIF."""
    assert b"irot" in PHOTOGRAPH and b"Exif" in PHOTOGRAPH
    assert is_upright(read_image(PHOTOGRAPH, "IMG_0001.HEIC"))


def test_a_photo_of_24_megapixels_is_read_small():
    photo = encoded(Image.new("RGB", (6000, 4000), "navy"), "JPEG")
    pixels = read_image(photo, "photo.jpg")
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(1.5, abs=0.01)
    assert 1000 <= pixels.shape[1] <= 3000 and pixels[0, 0, 2] > 100
    assert fit_image(pixels, (32, 32, 3)).shape == (32, 32, 3)


def png(width: int, height: int, bits: int, colour: int, lines: bytes, transparent: bytes = b"") -> bytes:
    """A PNG of packed lines as they are; colour 0 is grey, 2 RGB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    header += chunk(b"tRNS", transparent) if transparent else b""
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def bare_png(width: int, height: int, bits: int = 1, colour: int = 0) -> bytes:
    """A black PNG that nobody had to hold in memory."""
    packer = zlib.compressobj(9)
    line = bytes(1 + (width * bits * (3 if colour == 2 else 1) + 7) // 8)
    pieces = [packer.compress(line) for _ in range(height)]
    return png(width, height, bits, colour, b"".join(pieces) + packer.flush())


@pytest.mark.parametrize(("width", "height", "megapixels"), [(10_000, 5_000, "50"), (20_000, 10_000, "200")])
def test_a_small_file_with_many_megapixels_is_refused_with_their_number(width, height, megapixels):
    content = bare_png(width, height)
    assert len(content) < 50_000
    with pytest.raises(LabError, match=f"bomb.png has {megapixels} megapixels.*up to 25 .* PNG") as caught:
        read_image(content, "bomb.png")
    assert caught.value.code == "image_too_large"


def test_a_picture_of_one_endless_line_is_refused():
    """Such a line is held three times while it is decoded."""
    with pytest.raises(LabError, match="line.png is 9000000 × 1 pixels.*65535"):
        read_image(bare_png(9_000_000, 1), "line.png")


def test_a_phones_48_megapixels_are_read_where_they_are_decoded_small():
    """A plain JPEG is decoded at an eighth; one of several scans is held as a whole before its first pixel."""
    plain = encoded(Image.new("L", (8064, 6048), 80), "JPEG")
    pixels = read_image(plain, "phone.jpg")
    assert pixels.shape == (768, 1024, 3) and abs(int(pixels[300, 300, 0]) - 80) <= 1
    two = dict(save_all=True, append_images=[Image.new("L", (60, 40))])  # as phones add a map of the light
    assert read_image(encoded(Image.new("L", (8064, 6048), 80), "MPO", **two), "phone.jpg").shape == (768, 1024, 3)
    progressive = encoded(Image.new("L", (8064, 6048), 80), "JPEG", progressive=True)
    one_by_one = bytearray(encoded(Image.new("RGB", (6000, 5000), "navy"), "JPEG"))
    one_by_one[one_by_one.index(b"\xff\xda") + 4] = 1  # the first scan has one component of three
    for content in (progressive, bytes(one_by_one)):
        with pytest.raises(LabError, match="megapixels.*up to 25 .* JPEG.*up to 200"):
            read_image(content, "phone.jpg")


PEAK = """
import re, sys, threading
from pathlib import Path
from tf_models.data import read_image

def memory(name):
    return int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000  # MB

content, before = sys.stdin.buffer.read(), memory("VmRSS")
read_image(content, "one")
one = memory("VmHWM") - before
threads = [threading.Thread(target=read_image, args=(content, "eight")) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(one, memory("VmHWM") - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells the peak of a process")
def test_25_megapixels_are_in_memory_once_however_many_visitors_send_them():
    """The faults: a copy of the whole for each step, 330 MB, and eight visitors at once, 2 GB."""
    content = bare_png(5000, 5000, 8, 2)
    run = [sys.executable, "-c", PEAK]
    printed = subprocess.run(run, input=content, capture_output=True, check=True, cwd=ROOT).stdout
    one, eight = map(float, printed.split())
    assert 90 < one < 130 and eight < 2 * 130


def test_a_large_picture_is_reduced_as_a_whole_would_be():
    """In tiles: the faults are seams, shifts, a lost last row, and what is transparent shining through."""
    rows, columns = np.mgrid[0:2300, 0:3100]
    colours = np.stack([rows // 10, columns // 14, (rows + columns) % 256, np.where(columns < 1500, 255, 0)], axis=-1)
    image = Image.fromarray(colours.astype(np.uint8))
    pixels = read_image(encoded(image, "PNG", compress_level=1), "large.png").astype(int)
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    expected = np.asarray(white.resize((1024, 760), Image.Resampling.LANCZOS)).astype(int)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected)[:, :490, :2].max() <= 3  # red and green run evenly
    assert pixels[:, 505:].min() == 255


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


NOT_IMAGES = {
    "pdf": encoded(picture(1), "PDF"),
    "eps": encoded(picture(1), "EPS"),
    "text": "Grüße".encode(),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "nothing": b"",
    "half a png": half(encoded(picture(1, 200, 200), "PNG")),
    "half a jpeg": half(encoded(picture(1, 200, 200), "JPEG")),
    "half a webp": half(encoded(picture(1, 200, 200), "WEBP", lossless=True)),
    "a png header": encoded(picture(1), "PNG")[:20],
    "a bad png": encoded(picture(1), "PNG").replace(b"IDAT", b"IDAX"),
}


@pytest.mark.parametrize("name", NOT_IMAGES)
def test_what_is_no_image_is_refused_with_what_to_send(name):
    with pytest.raises(LabError, match=f"{name} is not an image.*PNG, JPEG or WebP"):
        read_image(NOT_IMAGES[name], name)


def test_a_damaged_image_never_ends_in_anything_but_a_sentence():
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = encoded(picture(2, 60, 60), kind, exif=exif)
        for _ in range(150):
            content = bytearray(whole)
            for at in rng.integers(0, min(len(whole), 400), 3):
                content[at] = rng.integers(256)
            try:
                assert read_image(bytes(content), "damaged").ndim == 3
            except LabError as error:
                assert error.code in ("not_an_image", "image_too_large")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode):
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 10, 20))
    pixels = read_image(encoded(image.convert(mode), "PNG"), "logo.png")
    assert pixels[5, 15].tolist() == [255, 255, 255]
    assert pixels[5, 5].max() < 256 and pixels[5, 5].tolist() != [255, 255, 255]


def test_a_colour_that_a_png_calls_transparent_is_white_in_any_depth():
    """Two pixels each, the first of them transparent: PNG names the colour in its own bits, Pillow reads 8 of them."""
    cases = {
        "4 bits": png(2, 1, 4, 0, zlib.compress(bytes([0, 0x3C])), struct.pack(">H", 0x3)),
        "2 bits": png(2, 1, 2, 0, zlib.compress(bytes([0, 0b01110000])), struct.pack(">H", 1)),
        "1 bit": png(2, 1, 1, 0, zlib.compress(bytes([0, 0b01000000])), struct.pack(">H", 0)),
        "16 bits": png(2, 1, 16, 0, zlib.compress(b"\0" + struct.pack(">HH", 500, 60_000)), struct.pack(">H", 500)),
        "RGB of 16 bits": png(
            *(2, 1, 16, 2, zlib.compress(b"\0" + struct.pack(">6H", 9000, 0, 0, 50_000, 0, 50_000))),
            transparent=struct.pack(">3H", 9000, 0, 0),
        ),
    }
    second = {"4 bits": 204, "2 bits": 255, "1 bit": 255, "16 bits": 233, "RGB of 16 bits": 195}
    for name, content in cases.items():
        pixels = read_image(content, name)
        assert pixels[0, 0].tolist() == [255, 255, 255], name
        assert pixels[0, 1, 0] == second[name], name


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_read(kind):
    first, other = Image.new("RGB", (20, 20), (200, 30, 30)), Image.new("RGB", (20, 20), (0, 0, 200))
    content = encoded(first, kind, save_all=True, append_images=[other], duration=100, **LOSSLESS.get(kind, {}))
    pixels = read_image(content, "animation")
    assert pixels.shape == (20, 20, 3) and (pixels == (200, 30, 30)).all()


LOSSLESS = {"WEBP": dict(lossless=True)}


def test_a_picture_in_the_colours_of_print_or_of_a_palette_looks_like_itself():
    disc = Image.new("RGB", (40, 40), "white")
    ImageDraw.Draw(disc).ellipse((5, 5, 35, 35), fill=(200, 30, 30))
    pictures = {"CMYK": (disc.convert("CMYK"), "JPEG"), "grey": (disc.convert("L"), "JPEG")}
    pictures |= {"palette": (disc.quantize(8), "PNG"), "1 bit": (disc.convert("1"), "PNG")}
    middles = {"CMYK": (200, 30, 30), "grey": (81, 81, 81), "palette": (200, 30, 30)}
    for name, (image, kind) in pictures.items():
        pixels = read_image(encoded(image, kind, quality=95), name).astype(int)
        assert pixels[1, 1].min() > 250, name
        if name in middles:
            assert abs(pixels[20, 20] - middles[name]).max() <= 8, name
        else:
            assert set(pixels.ravel()) == {0, 255}


def test_metadata_that_cannot_be_read_leave_the_picture():
    """Phones write fields of odd types; only the orientation, 6, is wanted of them."""
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x011A, 10, 1, 38)
    odd = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + bytes(4) + struct.pack("<ii", -72, 1)
    stored = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(stored).rectangle((0, 38, 10, 48), fill="red")  # bottom left; held upright, top left
    pixels = read_image(encoded(stored, "JPEG", exif=odd, quality=95), "phone.jpg")
    assert pixels.shape == (64, 48, 3) and pixels[3, 3, 0] > 200 > 80 > pixels[3, 3, 1]


def test_a_16_bit_image_keeps_its_greys():
    ramp = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    pixels = read_image(encoded(Image.fromarray(ramp), "PNG"), "scan.png")
    np.testing.assert_allclose(pixels[..., 0], ramp / 257, atol=2)


def test_an_image_is_cut_to_the_models_proportions_and_size():
    wide = np.zeros((50, 100, 3), np.uint8)
    wide[:, 25:75] = (200, 100, 50)  # the middle square
    assert np.ptp(square(wide, 16).reshape(-1, 3), axis=0).max() <= 40  # the borders are cut off
    assert square(wide, 16).shape == (16, 16, 3)
    assert fit_image(wide, (24, 48, 3)).shape == (24, 48, 3)
    grey = fit_image(wide, (20, 12, 1))
    assert grey.shape == (20, 12, 1) and grey.dtype == np.uint8
    assert abs(int(grey[10, 6, 0]) - round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)) <= 2
