"""What the reviewer's server answers, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.review_server import HEADERS, MAX_BODY, make_app, new_token

from .reviews import KILLED, TEXT, review_of

testclient = pytest.importorskip("starlette.testclient", reason="the extra `review` is missing")

PORT, TOKEN = 8123, "a-token"
BASE = f"http://127.0.0.1:{PORT}"
OWN = {"origin": BASE, "sec-fetch-site": "same-origin"}
CALLS = ("", "page.js", "page.css", "api/queue", "api/words", "api/report?id=r-1")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    review = review_of(tmp_path)
    app = make_app(review, TOKEN, PORT)
    yield testclient.TestClient(app, base_url=BASE, follow_redirects=False)
    review.store.close()


def decide(client: Any, token: str = TOKEN, headers: Any = OWN, **changed: Any) -> Any:
    asked = {"report_id": "r-1", "action": "accept", "body": {"record": KILLED}} | changed
    return client.post(f"/{token}/api/decide", json=asked, headers=headers)


def undecided(client: Any) -> bool:
    return client.get(f"/{TOKEN}/api/report?id=r-1").json()["decisions"] == []


@pytest.mark.parametrize("path", CALLS)
def test_the_page_and_its_calls_are_answered_with_the_token(client: Any, path: str) -> None:
    answer = client.get(f"/{TOKEN}/{path}")
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "طلب", "%2e%2e"])
def test_without_the_token_all_is_refused(client: Any, path: str, token: str) -> None:
    answer = client.get(f"/{token}/{path}")
    assert answer.status_code == 403 and TEXT not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert client.get(f"/{path}", params={"token": TOKEN}).status_code == 403


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_the_token_nothing_is_decided(client: Any, token: str) -> None:
    assert decide(client, token).status_code == 403
    assert undecided(client)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://example.org"},
        {"origin": "null"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"origin": f"http://localhost:{PORT}"},  # another name is another origin
        {"sec-fetch-site": "cross-site"},
        {"origin": BASE, "sec-fetch-site": "cross-site"},
        {"origin": BASE, "sec-fetch-site": "same-site"},
        {},  # browsers always say where a POST comes from
    ],
)
def test_decisions_from_elsewhere_are_refused(client: Any, headers: dict[str, str]) -> None:
    assert decide(client, headers=headers).status_code == 403
    assert undecided(client)


@pytest.mark.parametrize(
    "headers", [{"origin": "https://example.org"}, {"sec-fetch-site": "cross-site"}]
)
def test_reading_from_elsewhere_is_refused(client: Any, headers: dict[str, str]) -> None:
    assert client.get(f"/{TOKEN}/api/report?id=r-1", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", ""]
)
def test_other_hosts_are_refused(client: Any, host: str) -> None:
    """A name that an attacker points at 127.0.0.1 (DNS rebinding)."""
    headers = {"host": host, "origin": f"http://{host}"}
    assert client.get(f"/{TOKEN}/", headers=headers).status_code == 403
    assert decide(client, headers=headers).status_code == 403


def test_a_decision_is_stored_with_who_and_when(client: Any) -> None:
    answer = decide(client)
    assert answer.status_code == 200
    view = answer.json()
    (decision,) = view["decisions"]
    assert decision["who"] == "Rana" and decision["at"].endswith("+00:00")
    assert view["reading"]["records"][0]["status"] == "accepted"
    assert view["machine"]["records"][0]["status"] == "machine"
    assert decide(client, action="undo", body={}).json()["reading"] == view["machine"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"report_id": "r-2"}, "no report"),
        ({"action": "drop"}, "no action"),
        ({"action": "undo"}, "nothing to undo"),
        ({"body": {"record": "c9"}}, "no record"),
        ({"body": {}}, "needs"),
        ({"body": [1]}, "no decision"),
        ({"extra": 1}, "no decision"),
        ({"body": {"record": {"$gt": ""}}}, "no record"),
    ],
)
def test_what_cannot_be_is_said_and_not_stored(
    client: Any, changed: dict[str, Any], says: str
) -> None:
    answer = decide(client, **changed)
    assert answer.status_code == 400 and says in answer.json()["error"]
    assert undecided(client)


def test_a_flood_is_refused(client: Any) -> None:
    assert decide(client, body={"record": "x" * MAX_BODY}).status_code == 413


def test_nothing_but_its_files_is_served(client: Any) -> None:
    for path in ("parties.toml", "..%2freview.sql", "../review.sql", "page.html", "api/", "docs"):
        # Some clients resolve ".." themselves: then the token is gone too.
        assert client.get(f"/{TOKEN}/{path}").status_code in (403, 404)
    assert client.delete(f"/{TOKEN}/api/decide", headers=OWN).status_code == 405


def test_tokens_are_long_and_new() -> None:
    assert len({new_token() for _ in range(20)}) == 20 and len(new_token()) >= 43


def test_progress_and_agreement_of_two(tmp_path: Path) -> None:
    review = review_of(tmp_path)
    for who, body in (("Rana", {}), ("Sami", {"cause": "shelling"})):
        if body:
            review.store.add("r-1", who, "set", {"record": KILLED, "values": body})
        review.store.add("r-1", who, "done", {})
    client = testclient.TestClient(make_app(review, TOKEN, PORT), base_url=BASE)
    queue = client.get(f"/{TOKEN}/api/queue").json()
    assert queue["progress"] == {"done": 1, "begun": 0, "all": 1}
    assert queue["rows"][0]["people_status"] == {"Rana": "done", "Sami": "done"}
    (agreed,) = queue["agreement"]
    assert (agreed["first"], agreed["second"], agreed["reports"]) == ("Rana", "Sami", 1)
    assert agreed["records"] == 1.0 and agreed["values"] < 1.0
    assert client.get(f"/{TOKEN}/api/report?id=r-1").json()["agreement"] == [agreed]
    review.store.close()


def test_another_is_not_seen_before_one_has_finished(tmp_path: Path) -> None:
    """Agreement means something only where the second did not see the first's work."""
    review = review_of(tmp_path, who="Sami")
    review.store.add("r-1", "Rana", "reject", {"record": KILLED})
    review.store.add("r-1", "Rana", "done", {})
    client = testclient.TestClient(make_app(review, TOKEN, PORT), base_url=BASE)
    view = client.get(f"/{TOKEN}/api/report?id=r-1").json()
    assert view["reading"] == view["machine"]
    assert view["decisions"] == [] and view["agreement"] == []
    review.store.close()
