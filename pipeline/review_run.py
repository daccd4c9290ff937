"""`hasila review`: prepare the queue and serve the page, or export what was reviewed."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from . import model_folder
from .manifest import describe_model
from .review import Reading, ReviewError, faults
from .review_export import annotation_form
from .review_queue import MANIFEST, keep_readings, make_queue, results_of
from .review_server import HOST, make_app, new_token
from .review_store import DATABASE, Store
from .review_view import Review
from .tag import Tagger

Say = Callable[[str], object]


def prepare(
    out: Path,
    texts: Sequence[str],
    store: Store,
    *,
    who: str,
    limit: int,
    model: Path | None,
    say: Say,
) -> Review:
    """The review of a run: its queue, with the machine's reading of each report in the store.

    Raises ReviewError where there is no run, or no text of it is to be had; FileNotFoundError
    where there is no model and a report must still be read.
    """
    say("Looking for the reports that most need a look …")
    queue = make_queue(out, limit)

    def tagger() -> tuple[Tagger, str]:
        folder = model_folder(model)
        about = describe_model(folder)
        if (told := _model_of(out)) not in (None, about["sha256"]):
            say(f"Note: the run was made with another model ({told}); values may differ from its.")
        say("Reading them …")
        return Tagger.load(folder, threads=min(4, os.cpu_count() or 1)), about["sha256"]

    found = keep_readings(store, out, queue, texts, tagger)
    if queue and not found:
        raise ReviewError(
            f"The texts of the reports in {out} were not found, or are not those that were read;"
            " name where they are: --texts ARCHIVE"
        )
    if len(found) < len(queue):
        say(
            f"{len(queue) - len(found):,} of {len(queue):,} reports are left out: their text was"
            " not found, or has changed since the run (--texts says where to look)."
        )
    return Review(store, found, who)


def _model_of(out: Path) -> str | None:
    try:
        model = msgspec.json.decode((out / MANIFEST).read_bytes())["model"]["sha256"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return None
    return str(model)


def review(
    out: Path,
    texts: Sequence[str] = (),
    *,
    port: int = 0,
    who: str | None = None,
    limit: int = 100,
    model: Path | None = None,
    say: Say = print,
) -> None:
    """Serve the page until interrupted; raises as `prepare`, and ReviewError for a port in use."""
    import uvicorn

    who = (who or getpass.getuser()).strip()
    if not who:
        raise ReviewError("--who needs a name.")
    next(results_of(out), None)  # Else a folder that holds no run would get a database.
    store = Store(out / DATABASE)
    try:
        work = prepare(out, texts, store, who=who, limit=limit, model=model, say=say)
        with _listening(port) as listening:
            port, token = listening.getsockname()[1], new_token()
            say(f"{len(work.queue):,} reports to review, as {who}. Open, and end with Ctrl+C:")
            say(f"http://{HOST}:{port}/{token}/")
            config = uvicorn.Config(
                make_app(work, token, port), log_level="error", access_log=False,
                server_header=False, lifespan="off", proxy_headers=False,
            )  # fmt: skip
            uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        store.close()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ReviewError(
            f"Port {port} can't be had ({error.strerror}); leave out --port."
        ) from error


def finished_readings(store: Store, who: str | None = None) -> Iterator[tuple[str, Reading]]:
    """The finished reading of each report, by id: of ``who``, else of who finished it last."""
    for report_id, person in sorted(store.finishers(who).items()):
        yield report_id, store.reading(report_id, person)


def export_reviews(out: Path, path: Path, who: str | None = None) -> list[str]:
    """Write the finished reports of a review in the annotation form; returns what to say of it.

    Raises ReviewError where there is no review, or nothing is finished.
    """
    if not (out / DATABASE).is_file():
        raise ReviewError(f"{out} holds no review yet; make one: hasila review {out}")
    store = Store(out / DATABASE)
    rows, said = [], []
    try:
        for report_id, reading in finished_readings(store, who):
            kept = store.get(report_id)
            rows.append(msgspec.json.encode(annotation_form(kept.report, kept.country, reading)))
            said += [f"{report_id}: {fault}" for them in faults(reading).values() for fault in them]
    finally:
        store.close()
    if not rows:
        whose = f" by {who}" if who else ""
        raise ReviewError(f"No report is finished{whose}; say so of one in the page (key d).")
    path.write_bytes(b"".join(row + b"\n" for row in rows))
    return [*said, f"{len(rows):,} reports written to {path}"]
