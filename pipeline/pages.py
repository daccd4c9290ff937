"""A web page -> its report: the article without menus and footers, with its title and its day."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from .blobs import Blob, Read, ReadOptions, draft, needs, read_whole
from .decode import decode, repair_both, repair_markup, repairs
from .report_day import published_from_name
from .rows import Fields, RowError

_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)", re.I
)
# A long page has some thousands of tags; trafilatura takes seconds for each 100,000.
MAX_TAGS = 200_000
_HEAD = 4096  # where a page declares its encoding
# Only a day that the page declares is taken, never one that stands somewhere in its words; and no
# bound at the present day, which would let the same page read differently on another.
_DAYS = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}


def read_html(blob: Blob, options: ReadOptions) -> Read:
    """The one report that a page is. Raises RowError where it has no text or a package lacks."""
    data = read_whole(blob, options.max_report_bytes)
    fields = page_fields(decode(data, blob.charset or _declared(data)), blob.origin)
    if fields.published is None and blob.origin is None:
        day = published_from_name(Path(blob.name).name)
        fields = Fields(text=fields.text, title=fields.title, published=day, repairs=fields.repairs)
    yield draft(blob, fields, options)


def page_fields(source: str, url: str | None) -> Fields:
    """The title, the declared day and the text of the page ``source``; its title the first line.

    Raises RowError where it holds no text or too many tags, and where trafilatura is missing.
    """
    if (tags := source.count("<")) > MAX_TAGS:
        raise RowError(f"it has {tags:,} tags, too many for a page; save its text as .txt")
    with needs("trafilatura"):
        import trafilatura
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # What it can't read, we say.

    html = repair_markup(source)
    page: Any = trafilatura.bare_extraction(
        html,
        url=url,
        with_metadata=True,
        include_comments=False,
        deduplicate=False,
        date_extraction_params=_DAYS,
    )
    body = (
        (page.text if page else None) or trafilatura.baseline(html)[1] or trafilatura.html2txt(html)
    )
    raw_title = (page.title if page else None) or ""
    if not body or not body.strip():
        raise RowError("it holds no text; it may be built by scripts, save it as .txt instead")
    title, text = repair_both(raw_title, body)
    title = " ".join(title.split())
    if title:
        # A heading that says the title again would be a second statement of its toll.
        text = f"{title}\n{text.removeprefix(title).lstrip()}"
    return Fields(
        text=text,
        title=title or None,
        published=page.date if page else None,
        repairs=repairs(source, html) or repairs(body, repair_both(raw_title, body)[1]),
    )


def _declared(data: bytes) -> str | None:
    match = _CHARSET.search(data[:_HEAD])
    return match[1].decode("ascii", "replace") if match else None
