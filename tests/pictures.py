"""Pictures of noise, and pictures as files."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOGRAPH = Path(__file__).with_name("photograph.heic").read_bytes()  # 64×48, as an iPhone held upright writes it


def picture(seed: int, width: int = 40, height: int = 30) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
