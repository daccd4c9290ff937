"""The reviewer's page over HTTP, for this machine alone.

Every address begins with a random token. A request without it, for another host, or from another
origin is refused (403), so that no other page or user of this machine can read or decide anything.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import data
from .review import ReviewError
from .review_view import Review, queue_view, report_view, vocabulary

HOST = "127.0.0.1"
MAX_BODY = 64 * 1024  # bytes of one decision
# Files of data/review and their types; nothing else is served.
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "text.js": ("text.js", "text/javascript; charset=utf-8"),
    "record.js": ("record.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def new_token() -> str:
    """256 random bits for the address."""
    return secrets.token_urlsafe(32)


def make_app(review: Review, token: str, port: int) -> ASGIApp:
    """The application for ``http://127.0.0.1:port/token/``; all else is refused."""
    routes = [
        Route(f"/{token}/{name}", _file(*where), methods=["GET"]) for name, where in FILES.items()
    ]
    calls: dict[str, Callable[[Review, Request], Any]] = {
        "queue": lambda review, request: queue_view(review),
        "words": lambda review, request: vocabulary(),
        "report": lambda review, request: report_view(review, request.query_params.get("id", "")),
    }
    routes += [
        Route(f"/{token}/api/{name}", _answer(review, call), methods=["GET"])
        for name, call in calls.items()
    ]
    routes.append(Route(f"/{token}/api/decide", _decide(review), methods=["POST"]))
    return Guard(Starlette(routes=routes), token, port)


class Guard:
    """Lets through what comes from the page itself, and sets the headers that bind the page."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self.app, self.token = app, token.encode()
        self.hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_bound(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            return
        elif why := self.refusal(Request(scope)):
            refused = Response(f"Refused: {why}.\n", 403, media_type="text/plain")
            await refused(scope, receive, send_bound)
        else:
            await self.app(scope, receive, send_bound)

    def refusal(self, request: Request) -> str | None:
        """Why a request is refused, or None. A page of another origin can't leave Origin out of
        what it sends (Fetch standard, 3.1), nor set Sec-Fetch-Site."""
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        given = request.url.path.split("/")[1:2]
        if not given or not secrets.compare_digest(given[0].encode(), self.token):
            return "open the address that hasila review printed, with its token"
        if host not in self.hosts:
            return "it is not for this host"
        if origin is not None and origin != f"http://{host}":
            return "it comes from another origin"
        if origin is None and request.method not in ("GET", "HEAD"):
            return "it does not say where it comes from"
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "it comes from another site"
        return None


def _json(value: Any, status: int = 200) -> Response:
    # ASCII, because texts may hold half characters, which UTF-8 can't say.
    body = json.dumps(msgspec.to_builtins(value), ensure_ascii=True)
    return Response(body, status, media_type="application/json")


def _file(name: str, kind: str) -> Callable[[Request], Any]:
    async def serve(request: Request) -> Response:
        body = files(data).joinpath("review", name).read_bytes()
        return Response(body, headers={"content-type": kind})

    return serve


def _answer(review: Review, call: Callable[[Review, Request], Any]) -> Callable[[Request], Any]:
    async def serve(request: Request) -> Response:
        try:
            return _json(await run_in_threadpool(call, review, request))
        except ReviewError as error:
            return _json({"error": str(error)}, 400)

    return serve


class _Asked(Struct, forbid_unknown_fields=True):
    report_id: str
    action: str
    body: dict[str, Any] = {}


def _decide(review: Review) -> Callable[[Request], Any]:
    def decide(asked: _Asked) -> Any:
        review.store.add(asked.report_id, review.who, asked.action, asked.body)
        return report_view(review, asked.report_id)

    async def serve(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                return _json({"error": "This decision is too long."}, 413)
        try:
            asked = msgspec.json.decode(body, type=_Asked)
            return _json(await run_in_threadpool(decide, asked))
        except msgspec.DecodeError as error:
            return _json({"error": f"This is no decision: {error}."}, 400)
        except ReviewError as error:
            return _json({"error": str(error)}, 400)

    return serve
