"""Writes small PDF files whose letters stand where the test wants them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

WIDTH = 0.6  # of every letter, in font sizes
Word = tuple[float, float, Sequence[str]]  # x and y of its left end, its signs from left to right


def pdf(*pages: Sequence[Word], size: float = 10, extra: Sequence[bytes] = ()) -> bytes:
    """A file with a page for each of ``pages``, its signs as they are seen, from left to right."""
    signs = sorted({sign for page in pages for _, _, word in page for sign in word})
    codes = {sign: number for number, sign in enumerate(signs, start=1)}
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /T /Encoding /Identity-H"
        b" /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /T /CIDSystemInfo << /Registry (Adobe)"
        b" /Ordering (Identity) /Supplement 0 >> /DW %d >>" % (WIDTH * 1000),
        stream(_to_unicode(codes)),
    ]
    for number, page in enumerate(pages):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {7 + 2 * number} 0 R"
            " /Resources << /Font << /F 3 0 R >> >> >>".encode(),
            stream("\n".join(_shown(word, codes, size) for word in page).encode()),
        ]
    return document([*objects, *extra])


def lines(*texts: str, top: float = 700, right: float = 560, size: float = 10) -> list[Word]:
    """Words of lines of Arabic (without digits or Latin), one below the other, as they are seen."""
    return [
        (right - WIDTH * size * len(text), top - 1.3 * size * number, text[::-1])
        for number, text in enumerate(texts)
    ]


def _shown(word: Word, codes: dict[str, int], size: float) -> str:
    x, y, signs = word
    hexed = "".join(f"{codes[sign]:04x}" for sign in signs)
    return f"BT /F {size} Tf 1 0 0 1 {x:.2f} {y:.2f} Tm <{hexed}> Tj ET"


def _to_unicode(codes: dict[str, int]) -> bytes:
    pairs = "\n".join(
        f"<{code:04x}> <{sign.encode('utf-16-be').hex()}>" for sign, code in codes.items()
    )
    return (
        "begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{pairs}\nendbfchar endcmap"
    ).encode()


def stream(data: bytes, *, packed: bytes | None = None) -> bytes:
    """A stream object that holds ``data``; ``packed`` instead, where that is given."""
    packed = zlib.compress(data) if packed is None else packed
    head = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed)
    return head + packed + b"\nendstream"


def document(objects: Sequence[bytes]) -> bytes:
    """A file of ``objects``, of which the first is the catalog."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
