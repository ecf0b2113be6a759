"""Draw plain text as a picture, and degrade it as scanners, cameras and faxes do. The bytes are always the same.

A page is a string. Its first line is the heading; a tab moves to the next column. Paper is A5 at 150 dots per
inch. The font is one of reportlab's. Noise is generated from a seed.
"""

import io
import random
from collections.abc import Sequence
from pathlib import Path

import reportlab
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

DOTS_PER_INCH = 150
PAGE_PIXELS = (874, 1240)
MARGIN_PIXELS = 70
LINE_HEIGHT_PIXELS = 38
HEADING = ("VeraBd.ttf", 30)
BODY = ("Vera.ttf", 22)
# Where each column of a tabbed line starts, as a share of the width between the margins.
COLUMN_STARTS = (0.0, 0.6, 0.8)
# Nearly the height of a capital letter, so that OCR cannot be sure of any character.
SMEARED_PIXELS = 16
_FONTS = Path(reportlab.__file__).parent / "fonts"


def draw_page(page: str) -> Image.Image:
    """Return a clean 8-bit greyscale picture of one page, black on white.

    Raises:
        ValueError: a line or the page is too long for the paper.
    """
    image = Image.new("L", PAGE_PIXELS, 255)
    pen = ImageDraw.Draw(image)
    lines = page.rstrip("\n").split("\n")
    if 2 * MARGIN_PIXELS + len(lines) * LINE_HEIGHT_PIXELS > PAGE_PIXELS[1]:
        raise ValueError(f"{len(lines)} lines do not fit on one page: put a form feed between two pages.")
    for number, line in enumerate(lines):
        font = _font(*(HEADING if number == 0 else BODY))
        _draw_line(pen, line, font, MARGIN_PIXELS + number * LINE_HEIGHT_PIXELS)
    return image


def scan(page: str, *, seed: int) -> Image.Image:
    """Return the page as from a flatbed scanner: slightly askew and soft, grainy, with clipped whites."""
    image = draw_page(page).rotate(0.3, resample=Image.Resampling.BICUBIC, fillcolor=255)
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    # As scanners do. It also lets a grainy page compress well.
    return _add_noise(image, amplitude=26, seed=seed).point(_clip_whites)


def photograph(page: str, *, seed: int) -> Image.Image:
    """Return the page as from a telephone: tilted by 1.5 degrees, lit from one corner, noisy and a little warm."""
    image = draw_page(page).filter(ImageFilter.GaussianBlur(0.7))
    image = image.rotate(1.5, resample=Image.Resampling.BICUBIC, fillcolor=225)
    image = _add_noise(ImageChops.multiply(image, _light_from_one_corner()), amplitude=22, seed=seed)
    return Image.merge(
        "RGB", (image, image.point(lambda value: value * 0.97), image.point(lambda value: value * 0.9))
    )


def shaken(page: str, *, seed: int) -> Image.Image:
    """Return the page as photographed with a moving hand: every stroke is smeared over its neighbours."""
    sharp = draw_page(page)
    image = sharp
    for step in range(1, SMEARED_PIXELS):
        # A running mean of the page at all its positions.
        image = Image.blend(image, ImageChops.offset(sharp, step, step), 1 / (step + 1))
    return _add_noise(image, amplitude=26, seed=seed).point(_clip_whites)


def fax(page: str, *, seed: int) -> Image.Image:
    """Return the page as from a fax machine: black or white and nothing between, with stray dots."""
    image = draw_page(page).point(lambda value: 255 if value > 140 else 0).convert("1")
    grains = random.Random(seed)
    for _ in range(250):
        image.putpixel((grains.randrange(PAGE_PIXELS[0]), grains.randrange(PAGE_PIXELS[1])), 0)
    return image


def as_png(image: Image.Image) -> bytes:
    """Return the picture as a PNG with its resolution."""
    return _encode([image], "PNG", optimize=True)


def as_jpeg(image: Image.Image, *, quality: int) -> bytes:
    """Return the picture as a JPEG with its resolution; quality runs from 1 to 95."""
    return _encode([image], "JPEG", quality=quality)


def as_tiff(frames: Sequence[Image.Image]) -> bytes:
    """Return black-and-white pictures as the frames of one TIFF, packed with Group 4 as fax servers do."""
    return _encode(frames, "TIFF", compression="group4")


def _encode(frames: Sequence[Image.Image], image_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": list(frames[1:])}
    frames[0].save(target, image_format, dpi=(DOTS_PER_INCH, DOTS_PER_INCH), **options)
    return target.getvalue()


def _font(file_name: str, size: int) -> ImageFont.FreeTypeFont:
    # The other layout engine depends on libraries of the machine.
    return ImageFont.truetype(_FONTS / file_name, size, layout_engine=ImageFont.Layout.BASIC)


def _draw_line(pen: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont, top: int) -> None:
    for start, cell in zip(COLUMN_STARTS, line.split("\t"), strict=False):
        left = MARGIN_PIXELS + start * (PAGE_PIXELS[0] - 2 * MARGIN_PIXELS)
        if left + font.getlength(cell) > PAGE_PIXELS[0] - MARGIN_PIXELS / 2:
            raise ValueError(f"This line does not fit on the page, break it: {line!r}")
        pen.text((left, top), cell, fill=20, font=font)


def _add_noise(image: Image.Image, *, amplitude: int, seed: int) -> Image.Image:
    grains = random.Random(seed)
    first, second = (
        Image.frombytes("L", image.size, grains.randbytes(image.width * image.height)) for _ in range(2)
    )
    # The mean of two uniform noises has most of its values near zero, as grain has.
    noise = ImageChops.add(first, second, scale=2).point(lambda value: 128 + (value - 128) * amplitude // 128)
    return ImageChops.add(image, noise, offset=-128)


def _clip_whites(value: int) -> int:
    return 255 if value >= 222 else value // 16 * 16


def _light_from_one_corner() -> Image.Image:
    # Pillow's gradient is black at the top; the two together leave the top left bright and the bottom right dim.
    downwards = Image.linear_gradient("L").resize(PAGE_PIXELS)
    sideways = Image.linear_gradient("L").rotate(90).resize(PAGE_PIXELS)
    return ImageChops.add(downwards, sideways, scale=2).point(lambda value: 250 - value * 80 // 255)
