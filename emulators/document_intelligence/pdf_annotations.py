"""The text that people typed into a PDF: values of form fields, free text, comments.

Most of it has an appearance, which becomes part of the page. The rest is read from the annotation itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_WITHOUT_TEXT = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)
_TYPED_FIELDS = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_IS_PASSWORD = 1 << 13


@dataclass(frozen=True)
class Annotation:
    """A visible annotation with text; `rectangle` is left, bottom, right and top in points."""

    text: str
    rectangle: tuple[float, float, float, float]


def read_annotations(page: Any) -> list[Annotation]:
    """Return the texts of an open page's fields and annotations."""
    found = []
    for index in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        handle = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if handle:
            found += list(_annotation(handle, page.formenv))
            pdfium.FPDFPage_CloseAnnot(handle)
    return found


def draw_annotations(page: Any) -> bool:
    """Make annotations part of their page. Returns whether there were any: then the page must be opened again."""
    if not pdfium.FPDFPage_GetAnnotCount(page.raw):
        return False
    return bool(pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)


def are_shown(text_page: Any, annotation: Annotation) -> bool:
    """Return whether the text page of the flattened page has the text of an annotation at its place."""
    left, bottom, right, top = annotation.rectangle
    shown = _string(
        lambda buffer, size: (
            2 * pdfium.FPDFText_GetBoundedText(text_page, left, top, right, bottom, buffer, size // 2)
        )
    )
    return " ".join(annotation.text.split()) in " ".join(shown.split())


def _annotation(handle: Any, form: Any) -> Iterator[Annotation]:
    kind = pdfium.FPDFAnnot_GetSubtype(handle)
    if kind in _WITHOUT_TEXT or pdfium.FPDFAnnot_GetFlags(handle) & _HIDDEN:
        return
    text = _field_value(handle, form) if kind == pdfium.FPDF_ANNOT_WIDGET else _contents(handle)
    corners = pdfium.FS_RECTF()
    if text.strip() and pdfium.FPDFAnnot_GetRect(handle, corners):
        yield Annotation(text, (corners.left, corners.bottom, corners.right, corners.top))


def _contents(handle: Any) -> str:
    return _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(handle, b"Contents", buffer, size))


def _field_value(handle: Any, form: Any) -> str:
    if form is None or pdfium.FPDFAnnot_GetFormFieldType(form, handle) not in _TYPED_FIELDS:
        return ""
    if pdfium.FPDFAnnot_GetFormFieldFlags(form, handle) & _IS_PASSWORD:
        return ""
    return _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, handle, buffer, size))


def _string(get: Callable[[Any, int], int]) -> str:
    """Return a string of PDFium. The first call gets its size in bytes, the second its UTF-16."""
    size = get(None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    get(buffer, size)
    return bytes(buffer)[:size].decode("utf-16-le", "replace").split("\0")[0]
