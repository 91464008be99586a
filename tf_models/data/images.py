"""Images that visitors send, and photographs in a .zip: read safely and in little memory, cut and resized."""

import io
import threading
import warnings
from typing import Any

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageOps

from tf_models.errors import LabError

LONGEST = 1024  # pixels; no network takes more than 256
SIDE = 65_535  # pixels; a line of a PNG is held three times
# Megapixels of the largest picture that is read, such that one needs at most 200 MB while it is decoded.
MEGAPIXELS = {"WEBP": 12, "JPEG2000": 12, "TIFF": 12}  # of other formats:
MOST_MEGAPIXELS = 25
# What people have pictures in, HEIF by pillow-heif: no program, no document, no stub for another library.
FORMATS = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "ICO", "ICNS", "PPM", "TGA", "PCX"),
    *("SGI", "QOI", "DDS", "PSD", "XBM", "XPM", "HEIF"),
)
_SUFFIXES = """
    png apng jpg jpeg jpe jfif mpo webp gif bmp dib tif tiff avif avifs heic heif hif jp2 j2k jpf jpx ico icns ppm pgm
    pbm pnm tga pcx sgi rgb bw qoi dds psd xbm xpm
"""
SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
PLAIN_JPEG = 200  # megapixels; decoded line by line, at an eighth of its sides
pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # `read_image` checks the header against its own limits, which are stricter
UPRIGHT = {  # EXIF orientation → what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_decoding = threading.Lock()  # thirty visitors may send large pictures at once; one at a time is in memory


def read_image(content: bytes, name: str, longest: int = LONGEST) -> np.ndarray:
    """A picture as upright RGB pixels, (H, W, 3) uint8, the longest side at most `longest`; transparent is white.

    The size is read from the header and checked before a pixel is decoded: a PNG of a few kB can hold 50 megapixels.
    Whatever is wrong with the bytes, the error is a `LabError`.
    """
    try:
        with _decoding, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; what cannot be read raises
            return np.asarray(_decode(content, name, longest))
    except LabError:
        raise
    except Exception as error:  # decoders meet bytes that nobody foresaw, and raise what they happen to raise
        raise LabError("not_an_image", name=name) from error


def _decode(content: bytes, name: str, longest: int) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        _check_size(image, content, name)
        image.draft(None, _within(image.size, 2 * longest))  # JPEG: decode a smaller picture right away
        _scale_transparency(image)
        small = _reduced(image, longest)
        turn = UPRIGHT.get(_orientation(image))
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return small if turn is None else small.transpose(turn)


def _check_size(image: Image.Image, content: bytes, name: str) -> None:
    kind = "JPEG" if image.format == "MPO" else str(image.format)  # MPO: a JPEG with a second picture behind it
    plain = kind == "JPEG" and _in_one_scan(content)
    limit = PLAIN_JPEG if plain else MEGAPIXELS.get(kind, MOST_MEGAPIXELS)
    megapixels = image.width * image.height / 1e6
    if megapixels > limit:
        raise LabError("image_too_large", name=name, megapixels=megapixels, kind=kind, limit=limit, most=PLAIN_JPEG)
    if max(image.size) > SIDE:
        raise LabError("image_too_long", name=name, width=image.width, height=image.height, limit=SIDE)


def _scale_transparency(image: Image.Image) -> None:
    """A PNG names its transparent colour in its own 2, 4 or 16 bits; Pillow makes 8 of the pixels alone."""
    tiles, colour = getattr(image, "tile", ()), image.info.get("transparency")  # WebP has none yet
    bits = tiles[0].args if tiles else ""
    if bits in ("L;2", "L;4") and isinstance(colour, int):
        image.info["transparency"] = colour * (85 if bits == "L;2" else 17)
    if bits == "RGB;16B" and isinstance(colour, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in colour)


def _in_one_scan(jpeg: bytes) -> bool:
    """Whether a JPEG can be decoded line by line; of another kind every coefficient is held until the last scan."""
    at, components = 2, 0
    while jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker in (0xC0, 0xC1):  # start of a frame that is not progressive
            components = jpeg[at + 9]
        if marker == 0xDA:  # start of the first scan
            return jpeg[at + 4] == components
        at += 2 + length
    return False


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A size of the same proportions that is at least `longest` on its longest side, or the whole size."""
    factor = max(1, max(size) // longest)
    return max(1, size[0] // factor), max(1, size[1] // factor)


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """The picture in RGB with its longest side below twice `longest`.

    Made of tiles: to convert a large picture as a whole would hold it several times.
    """
    factor, most = max(1, max(image.size) // longest), _brightest(image)
    side = factor * max(1, 1024 // factor)  # of a tile
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, side):
        for left in range(0, image.width, side):
            box = (left, top, min(left + side, image.width), min(top + side, image.height))
            small.paste(_rgb(image.crop(box), most).reduce(factor), (left // factor, top // factor))
    return small


def _brightest(image: Image.Image) -> float:
    """What is white in a picture of more than 8 bits of grey: all that the bits hold that its brightest point needs.

    Cameras and scanners write 10, 12 or 14 bits into 16.
    """
    if not image.mode.startswith(("I", "F")):
        return 255
    extremes: Any = image.getextrema()
    high = float(extremes[1])
    if image.mode == "F":
        return high if high > 1 else 1.0
    return 2 ** max(8, int(high).bit_length()) - 1


def _rgb(image: Image.Image, most: float) -> Image.Image:
    """A picture of any mode in RGB, what is transparent on white; `most` is white in greys of more than 8 bits."""
    if image.mode.startswith(("I", "F")):  # Pillow would clip them to white
        levels = np.asarray(image)
        grey = np.clip(levels * (255 / most), 0, 255).astype(np.uint8)
        grey[levels == image.info.get("transparency")] = 255
        image = Image.fromarray(grey)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _orientation(image: Image.Image) -> Any:
    """How a phone says that it was held; None where its metadata cannot be read, which leaves the picture itself."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        hash(orientation)
        return orientation
    except Exception:  # as above: metadata are bytes from outside, too
        return None


def square(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square of an (H, W, 3) image, resized to (side, side, 3)."""
    picture = ImageOps.fit(Image.fromarray(image), (side, side), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def fit_image(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """An upload as the model takes it: middle crop of the model's proportions, its size, grey for 1 channel."""
    height, width, channels = shape
    picture = Image.fromarray(image)
    if channels == 1:
        picture = picture.convert("L")
    picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(shape)
