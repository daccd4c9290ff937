"""Bytes to text: which encoding, and the repair of text that was decoded wrongly once before.

Every choice is a fixed test on the bytes, so the same file gives the same text everywhere.
"""

from __future__ import annotations

import codecs
import re
import string

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
# Bytes that are frequent Arabic letters in the one encoding and Latin letters, vowel signs or
# nothing in the other: in ISO-8859-6 qaf, heh, waw, alef maksura, yeh; in Windows-1256 tatweel,
# feh, qaf, kaf, alef maksura, yeh. The article al- is C7 E4 in the one and C7 E1 in the other.
_ISO_BYTES, _WINDOWS_BYTES = b"\xe2\xe7\xe8\xe9\xea", b"\xdc\xdd\xde\xdf\xec\xed"
_ISO_ARTICLE, _WINDOWS_ARTICLE = b"\xc7\xe4", b"\xc7\xe1"
_HIGH_BYTES, _LATIN_BYTES = bytes(range(0x80, 0x100)), string.ascii_letters.encode()
# What a server or a mail may declare and is believed in, where the bytes themselves do not tell.
_DECLARED = re.compile(r"(cp125[0-8]|cp720|cp864|cp866|iso8859-\d+|mac-arabic|koi8-[ru])")
# How UTF-8 Arabic looks when it is read as another encoding: every letter becomes two characters,
# the first of which is one of few. The share is of the characters beyond ASCII.
_MOJIBAKE_MARKS = {"cp1252": "ØÙÃÂ", "cp1256": "طظ"}
_MAYBE_MOJIBAKE, _SURELY_MOJIBAKE = 0.25, 0.4
# The share of letters with accents among all, which no text in a Latin script comes near to and
# single-byte Arabic that was read as Latin always does.
_NO_LATIN = 0.6
_ACCENTED = re.compile("[\xc0-\xd6\xd8-\xf6\xf8-\xff]")
_FEW = 5  # fewer of them prove nothing
_ARABIC_RUN = re.compile("[\u0621-\u064a]{3,}")
_BETWEEN_TAGS = re.compile("[^<>]+")
_QUESTION_RUN = re.compile(r"\?{2,}")


class DecodeError(ValueError):
    """The bytes hold no readable text; the message says why and what to do."""


def decode(data: bytes, declared: str | None = None) -> str:
    """The text that ``data`` encodes, its newlines kept and a byte-order mark dropped.

    UTF-8, UTF-16 (also without a mark), UTF-32 with a mark, Windows-1256 and ISO-8859-6 are told
    apart; another 8-bit encoding is taken where it is ``declared``. Raises DecodeError for binary
    data.
    """
    encoding = find_encoding(data)
    if encoding in ("cp1256", "iso8859-6"):
        encoding = _believed(declared, data) or encoding
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
    return _arabic_bytes(data)


def _arabic_bytes(data: bytes) -> str:
    """Which of the two 8-bit encodings of Arabic ``data`` is in; Windows-1256 where none shows."""
    if 2 * _share(data, _HIGH_BYTES) < _share(data, _LATIN_BYTES):
        return "cp1256"  # Accents of a Latin script, which it has too.
    iso, windows = _share(data, _ISO_BYTES), _share(data, _WINDOWS_BYTES)
    articles = data.count(_ISO_ARTICLE) - data.count(_WINDOWS_ARTICLE)
    return "iso8859-6" if iso > windows and articles >= 0 else "cp1256"


def _believed(declared: str | None, data: bytes) -> str | None:
    """The encoding that ``declared`` names, where it is known and all of ``data`` is in it."""
    try:
        name = codecs.lookup(declared or "").name
        data.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None
    return name if _DECLARED.fullmatch(name) else None


def repair(text: str) -> str:
    """``text`` with mojibake undone where that is exact; other text comes back as it is.

    Undone are UTF-8 that was read as Windows-1252, Windows-1256 or Latin-1, up to twice, and
    Windows-1256 or ISO-8859-6 that was read as a Latin encoding.

    Raises DecodeError where the text is mojibake that can't be undone, or has lost its letters.
    """
    for _ in range(2):  # Some files went through the wrong encoding twice.
        repaired = _undo_mojibake(text)
        if repaired is None:
            break
        text = repaired
    _check_letters(text)
    return text


def repair_both(title: str, body: str) -> tuple[str, str]:
    """`repair` of both; a title too short to prove anything by itself follows its body."""
    repaired = repair(title), repair(body)
    if repaired[0] == title != "" and repaired[1] != body:
        joined = repair(f"{title}\n{body}")
        if joined.endswith(f"\n{repaired[1]}"):
            return joined[: -len(repaired[1]) - 1], repaired[1]
    return repaired


def repair_markup(source: str) -> str:
    """``source`` with the garbled UTF-8 between its tags undone, each piece by itself.

    Garbled letters hold control characters, which readers of HTML drop; and often a page is sound
    and the article put into it is not. What can't be undone stays.
    """
    return _BETWEEN_TAGS.sub(lambda match: _undone_piece(match[0]), source)


def _undone_piece(text: str) -> str:
    if text.isascii():
        return text
    try:
        return _undo_utf8(text) or text
    except DecodeError:
        return text


def repairs(before: str, after: str) -> tuple[str, ...]:
    """What `repair` did to ``before``, in sentences."""
    if before == after:
        return ()
    return ("Its letters had been garbled by a wrong encoding; they were put right.",)


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
    found = _undo_utf8(text)
    return _undo_latin(text) if found is None else found


def _undo_utf8(text: str) -> str | None:
    """The UTF-8 that was read as an 8-bit encoding; None where ``text`` is no such."""
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


def _undo_latin(text: str) -> str | None:
    """The Arabic whose single bytes were read as Latin letters; None where they are no such."""
    if _share_of_accents(text) < _NO_LATIN:
        return None
    for encoding in ("cp1252", "latin-1"):
        try:
            data = _encode_all(text, encoding)
        except UnicodeError:
            continue
        arabic = data.decode(_arabic_bytes(data), errors="replace")
        letters = sum(map(str.isalpha, arabic))
        if sum(map(len, _ARABIC_RUN.findall(arabic))) > 0.7 * letters and "ال" in arabic:
            return arabic
    return None


def _share_of_accents(text: str) -> float:
    accents = len(_ACCENTED.findall(text))
    return accents / sum(map(str.isalpha, text)) if accents >= _FEW else 0.0


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
