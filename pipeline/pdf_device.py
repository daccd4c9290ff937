"""What pdfminer draws a page on: it keeps the letters with their places and nothing else.

A module of its own, because its base class is there only where pdfminer.six is installed.
"""

from __future__ import annotations

import re
from typing import Any

from pdfminer.converter import PDFLayoutAnalyzer
from pdfminer.layout import LTChar, LTPage
from pdfminer.pdfinterp import PDFResourceManager

from .pdf_lines import UNKNOWN, Glyph
from .rows import RowError

# How pdfminer writes a letter whose font does not say which it is.
_UNMAPPED = re.compile(r"\(cid:\d+\)")


class GlyphDevice(PDFLayoutAnalyzer):
    """Collects `Glyph`; raises RowError beyond ``glyphs`` letters or ``forms`` drawings a file."""

    def __init__(self, resources: PDFResourceManager, glyphs: int, forms: int) -> None:
        super().__init__(resources, laparams=None)
        self._glyphs_left, self._forms_left = glyphs, forms
        self._glyphs: list[Glyph] = []

    def take(self) -> list[Glyph]:
        """The letters since the last call."""
        glyphs, self._glyphs = self._glyphs, []
        return glyphs

    def render_char(self, *args: Any, **named: Any) -> float:
        """Called for each letter; gives its width, as the base class does."""
        self._glyphs_left -= 1
        if self._glyphs_left < 0:
            raise RowError("it draws more letters than a report can hold; split it")
        advance = super().render_char(*args, **named)
        char = self.cur_item._objs.pop()
        text = _text(char.get_text()) if isinstance(char, LTChar) and char.upright else ""
        if text:
            self._glyphs.append(Glyph(text, char.x0, char.x1, char.y0, char.y1))
        return advance

    def begin_figure(self, *args: Any) -> None:
        """Called for each drawing inside a page."""
        self._forms_left -= 1
        if self._forms_left < 0:
            raise RowError("it has too many drawings inside one another; save its text as .txt")
        super().begin_figure(*args)

    def paint_path(self, *_: Any) -> None:
        """Lines and areas are not kept."""

    def render_image(self, *_: Any) -> None:
        """Nor are pictures."""

    def receive_layout(self, _: LTPage) -> None:
        """The letters were taken as they were drawn."""


def _text(drawn: str) -> str:
    """What a letter says; nothing for the second half of a ligature, which some write as NUL."""
    if _UNMAPPED.fullmatch(drawn):
        return UNKNOWN
    return "".join(char for char in drawn if char.isprintable() or char.isspace())
