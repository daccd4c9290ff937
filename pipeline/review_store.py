"""The database of a review, ``review.duckdb``: the machine's readings and people's decisions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from msgspec import Struct

from . import data
from .decode import writable
from .review import Decision, Reading, ReviewError, decide, fold, standing
from .schema import Report

DATABASE = "review.duckdb"
_DECISION = "SELECT seq, report_id, who, decided_at, action, body FROM decisions"


class Kept(Struct, frozen=True, kw_only=True):
    """A report under review and the machine's reading of it."""

    report: Report
    sha256: str
    country: str
    reading: Reading
    model: str


class Store:
    """One open database; safe to share between threads. Rows are added, never changed."""

    def __init__(self, path: Path) -> None:
        """Open or make it; raises ReviewError where it can't be, as when another has it open."""
        try:
            self._db = duckdb.connect(str(path))
            self._db.execute(files(data).joinpath("review.sql").read_text(encoding="utf-8"))
        except duckdb.Error as error:
            why = " ".join(str(error).split())[:300]
            raise ReviewError(
                f"{path} can't be opened ({why}); end the other `hasila review` on this folder, or"
                " put a copy of the file back if it is damaged."
            ) from error
        self._lock = threading.RLock()

    def close(self) -> None:
        """Write all to disk and let others open it."""
        self._db.close()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def known(self) -> dict[str, str]:
        """SHA-256 of the text by id of the report, of all whose reading is kept."""
        return dict(self._rows("SELECT report_id, sha256 FROM readings"))

    def keep(self, kept: Kept) -> None:
        """Keep the machine's reading of a report, unless there is one: that one stays."""
        report = msgspec.structs.replace(
            kept.report, text=writable(kept.report.text), report_id=writable(kept.report.report_id)
        )
        self._rows(
            "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?, ?)",
            report.report_id, kept.sha256, msgspec.json.encode(report).decode(), kept.country,
            msgspec.json.encode(kept.reading).decode(), kept.model,
        )  # fmt: skip

    def get(self, report_id: str) -> Kept:
        """Raises ReviewError for a report that is not kept."""
        rows = self._rows(
            "SELECT report, sha256, country, reading, model FROM readings WHERE report_id = ?",
            report_id,
        )
        if not rows:
            raise ReviewError(f"There is no report {report_id!r} in this review.")
        report, sha256, country, reading, model = rows[0]
        return Kept(
            report=msgspec.json.decode(report, type=Report), sha256=sha256, country=country,
            reading=msgspec.json.decode(reading, type=Reading), model=model,
        )  # fmt: skip

    def decisions(self, report_id: str, who: str) -> list[Decision]:
        """All decisions of a person on a report, in their order, undone ones and undos too."""
        rows = self._rows(
            f"{_DECISION} WHERE report_id = ? AND who = ? ORDER BY seq", report_id, who
        )
        return [_decision(row) for row in rows]

    def _standing(self) -> dict[tuple[str, str], list[Decision]]:
        """By report and person, the decisions that stand; without those who have none."""
        found: dict[tuple[str, str], list[Decision]] = {}
        for row in self._rows(f"{_DECISION} ORDER BY seq"):
            decision = _decision(row)
            found.setdefault((decision.report_id, decision.who), []).append(decision)
        return {key: kept for key, own in found.items() if (kept := standing(own))}

    def statuses(self) -> dict[str, dict[str, str]]:
        """By report and person, ``done`` or ``begun``; without those who have nothing standing."""
        out: dict[str, dict[str, str]] = {}
        for (report_id, who), decisions in self._standing().items():
            done = any(d.action == "done" for d in decisions)
            out.setdefault(report_id, {})[who] = "done" if done else "begun"
        return out

    def finishers(self, who: str | None = None) -> dict[str, str]:
        """By report, who finished it last; with ``who`` of the reports that they finished."""
        done = {
            max(d.seq for d in decisions if d.action == "done"): key
            for key, decisions in self._standing().items()
            if any(d.action == "done" for d in decisions) and who in (None, key[1])
        }
        return {report_id: person for _, (report_id, person) in sorted(done.items())}

    def reading(self, report_id: str, who: str) -> Reading:
        """The reading of ``who``: the machine's with the decisions folded in."""
        kept = self.get(report_id)
        return fold(kept.report.text, kept.reading, self.decisions(report_id, who))

    def add(self, report_id: str, who: str, action: str, body: Mapping[str, Any]) -> Decision:
        """Check a decision against the person's reading, and store it.

        Raises ReviewError, and stores nothing, where it can't be.
        """
        with self._lock:
            kept = self.get(report_id)
            before = self.decisions(report_id, who)
            last = self._rows("SELECT coalesce(max(seq), 0) FROM decisions")[0][0]
            at = datetime.now(UTC).isoformat(timespec="seconds")
            decision = Decision(
                seq=last + 1, report_id=report_id, who=who, at=at, action=action, body=dict(body)
            )
            if action == "undo" and not standing(before):
                raise ReviewError("There is nothing to undo in this report.")
            if action != "undo":
                decide(kept.report.text, fold(kept.report.text, kept.reading, before), decision)
            self._rows(
                "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?)",
                decision.seq, report_id, who, at, action, msgspec.json.encode(body).decode(),
            )  # fmt: skip
            return decision


def _decision(row: tuple[Any, ...]) -> Decision:
    seq, report_id, who, at, action, body = row
    return Decision(
        seq=seq, report_id=report_id, who=who, at=at, action=action, body=msgspec.json.decode(body)
    )
