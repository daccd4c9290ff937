"""Mails (.eml) and mail boxes (.mbox) -> a report a message, and the files that hang on it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import cast

from .blobs import Blob, Opened, ReadOptions, draft, read_whole, reject, too_long
from .decode import decode, repair_both, repairs, writable
from .pages import page_fields
from .rows import Fields, RowError, published_iso

# A message of a box begins at such a line, at the top of the file or after an empty line.
_FROM = re.compile(rb"From \S.{0,200}?\d\d:\d\d")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
# Logos, signatures, invitations: attachments that hold no report and are left without a reject.
_NO_REPORT = re.compile(
    r"(image|audio|video|font)/|text/calendar|text/x?-?vcard|application/(pgp|pkcs7|x-pkcs7|ics)"
)
_NO_TEXT = "it holds no text and no file; leave it out"


def read_mail(blob: Blob, options: ReadOptions) -> Opened:
    """The report that one message is, its subject the title, then its attachments."""
    # Not the newer policy of the library: its header parser fails on many a damaged header.
    message = message_from_bytes(read_whole(blob, options.max_document_bytes))
    parts = [part for part in message.walk() if not part.is_multipart()]
    attached = list(_attachments(parts, blob))
    fields = _fields(message, parts)
    if fields is not None:
        yield draft(blob, fields, options)
    elif not attached:
        raise RowError(_NO_TEXT)
    yield from attached


def _fields(message: Message, parts: Sequence[Message]) -> Fields | None:
    """The report in the body of ``message``; None where that is empty."""
    raw = _body(parts)
    subject = _header(message, "subject")
    title, text = repair_both(subject, raw)
    title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        return None
    return Fields(
        text=f"{title}\n{text}" if title else text,
        title=title or None,
        published=published_iso(_header(message, "date")),
        repairs=repairs(raw, repair_both(subject, raw)[1]),
    )


def _body(parts: Sequence[Message]) -> str:
    """The text of the first part in plain text that has one, else of the first in HTML."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() != kind or part.get_filename():
                continue
            text = _text(part)
            if text.strip():
                return text if kind == "text/plain" else page_fields(text, None).text
    return ""


def _text(part: Message) -> str:
    # The declared encoding is often wrong, so our own decoder has the last word.
    data = cast(bytes, part.get_payload(decode=True) or b"")
    return decode(data, part.get_content_charset()) if data.strip() else ""


def _header(message: Message, name: str) -> str:
    """A header as text; its bytes where it is not encoded as it should be are decoded too."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
    try:
        pieces = decode_header(str(raw))
        return "".join(_header_piece(*piece) for piece in pieces).strip()
    except (HeaderParseError, ValueError):
        return ""


def _header_piece(piece: bytes | str, charset: str | None) -> str:
    data = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
    return decode(data, charset)


def _attachments(parts: Sequence[Message], blob: Blob) -> Opened:
    for number, part in enumerate(parts, start=1):
        name = part.get_filename()
        if not name or _NO_REPORT.match(part.get_content_type()):
            continue
        label = _decoded(name).replace("\\", "/").rsplit("/", 1)[-1] or f"part{number}"
        data = cast(bytes, part.get_payload(decode=True) or b"")
        charset = part.get_content_charset()
        yield blob.inner(f"!{label}", _bytes_opener(data), charset=charset)


def _decoded(name: str) -> str:
    """The name of a file, which many programs encode as a header."""
    try:
        return writable("".join(_header_piece(*piece) for piece in decode_header(name)))
    except (HeaderParseError, ValueError):
        return writable(name)


def _bytes_opener(data: bytes) -> Callable[[], io.BufferedIOBase]:
    return lambda: io.BytesIO(data)


def read_mbox(blob: Blob, options: ReadOptions) -> Opened:
    """The messages of a mail box as mails of their own."""
    with blob.open() as stream:
        found = False
        for number, data in enumerate(_messages(stream, options.max_document_bytes), start=1):
            found = True
            name = f"#{number}"
            if data is None:
                yield reject(blob.source + name, too_long(options.max_document_bytes))
            else:
                message = _QUOTED_FROM.sub(rb"\1", data)
                yield blob.inner(name, _bytes_opener(message), suffix=".eml")
        if not found:
            raise RowError("it holds no message; check that it is a mail box")


def _messages(stream: io.BufferedIOBase, limit: int) -> Iterator[bytes | None]:
    """The messages of a box without their first lines; None for one of over ``limit`` bytes."""
    lines: list[bytes] | None = None
    size = 0
    after_empty = True
    while line := stream.readline(2**16):
        if after_empty and _FROM.match(line):
            if lines is not None:
                yield b"".join(lines) if size <= limit else None
            lines, size = [], 0
        elif lines is not None:
            size += len(line)
            if size <= limit:
                lines.append(line)
        after_empty = not line.strip(b"\r\n")
    if lines is not None:
        yield b"".join(lines) if size <= limit else None
