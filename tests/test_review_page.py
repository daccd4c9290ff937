"""The reviewer's page in a real browser: offsets of what is selected, hostile texts, decisions."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.review_server import make_app, new_token
from pipeline.schema import Report

from .reviews import INJURED, KILLED, REPORT, TEXT, review_of

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="the extra `review` is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")

# Whatever would run, changes the title.
ATTACKS = (
    "<script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "</div></main><svg onload=document.title='pwned'>",
    "<a href=\"javascript:document.title='pwned'\">هنا</a>",
    "{{constructor.constructor('document.title=1')()}} ${document.title='pwned'}",
    "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe>",
)
HOSTILE = "مقتل مدني 😢 " + "\r\n".join(ATTACKS) + "\nنهاية التقرير."
# Emoji of one, two and more code points, marks above letters, a tatweel, marks of direction,
# Latin and digits, a line end of Windows; all before the words that are selected.
ODD = (
    "👨\u200d👩\u200d👧 قُـــتِلَ ١٢ شَخْصًا \u200f(12 killed) 🇸🇾\r\n"
    "e\u0301 𝒳 وأُصيبَ آخَرونَ في بَلْدَةِ كفرنبل."
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        # Its own sandbox can't be set up as root, in containers.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


class Served:
    """A review served on a free port."""

    def __init__(self, folder: Path) -> None:
        reports = [REPORT]
        for name, text in (("odd", ODD), ("hostile", HOSTILE)):
            title = "<img src=x onerror=document.title='pwned'>"
            reports.append(Report(report_id=name, text=text, title=title, source=title))
        self.review = review_of(folder, reports)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.token = new_token()
        app = make_app(self.review, self.token, self.port)
        self.answers: list[int] = []

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            async def note(message: Any) -> None:
                self.answers += [message["status"]] if "status" in message else []
                await send(message)

            await app(scope, receive, note)

        self.server = uvicorn.Server(uvicorn.Config(noted, log_level="error", lifespan="off"))
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True
        )
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.port}/{self.token}/"

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.review.store.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.close()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1400, "height": 850})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.errors.append(request.url)
            if not request.url.startswith((served.url, "data:")) else None)  # fmt: skip
    page.goto(served.url)
    page.wait_for_selector("#text mark")
    page.wait_for_selector("body:not([aria-busy])")
    page.set_default_timeout(5000)
    yield page
    assert page.errors == []  # nothing broke, and nothing but the page was asked for
    page.close()


def open_report(page: Any, report_id: str) -> None:
    page.click(f'#queue [data-id="{report_id}"]')
    page.wait_for_selector(f'#queue [data-id="{report_id}"][aria-current]')
    page.wait_for_selector("body:not([aria-busy])")


BOXES = """(words) => {
  const box = document.getElementById("text");
  const nodes = [];
  const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) nodes.push(walk.currentNode);
  const whole = nodes.map((node) => node.data).join("");
  const place = (offset) => {
    for (const node of nodes) {
      if (offset <= node.length && offset >= 0) return [node, offset];
      offset -= node.length;
    }
  };
  const at = whole.indexOf(words);
  const caret = (offset, back) => {
    const range = document.createRange();
    range.setStart(...place(back ? offset - 1 : offset));
    range.setEnd(...place(back ? offset : offset + 1));
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
    const rect = rects[rects.length - 1];
    const y = (rect.top + rect.bottom) / 2;
    return back ? [rect.left + 0.5, y] : [rect.right - 0.5, y];  // right to left
  };
  return [caret(at, false), caret(at + words.length, true)];
}"""


def drag_over(page: Any, words: str) -> str:
    """Select ``words``, which are right-to-left, with the mouse; what the bar says of them."""
    (x, y), (to_x, to_y) = page.evaluate(BOXES, words)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
    page.mouse.move(to_x, to_y)
    page.mouse.up()
    page.wait_for_selector("#bar b")
    return str(page.inner_text("#bar > div"))


def decisions(served: Served, report_id: str) -> list[tuple[str, dict[str, Any]]]:
    return [(d.action, d.body) for d in served.review.store.decisions(report_id, "Rana")]


def settled(page: Any, act: Any) -> None:
    """Do ``act`` and wait until its decision is stored and shown."""
    with page.expect_response(lambda answer: answer.url.endswith("/api/queue")):
        act()
    page.wait_for_selector("body:not([aria-busy])")


@pytest.mark.parametrize("words", ["آخَرونَ", "بَلْدَةِ كفرنبل", "قُـــتِلَ", "شَخْصًا"])
def test_selected_words_have_exact_offsets(page: Any, served: Served, words: str) -> None:
    open_report(page, "odd")
    start = ODD.index(words)
    said = drag_over(page, words)
    assert said.endswith(f"[{start}, {start + len(words)})")
    settled(page, lambda: page.keyboard.press("3"))
    (mention,) = served.review.store.reading("odd", "Rana").mentions
    assert (mention.label, ODD[mention.start : mention.end]) == ("PLACE", words)
    assert decisions(served, "odd") == [
        ("mark", {"label": "PLACE", "start": start, "end": start + len(words)})
    ]
    assert page.inner_text("#text mark") == words


def test_a_selection_over_mentions_has_exact_offsets(page: Any) -> None:
    """The text is in pieces there, a mention each, and begins with an emoji."""
    words = TEXT[TEXT.index("وأصيب") : TEXT.index(" في غارة")]
    start = TEXT.index(words)
    assert drag_over(page, words).endswith(f"[{start}, {start + len(words)})")


def test_every_code_point_is_shown_as_it_is(page: Any) -> None:
    for report_id, text in (("r-1", TEXT), ("odd", ODD), ("hostile", HOSTILE)):
        open_report(page, report_id)
        assert page.evaluate("document.getElementById('text').textContent") == text


def test_a_script_in_a_report_does_not_run(page: Any) -> None:
    open_report(page, "hostile")
    drag_over(page, "نهاية")  # the words are shown in the bar, too
    page.wait_for_timeout(200)
    assert page.title() == "Hasila: review"
    assert page.evaluate("document.querySelectorAll('#text *, #about img, #queue img').length") == 0
    assert page.evaluate("document.scripts.length") == 1
    # And were it put into the page as markup after all, the browser would refuse that.
    refused = page.evaluate(
        "(text) => { try { document.getElementById('text').innerHTML = text; return 'put'; }"
        " catch (error) { return error.name; } }",
        HOSTILE,
    )
    assert refused == "TypeError"


class Other(BaseHTTPRequestHandler):
    """An empty page of another origin, on this machine too: nothing but the server refuses it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>other</title>")

    def log_message(self, *_: object) -> None:
        """Silence."""


def test_another_origin_is_refused_by_the_server(browser: Any, served: Served) -> None:
    """A page of another origin that even knows the token can neither read nor decide."""
    other = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{other.server_port}/")
    send = """async ([url, method]) => {
      const asked = {report_id: "r-1", action: "done", body: {}};
      const options = method === "POST" ? {method, body: JSON.stringify(asked)} : {};
      for (const mode of ["cors", "no-cors"])
        try { await (await fetch(url, {...options, mode})).text(); } catch (error) {}
    }"""
    page.evaluate(send, [f"{served.url}api/decide", "POST"])
    page.evaluate(send, [f"{served.url}api/report?id=r-1", "GET"])
    page.close()
    other.shutdown()
    other.server_close()
    assert decisions(served, "r-1") == []
    assert served.answers and set(served.answers) == {403}


def test_without_the_token_there_is_no_page(browser: Any, served: Served) -> None:
    page = browser.new_page()
    for path in ("", "wrong/", "wrong/api/report?id=r-1"):
        answer = page.goto(f"http://127.0.0.1:{served.port}/{path}")
        assert answer.status == 403 and TEXT[:20] not in page.content()
    page.close()


def test_a_report_is_reviewed_with_keys_alone(page: Any, served: Served) -> None:
    settled(page, lambda: page.keyboard.press("a"))
    assert page.get_attribute(".record.chosen", "data-id") != KILLED  # on to the next
    settled(page, lambda: page.keyboard.press("x"))
    settled(page, lambda: page.keyboard.press("u"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.get_attribute(".record.chosen", "data-id") == INJURED
    page.keyboard.press("e")
    page.fill("form [name=value]", "13")
    settled(page, lambda: page.keyboard.press("Enter"))
    assert "Machine’s: count: 12" in page.inner_text(f'[data-id="{INJURED}"]')
    settled(page, lambda: page.keyboard.press("d"))
    page.wait_for_selector('#queue [data-id="r-1"] .chip')
    assert "1 of 3 finished by Rana" in page.inner_text("#progress")
    made = [action for action, _ in decisions(served, "r-1")]
    assert made == ["accept", "reject", "undo", "set", "done"]
    reading = served.review.store.reading("r-1", "Rana")
    assert [r.count.value for r in reading.records] == [5, 2, 13] and reading.done


def test_values_links_merge_and_split_with_the_mouse(page: Any, served: Served) -> None:
    page.click(f'[data-id="{INJURED}"]')
    page.click("#text mark.PARTY")
    settled(page, lambda: page.click("#bar >> text=victims of injured 12"))
    page.click(f'[data-id="{INJURED}"] >> text=Split')
    settled(page, lambda: page.click(".pick >> text=missing"))
    assert page.inner_text(".record.chosen .outcome") == "missing 12"
    page.click(".record.chosen >> text=Merge")
    settled(page, lambda: page.click(".pick >> text=injured 12"))
    page.click(f'[data-id="{KILLED}"]')
    page.click(".record.chosen >> text=Correct")
    page.select_option("form [name=cause]", "drone")
    page.fill("form [name=perpetrators]", "nobody")
    page.click("form >> text=Save")
    page.wait_for_selector("#message:not([hidden])")
    assert "No party has the id 'nobody'" in page.inner_text("#message")
    page.fill("form [name=perpetrators]", "islamic-state")
    settled(page, lambda: page.click("form >> text=Save"))
    reading = served.review.store.reading("r-1", "Rana")
    assert [r.outcome for r in reading.records] == ["killed", "killed", "injured"]
    assert (reading.records[0].cause, reading.records[0].perpetrators) == (
        "drone", ("islamic-state",))  # fmt: skip
    assert "victims" in {x.type for x in reading.links}
    for _ in range(4):
        settled(page, lambda: page.click("#undo"))
    assert served.review.store.reading("r-1", "Rana") == served.review.store.get("r-1").reading
    assert page.is_disabled("#undo")
