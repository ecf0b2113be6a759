"""Images as pages: checked, upright, in RGB on white."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy
from PIL import Image, ImageOps

from emulators.document_intelligence.service_errors import (
    CORRUPT,
    DIMENSIONS,
    ServiceError,
    invalid_request,
    too_complex,
)

SHORTEST_SIDE, LONGEST_SIDE = 50, 10_000
# Scans have up to 600 pixels for each byte of their file. An image with more, and this many pixels, is a bomb.
MOST_PIXELS, MOST_PIXELS_PER_BYTE = 1_000_000_000, 2_000
# Pillow warns above this, and refuses twice as much. The service's own limit is checked first.
Image.MAX_IMAGE_PIXELS = LONGEST_SIDE * LONGEST_SIDE


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open an image file without decoding it, and close it at the end of the block.

    Raises:
        ServiceError: it is corrupt, or its size is out of range.
    """
    with _decoding():
        image = Image.open(path, formats=("PNG", "JPEG", "TIFF", "BMP"))
        check_dimensions(image)
    with image:
        yield image


@contextmanager
def _decoding() -> Iterator[None]:
    """Turn what Pillow raises for bad data into the service's error."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise invalid_request("InvalidContentDimensions", DIMENSIONS) from error
    except (ServiceError, MemoryError):
        raise
    except Exception as error:  # Pillow lets through any exception of its decoders, including TypeError.
        raise invalid_request("InvalidContent", CORRUPT) from error


def check_dimensions(image: Image.Image) -> None:
    """Refuse images that the service would refuse.

    Raises:
        ServiceError: InvalidContentDimensions.
    """
    if min(image.size) < SHORTEST_SIDE or max(image.size) > LONGEST_SIDE:
        raise invalid_request("InvalidContentDimensions", DIMENSIONS)


def frame_count(image: Image.Image) -> int:
    """Return the number of pages: all frames of a TIFF, one for the rest (an animation is one picture).

    Raises:
        ServiceError: the file is broken.
    """
    with _decoding():
        return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def check_frames(image: Image.Image, numbers: Iterable[int], file_bytes: int) -> None:
    """Refuse frames that are, by their headers, far larger than the file allows.

    Raises:
        ServiceError: a frame is too complex, its size is out of range, or its header is broken.
    """
    pixels = 0
    with _decoding():
        for number in numbers:
            image.seek(number - 1)
            check_dimensions(image)
            pixels += image.width * image.height
    if pixels > max(MOST_PIXELS, MOST_PIXELS_PER_BYTE * file_bytes):
        raise too_complex()


def load_frame(image: Image.Image, number: int) -> Image.Image:
    """Return page `number` (from 1) upright, in RGB, transparency as white.

    Raises:
        ServiceError: the frame's size is out of range, or its data are broken.
    """
    with _decoding():
        image.seek(number - 1)
        check_dimensions(image)
        upright = ImageOps.exif_transpose(image)
        upright.load()
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _to_8_bit(upright)
    if "A" in upright.mode or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return upright.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    values = numpy.asarray(image).astype("float32")
    scaled = values * (255 / max(float(values.max()), 255.0))
    return Image.fromarray(scaled.clip(0, 255).astype("uint8"))
