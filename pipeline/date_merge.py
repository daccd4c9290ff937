"""Several dates of one record made one."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from .schema import Date, DateBasis


def combine_dates(dates: Sequence[Date]) -> Date:
    """One date of the several that one record is linked to; texts are joined by a space.

    A stated interval has precedence over relative ones that overlap it, and takes its missing end
    from them. Of dates that lie in one another the narrowest stands, but an interval is not
    narrowed to the day it begins or ends on. Dates apart span an interval. Raises ValueError for
    an empty sequence.
    """
    if not dates:
        raise ValueError("no dates to combine: pass at least one")
    if len(dates) == 1:
        return dates[0]
    text = " ".join(d.text for d in dates)
    spans = tuple(span for d in dates for span in d.spans)
    known = [d for d in dates if d.start or d.end]
    if not known:
        return structs.replace(dates[0], text=text, spans=spans)
    result = known[0]
    for other in known[1:]:
        result = _merge(result, other)
    return structs.replace(result, text=text, spans=spans)


def _merge(a: Date, b: Date) -> Date:
    for whole, cut in ((a, b), (b, a)):
        if _ends_inside(cut, whole):  # 'in August' ... 'up to the 30th'
            return structs.replace(whole, end=cut.end, precision="interval")
    if (a.precision == "interval") == (b.precision == "interval") and a.basis != b.basis:
        stated, relative = (a, b) if a.basis == "stated" else (b, a)
        if stated.precision == "interval" and _overlap(a, b):
            end = stated.end or relative.end
            return structs.replace(stated, start=stated.start or relative.start, end=end)
    if _inside(a, b) or _inside(b, a):
        narrow, wide = (a, b) if _inside(a, b) else (b, a)
        edge = narrow.start in (wide.start, wide.end) or narrow.end == wide.end
        return wide if wide.precision == "interval" and edge else narrow
    starts = [d.start for d in (a, b) if d.start]
    ends = [d.end or d.start for d in (a, b)]
    basis: DateBasis = "stated" if "stated" in (a.basis, b.basis) else "relative"
    return Date(
        start=min(starts, default=None), end=max((e for e in ends if e), default=None),
        precision="interval", basis=basis,
    )  # fmt: skip


def _ends_inside(cut: Date, whole: Date) -> bool:
    """Whether ``cut`` is an 'up to' that ends before the end of ``whole``."""
    if cut.start or not (cut.end and whole.start and whole.end):
        return False
    return whole.start <= cut.end < whole.end


def _overlap(a: Date, b: Date) -> bool:
    low, high = "", "9999-12-31"
    return (a.start or low) <= (b.end or high) and (b.start or low) <= (a.end or high)


def _inside(a: Date, b: Date) -> bool:
    if not (a.start and a.end and b.start and b.end):
        return False
    return b.start <= a.start and a.end <= b.end
