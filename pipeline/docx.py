"""A .docx -> its text: one line a paragraph, cells of a table row parted by tabs.

The file is a .zip of XML. It is parsed with the standard library's expat, which keeps no tree, so
nesting costs nothing; a document type, which Word never writes and every XML attack needs, ends it.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import cast
from xml.parsers import expat

from .blobs import Blob, Read, ReadOptions, draft, metered, read_whole
from .decode import repair, repairs
from .report_day import published_from_name
from .rows import Fields, RowError

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main "
_BODY = "word/document.xml"
# Text that was struck out under track changes, and the second copy of what is in a text box.
_SKIPPED = {"del", "moveFrom", "Fallback", "instrText", "delText"}
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def read_docx(blob: Blob, options: ReadOptions) -> Read:
    """The one report that a .docx is. Raises RowError, BadZipFile, ExpatError."""
    raw = docx_text(read_whole(blob, options.max_document_bytes), blob, options)
    text = repair(raw)
    if not text.strip():
        raise RowError("it holds no text, maybe only pictures; save what it says as .txt")
    published = published_from_name(Path(blob.name).name)
    yield draft(blob, Fields(text=text, published=published, repairs=repairs(raw, text)), options)


def docx_text(data: bytes, blob: Blob, options: ReadOptions) -> str:
    """The text of the .docx ``data``; what it unpacks to is taken from the budget of ``blob``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if _BODY not in archive.namelist():
            raise RowError("it is no Word document (it has no word/document.xml); check its type")
        with metered(cast(io.BufferedIOBase, archive.open(_BODY)), blob.budget) as stream:
            xml = stream.read(options.max_document_bytes + 1)
    if len(xml) > options.max_document_bytes:
        raise RowError("its text unpacks to more than a report can hold; split it")
    return _Collector().read(xml)


class _Collector:
    """Takes the text of paragraphs from a stream of XML events."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._skipped = self._text = self._cells = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, xml: bytes) -> str:
        """The text of the document ``xml``, without empty lines at its ends."""
        self._parser.Parse(xml, True)
        return "".join(self._parts).strip("\n")

    def _doctype(self, *_: object) -> None:
        raise RowError(
            "it declares a document type, as Word never does and as attacks do; save it as .txt"
        )

    def _start(self, name: str, _: object) -> None:
        tag = _local(name)
        self._skipped += tag in _SKIPPED
        self._text += tag == "t"
        self._cells += tag == "tc"
        if tag in _BREAKS and not self._skipped and name.startswith((_W, _STRICT)):
            self._parts.append(_BREAKS[tag])

    def _end(self, name: str) -> None:
        tag = _local(name)
        self._skipped -= tag in _SKIPPED
        self._text -= tag == "t"
        self._cells -= tag == "tc"
        if tag == "p" and not self._skipped:
            self._parts.append(" " if self._cells else "\n")
        elif tag == "tc":
            self._parts.append("\t")
        elif tag == "tr":
            self._parts.append("\n")

    def _characters(self, text: str) -> None:
        if self._text and not self._skipped:
            self._parts.append(text)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
