"""Images that visitors send, and photographs in a .zip: read safely, cut and resized."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tf_models.errors import LabError

MEGAPIXELS = 25  # the largest photo that is read
Image.MAX_IMAGE_PIXELS = None  # `read_image` checks the header against MEGAPIXELS, which is stricter


def read_image(content: bytes, name: str) -> np.ndarray:
    """An upload as upright RGB pixels, (H, W, 3) uint8.

    The size is read from the header and checked before a pixel is decoded: a PNG of a few kB can hold 50 megapixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; what cannot be read raises
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP"))
            megapixels = image.width * image.height / 1e6
            if megapixels > MEGAPIXELS:
                raise LabError("image_too_large", name=name, megapixels=megapixels, limit=MEGAPIXELS)
            image.draft("RGB", (1024, 1024))  # JPEG: decode a smaller picture right away
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to white
                image = Image.fromarray((np.asarray(image) / 257).astype(np.uint8))
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, LabError):
            raise
        raise LabError("not_an_image", name=name) from error


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
