"""Mails (.eml) and mail boxes (.mbox) -> a report a message, and the files that hang on it."""

from __future__ import annotations

import email.policy
import io
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from typing import cast

from .blobs import Blob, Opened, ReadOptions, draft, read_whole, reject, too_long
from .decode import decode, repair_both, repairs
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
    data = read_whole(blob, options.max_document_bytes)
    message = message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    attached = list(_attachments(message, body, blob))
    fields = _fields(message, cast("EmailMessage | None", body))
    if fields is not None:
        yield draft(blob, fields, options)
    elif not attached:
        raise RowError(_NO_TEXT)
    yield from attached


def _fields(message: EmailMessage, body: EmailMessage | None) -> Fields | None:
    """The report in ``body``; None where that is empty."""
    raw = "" if body is None else _text(body)
    if body is not None and body.get_content_subtype() == "html" and raw.strip():
        raw = page_fields(raw, None).text
    subject, date = _header(message, "subject"), _header(message, "date")
    title, text = repair_both(subject, raw)
    title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        return None
    return Fields(
        text=f"{title}\n{text}" if title else text,
        title=title or None,
        published=published_iso(date),
        repairs=repairs(raw, repair_both(subject, raw)[1]),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except Exception:  # The parser of headers raises all sorts of things for damaged ones.
        return ""


def _text(part: EmailMessage) -> str:
    # Not `get_content`: it trusts the declared encoding, which is often wrong.
    data = cast(bytes, part.get_payload(decode=True) or b"")
    return decode(data, part.get_content_charset()) if data.strip() else ""


def _attachments(message: EmailMessage, body: object, blob: Blob) -> Opened:
    for number, part in enumerate(message.walk(), start=1):
        name = part.get_filename()
        if part is body or part.is_multipart() or not name:
            continue
        if _NO_REPORT.match(part.get_content_type()):
            continue
        label = name.replace("\\", "/").rsplit("/", 1)[-1] or f"part{number}"
        data = cast(bytes, part.get_payload(decode=True) or b"")
        charset = part.get_content_charset()
        yield blob.inner(f"!{label}", _bytes_opener(data), charset=charset)


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
