"""An evaluation as one HTML page that needs nothing beside itself: figures, plots, every miss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pipeline.schema import MENTION_LABELS

from .errors import by_kind, misses
from .evaluate import GROUP_FIGURES, NONE, Evaluation, Reading
from .history import Release

TEMPLATE = Path(__file__).resolve().parent / "page.html"
WIDTH, HEIGHT = 340, 160  # of a plot over versions, in the units of its SVG
# Charts over versions: title and the figures drawn in it.
CHARTS = (
    ("mentions and links (second line), F1", ("mentions", "links")),
    ("records and whole records (second line), F1", ("records", "whole")),
    ("words a second", ("words_a_second",)),
)


def render_page(reading: Reading, result: Evaluation, history: Sequence[Release] = ()) -> str:
    """The page; ``history`` are the releases, oldest first."""
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        e=result,
        labels=(*MENTION_LABELS, NONE),
        group_figures=[f"{table}, {row}" for table, row in GROUP_FIGURES],
        history=charts([r for r in history if result.split in r.splits], result.split),
        data=_embedded(_data(reading)),
        pc=lambda share: f"{100 * share:.1f}%",
    )


def charts(history: Sequence[Release], split: str) -> list[dict[str, Any]]:
    """Each of CHARTS as points in a field of WIDTH x HEIGHT, y downwards; a release that lacks a
    figure has no point in its line."""
    rows = [(release.version, release.splits[split]) for release in history]
    drawn = [(t, names) for t, names in CHARTS if any(n in f for _, f in rows for n in names)]
    return [_chart(title, names, rows) for title, names in drawn]


def _chart(
    title: str, names: Iterable[str], rows: Sequence[tuple[str, Mapping[str, float]]]
) -> dict[str, Any]:
    series = {
        name: [(n, f[name], version) for n, (version, f) in enumerate(rows) if name in f]
        for name in names
    }
    values = [value for points in series.values() for _, value, _ in points]
    low, high = min(values), max(values)
    low, high = (low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1))

    def across(number: int) -> float:
        return WIDTH * (number + 0.5) / len(rows)

    return {
        "title": title,
        "low": f"{low:.2f}" if high < 2 else f"{low:,.0f}",
        "high": f"{high:.2f}" if high < 2 else f"{high:,.0f}",
        "ticks": [(across(n), version) for n, (version, _) in enumerate(rows)],
        "series": [
            {
                "points": [
                    (across(n), HEIGHT * (high - value) / (high - low), f"{version}: {value:.3f}")
                    for n, value, version in points
                ]
            }
            for points in series.values()
        ],
    }


def _data(reading: Reading) -> dict[str, Any]:
    found = misses(reading)
    texts = {report.id: report.text for report in reading.gold}
    rows = []
    for miss in found:
        before, at, after = miss.snippet(texts[miss.report_id])
        rows.append(
            {"report_id": miss.report_id, "kind": miss.kind, "gold": miss.gold, "read": miss.read,
             "before": before, "at": at, "after": after}
        )  # fmt: skip
    wanted = {miss.report_id for miss in found}
    return {
        "kinds": by_kind(found),
        "misses": rows,
        "reports": {
            gold.id: {
                "text": gold.text,
                "gold": sorted((m.start, m.end, m.label) for m in gold.mentions),
                "read": sorted((m.start, m.end, m.label) for m in tagged.mentions),
            }
            for gold, tagged in zip(reading.gold, reading.tagged, strict=True)
            if gold.id in wanted
        },
    }


def _embedded(data: Any) -> Markup:
    """JSON that no tag of a report's text can break out of."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
