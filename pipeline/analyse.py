"""One report, its mentions and links -> its casualty events."""

from __future__ import annotations

from hashlib import sha256

from .assemble import build_events, build_records, inherit, settle_scopes
from .complete import complete
from .reconcile import check_sums, reconcile
from .resolve import resolve
from .schema import Record, Report, ReportResult, Tagged, Warning
from .text import fold


def analyse(report: Report, tagged: Tagged, *, gold: bool = False) -> ReportResult:
    """Complete, resolve, assemble and reconcile; deterministic, and without a model.

    ``tagged`` is the tagger's or, with ``gold``, an annotator's: then nothing is guessed of what
    it leaves open. Offsets of the result are into ``report.text``.
    """
    _, records = find_records(report, tagged, gold=gold)
    ids = [f"{report.report_id}#c{k}" for k in range(1, len(records) + 1)]
    return ReportResult(
        report_id=report.report_id,
        source=report.source,
        title=report.title,
        published=report.published,
        language=language(report.text),
        sha256=sha256(report.text.encode("utf-8", "surrogatepass")).hexdigest(),
        events=build_events(report.report_id, records),
        warnings=(*repaired(report), *check_sums(records, ids)),
    )


def find_records(
    report: Report, tagged: Tagged, *, gold: bool = False
) -> tuple[Tagged, list[Record]]:
    """The mentions and links as completed, and the records that `analyse` makes events of.

    The ``anchor`` of a record is an index into the completed mentions.
    """
    if not gold:
        tagged = complete(report.text, tagged)
    values = resolve(report, tagged)
    if not gold:
        tagged = settle_scopes(tagged, values)
    records = reconcile(report.text, build_records(report.text, tagged, values))
    return tagged, inherit(records, sure=gold)


def repaired(report: Report) -> tuple[Warning, ...]:
    """A warning for each repair of the text that the offsets count in."""
    return tuple(Warning("text_repaired", message, ()) for message in report.repairs)


def language(text: str) -> str:
    """``ar`` where at least half of the letters are Arabic, else ``und``."""
    letters = [c for c in fold(text).text if c.isalpha()]
    arabic = sum("\u0600" <= c <= "\u06ff" for c in letters)
    return "ar" if letters and 2 * arabic >= len(letters) else "und"
