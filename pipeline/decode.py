"""Bytes to text: which encoding, and the repair of text that was decoded wrongly once before.

Every choice is a fixed test on the bytes, so the same file gives the same text everywhere.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose little-endian mark it starts with.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# High bytes of UTF-16 in Arabic text: Latin, digits and spaces (00), Arabic letters (06).
_UTF16_HIGH_BYTES = b"\x00\x06"
# Control characters that text does not need (tab, newlines and form feed are not among them). Some
# archives hold a few, where a converter found no letter; of random bytes they are 11 %.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes([*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F])
_MAX_CONTROLS = 0.05
# One bad byte must not lose a report; more than this share of the text and the encoding is wrong.
_MAX_LOST = 0.01
# How UTF-8 Arabic looks when it is read as another encoding: every letter becomes two characters,
# the first of which is one of few. The share is of the characters beyond ASCII.
_MOJIBAKE_MARKS = {"cp1252": "ØÙÃÂ", "cp1256": "طظ"}
_MAYBE_MOJIBAKE, _SURELY_MOJIBAKE = 0.25, 0.4
_QUESTION_RUN = re.compile(r"\?{2,}")


class DecodeError(ValueError):
    """The bytes hold no readable text; the message says why and what to do."""


def decode(data: bytes) -> str:
    """The text that ``data`` encodes, its newlines kept and a byte-order mark dropped.

    UTF-8, UTF-16 (also without a mark), UTF-32 with a mark and Windows-1256 are told apart.
    Raises DecodeError for binary data.
    """
    encoding = find_encoding(data)
    if encoding is None:
        raise DecodeError("it is not text (it holds binary data); convert it to a text file first")
    for bom, name in _BOMS:
        if name == encoding and data.startswith(bom):
            data = data[len(bom) :]
    return data.decode(encoding, errors="replace")


def writable(text: str) -> str:
    """``text`` with "?" for every lone surrogate, which no encoding can hold; as long as before.

    File names of odd bytes and JSON escapes bring such halves of characters.
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def find_encoding(data: bytes, *, whole: bool = True) -> str | None:
    """The name of the encoding of ``data``; None for binary data.

    With ``whole=False`` the data is the start of a longer file, and may end inside a character.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    if (utf16 := _utf16_without_mark(data)) is not None:
        return utf16
    if _share(data, _CONTROL_BYTES) > _MAX_CONTROLS:
        return None
    if _is_utf8(data, whole):
        return "utf-8"
    return "cp1256"


def repair(text: str) -> str:
    """``text`` with mojibake undone where that is exact; other text comes back as it is.

    Raises DecodeError where the text is mojibake that can't be undone, or has lost its letters.
    """
    for _ in range(2):  # Some files went through the wrong encoding twice.
        repaired = _undo_mojibake(text)
        if repaired is None:
            break
        text = repaired
    _check_letters(text)
    return text


def _utf16_without_mark(data: bytes) -> str | None:
    if len(data) < 4:
        return None
    even, odd = (_share(data[i::2], _UTF16_HIGH_BYTES) for i in (0, 1))
    if odd > 0.7 and even < 0.3:
        return "utf-16-le"
    if even > 0.7 and odd < 0.3:
        return "utf-16-be"
    return None


def _share(data: bytes, wanted: bytes) -> float:
    """The share of the bytes of ``data`` that are among ``wanted``."""
    return (len(data) - len(data.translate(None, wanted))) / max(len(data), 1)


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _is_utf8(data: bytes, whole: bool) -> bool:
    """Whether ``data`` is UTF-8, but for a stray byte here and there."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        decoded = data.decode("utf-8", errors="replace")
        return decoded.count("\ufffd") <= _MAX_LOST * _beyond_ascii(decoded)
    return True


def _undo_mojibake(text: str) -> str | None:
    """The text that was read in the wrong encoding; None where ``text`` was read rightly."""
    beyond_ascii = _beyond_ascii(text)
    for encoding, marks in _MOJIBAKE_MARKS.items():
        share = sum(text.count(mark) for mark in marks) / max(beyond_ascii, 1)
        if share < _MAYBE_MOJIBAKE:
            continue
        try:
            return _encode_all(text, encoding).decode("utf-8")
        except UnicodeError as error:
            if share >= _SURELY_MOJIBAKE and beyond_ascii > 20:
                raise DecodeError(
                    f"its letters were garbled before (UTF-8 read as {encoding}) and some are"
                    " lost; fetch the report again or save it anew as UTF-8"
                ) from error
    return None


def _encode_all(text: str, encoding: str) -> bytes:
    """As ``str.encode``, but code points 80-9F stand for the bytes an encoding leaves open."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b"".join(
            bytes([ord(char)]) if "\x80" <= char <= "\x9f" else char.encode(encoding)
            for char in text
        )


def _check_letters(text: str) -> None:
    """Raises DecodeError for text whose letters were replaced or that is no text at all."""
    if text.count("\ufffd") > max(1, _MAX_LOST * _beyond_ascii(text)):
        raise DecodeError(
            "many of its characters can't be decoded; save it as UTF-8 (or UTF-16, Windows-1256)"
        )
    asked = sum(len(run) for run in _QUESTION_RUN.findall(text))
    if asked > 0.3 * len(text) and asked > 20:
        raise DecodeError(
            "its letters were replaced by question marks when it was saved; fetch it again"
        )
    if len(_CONTROLS.findall(text)) > _MAX_CONTROLS * len(text):
        raise DecodeError("it is not text (it holds binary data); convert it to a text file first")
