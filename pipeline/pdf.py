"""A .pdf -> its text: the text layer in reading order, its pages in the order of their numbers."""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from .blobs import Blob, Read, ReadOptions, draft, needs, read_whole
from .decode import repair, repairs
from .pdf_lines import UNKNOWN, Glyph, page_paragraphs, paragraph_text
from .report_day import published_from_name
from .rows import Fields, RowError

# What a file may draw and unpack; a page has a few thousand letters, in a few hundred kilobytes.
MAX_GLYPHS = 2_000_000
MAX_FORMS = 20_000  # drawings inside drawings, of which a few lines can make billions
MAX_UNPACKED = 2**28  # bytes of page descriptions and fonts
_MOST_UNMAPPED = 0.01
_NO_LETTERS = (
    "it has no text layer (pages that were scanned or drawn); run OCR on it and save it as .txt"
)
_NO_MAP = "its fonts do not say which letters they draw; run OCR on it and save it as .txt"
_NUMBER = re.compile(
    r"[\W_]*(?:صفحة|الصفحة|ص|page|p)?[\s.:]*(\d{1,4})(?:\s*(?:/|من|of)\s*\d{1,4})?[\W_]*",
    re.IGNORECASE,
)
_LONGEST_NUMBER = 40  # characters of such a line
_MOVED = "Its pages stood in another order than their numbers; they were put in the order of these."
# A line at the head or foot of so many pages, and of this share of them, is no part of the text.
_RUNNING_PAGES, _RUNNING_SHARE = 3, 0.6


def read_pdf(blob: Blob, options: ReadOptions) -> Read:
    """The one report that a .pdf is. Raises RowError where it has no text or a package lacks."""
    data = read_whole(blob, options.max_document_bytes)
    pages, moved = in_order(pdf_pages(data, options.max_pages))
    raw = "\n".join(paragraph for page in without_running_heads(pages) for paragraph in page)
    if not raw.strip():
        raise RowError(_NO_LETTERS)
    text = repair(raw)
    fields = Fields(
        text=text,
        published=published_from_name(Path(blob.name).name),
        repairs=((_MOVED,) if moved else ()) + repairs(raw, text),
    )
    yield draft(blob, fields, options)


def pdf_pages(data: bytes, max_pages: int) -> list[list[str]]:
    """The paragraphs of each page. Raises RowError for one without letters, or with too many."""
    glyphs = list(_glyphs_of_pages(data, max_pages))
    letters = [glyph for page in glyphs for glyph in page]
    unmapped = sum(glyph.text == UNKNOWN for glyph in letters)
    if not letters:
        raise RowError(_NO_LETTERS)
    if unmapped > _MOST_UNMAPPED * len(letters):
        raise RowError(_NO_MAP)
    pages = [page_paragraphs(page) for page in glyphs]
    # Programs either write brackets as they are seen or as they are read, throughout a file.
    readings = [
        [[paragraph_text(lines, mirror) for lines in page] for page in pages]
        for mirror in (True, False)
    ]
    return min(readings, key=lambda found: sum(map(_unpaired, chain.from_iterable(found))))


def _unpaired(paragraph: str) -> int:
    """How many brackets of ``paragraph`` close what was not opened, or are left open."""
    opened = unpaired = 0
    for char in paragraph:
        if char in "([«{":
            opened += 1
        elif char in ")]»}":
            unpaired += not opened
            opened -= opened > 0
    return unpaired + opened


def in_order(pages: Sequence[list[str]]) -> tuple[list[list[str]], bool]:
    """``pages`` without page numbers and by them; whether that moved one.

    Numbers count as such only where every page has one in its first or last line and they follow
    one another without a gap. Otherwise the pages come back as they are.
    """
    numbered = [_number(page) for page in pages]
    numbers = [found[0] for found in numbered if found]
    if len(pages) < 2 or len(numbers) < len(pages):
        return list(pages), False
    if sorted(numbers) != list(range(min(numbers), min(numbers) + len(pages))):
        return list(pages), False
    bare = [
        [*page[:at], *page[at + 1 :]]
        for page, (_, at) in zip(pages, filter(None, numbered), strict=True)
    ]
    order = sorted(range(len(pages)), key=lambda index: numbers[index])
    return [bare[index] for index in order], numbers != sorted(numbers)


def _number(page: Sequence[str]) -> tuple[int, int] | None:
    """The number of a page and the index of the line that says it: the last one, or the first."""
    for at in (len(page) - 1, 0) if page else ():
        match = _NUMBER.fullmatch(page[at]) if len(page[at]) <= _LONGEST_NUMBER else None
        if match:
            return int(match[1]), at
    return None


def without_running_heads(pages: Sequence[list[str]]) -> list[list[str]]:
    """``pages`` without the first or last line that most of them share, which stays once."""
    pages = [list(page) for page in pages]
    for end in (0, -1):
        counts = Counter(page[end] for page in pages if len(page) > 1)
        for line, count in counts.items():
            if count >= max(_RUNNING_PAGES, _RUNNING_SHARE * len(pages)):
                same = [page for page in pages if len(page) > 1 and page[end] == line]
                for page in same[1:]:
                    del page[end]
    return pages


class _BoundedZlib:
    """Stands in for zlib in pdfminer: it unpacks what it can, up to a limit for each file."""

    error = zlib.error
    decompressobj = staticmethod(zlib.decompressobj)

    def __init__(self) -> None:
        self.left = 0

    def decompress(self, data: bytes) -> bytes:
        unpacker, unpacked = zlib.decompressobj(), b""
        try:
            unpacked = unpacker.decompress(data, self.left + 1)
        except zlib.error:
            unpacked = _sound_part(data, self.left + 1)
        self.left -= len(unpacked)
        if self.left < 0:
            raise RowError(
                f"its pages unpack to more than {MAX_UNPACKED:,} bytes, and it may be made to fill"
                " a machine; save its text as .txt"
            )
        return unpacked


def _sound_part(data: bytes, limit: int) -> bytes:
    """What can be unpacked of damaged ``data``, by pieces of 256 bytes."""
    unpacker, parts, size = zlib.decompressobj(), [], 0
    try:
        for at in range(0, len(data), 256):
            parts.append(unpacker.decompress(data[at : at + 256], max(limit - size, 1)))
            size += len(parts[-1])
            if size >= limit:
                break
    except zlib.error:
        pass
    return b"".join(parts)


_zlib = _BoundedZlib()


def _glyphs_of_pages(data: bytes, max_pages: int) -> Iterator[list[Glyph]]:
    """The upright letters of each page, with their places."""
    with needs("pdfminer.six"):
        from pdfminer import pdftypes
        from pdfminer.pdfdocument import PDFDocument
        from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
        from pdfminer.pdfpage import PDFPage
        from pdfminer.pdfparser import PDFParser

        from .pdf_device import GlyphDevice

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # What it can't read, we say.
    setattr(pdftypes, "zlib", _zlib)  # noqa: B010 (mypy takes it for the module itself)
    _zlib.left = MAX_UNPACKED
    document = PDFDocument(PDFParser(io.BytesIO(data)))
    resources = PDFResourceManager()
    device: Any = GlyphDevice(resources, MAX_GLYPHS, MAX_FORMS)
    interpreter = PDFPageInterpreter(resources, device)
    for number, page in enumerate(PDFPage.create_pages(document), start=1):
        if number > max_pages:
            raise RowError(
                f"it has more than {max_pages:,} pages, too long for one report; split it"
            )
        interpreter.process_page(page)
        yield device.take()
