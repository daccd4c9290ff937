from __future__ import annotations

import base64
import quopri
from email.message import EmailMessage
from pathlib import Path

import pytest

from .conftest import ARABIC
from .reading import read, read_bytes

SUBJECT = "حصيلة القصف على سرمين"
TEXT = "قُتل ثلاثة مدنيين وأصيب سبعة آخرون بقصف على البلدة."
DATE = "Wed, 02 May 2018 01:02:03 +0300"


def mail(text: str | None = TEXT, html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["Date"], message["From"] = SUBJECT, DATE, "desk@example.org"
    if text is not None:
        message.set_content(text)
    if html is not None:
        (message.set_content if text is None else message.add_alternative)(html, subtype="html")
    return message


def raw(body: bytes, *headers: str) -> bytes:
    return "\r\n".join([*headers, "", ""]).encode() + body


def test_a_message(tmp_path: Path) -> None:
    (report,), rejects = read_bytes(tmp_path, "a.eml", bytes(mail()))
    assert report.text == f"{SUBJECT}\n{TEXT}" and rejects == []
    assert (report.title, report.published) == (SUBJECT, "2018-05-02T01:02:03+03:00")


@pytest.mark.parametrize("declared", ["windows-1256", "iso-8859-1", "nonsense", ""])
def test_quoted_printable_in_windows_1256(tmp_path: Path, declared: str) -> None:
    kind = f"text/plain; charset={declared}" if declared else "text/plain"
    body = quopri.encodestring(TEXT.encode("cp1256"))
    data = raw(body, f"Content-Type: {kind}", "Content-Transfer-Encoding: quoted-printable")
    (report,), _ = read_bytes(tmp_path, "a.eml", data)
    assert report.text == TEXT


def test_base64_and_an_encoded_subject(tmp_path: Path) -> None:
    subject = base64.b64encode(SUBJECT.encode("cp1256")).decode()
    data = raw(
        base64.encodebytes(TEXT.encode("iso-8859-6", "ignore")),
        f"Subject: =?windows-1256?B?{subject}?=",
        "Content-Type: text/plain; charset=iso-8859-6",
        "Content-Transfer-Encoding: base64",
    )
    (report,), _ = read_bytes(tmp_path, "a.eml", data)
    assert report.text == f"{SUBJECT}\n{TEXT.replace('قُ', 'قُ')}"


def test_plain_text_is_taken_before_html(tmp_path: Path) -> None:
    (report,), _ = read_bytes(tmp_path, "a.eml", bytes(mail(html="<p>غيره</p>")))
    assert report.text == f"{SUBJECT}\n{TEXT}"


def test_html_alone(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    html = f"<html><body><p>{TEXT}</p><p>{TEXT}</p></body></html>"
    (report,), _ = read_bytes(tmp_path, "a.eml", bytes(mail(None, html)))
    assert report.title == SUBJECT and TEXT in report.text and "<p>" not in report.text


def test_attachments_are_read_too(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(ARABIC.encode(), "text", "plain", filename="../تقرير.txt")
    message.add_attachment(b"\x89PNG", "image", "png", filename="logo.png")
    message.add_attachment(b"\x80\x04.", "application", "octet-stream", filename="m.pkl")
    reports, (reject,) = read_bytes(tmp_path, "a.eml", bytes(message))
    assert [r.report_id for r in reports] == ["a.eml", "a.eml!تقرير.txt"]
    assert reports[1].text == ARABIC
    assert reject.input == "a.eml!m.pkl" and "pickled" in reject.reason


def test_mails_in_mails_end(tmp_path: Path) -> None:
    message = mail()
    for _ in range(6):
        outer = mail()
        outer.add_attachment(bytes(message), "application", "octet-stream", filename="inner.eml")
        message = outer
    reports, (reject,) = read_bytes(tmp_path, "a.eml", bytes(message))
    assert len(reports) == 4 and "deep" in reject.reason


def test_parts_in_parts_end(tmp_path: Path) -> None:
    body = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1)
        for n in range(3000)
    )
    (tmp_path / "a.eml").write_bytes(raw(body, "Content-Type: multipart/mixed; boundary=0"))
    (tmp_path / "z.txt").write_text(TEXT, "utf-8")
    reports, rejects = read(tmp_path)
    assert [r.report_id for r in reports] == ["z.txt"] and len(rejects) == 1


def test_a_mail_without_text(tmp_path: Path) -> None:
    _, (reject,) = read_bytes(tmp_path, "a.eml", bytes(mail("")))
    assert "no text" in reject.reason


def box(*messages: bytes) -> bytes:
    first = b"From desk@example.org Wed May  2 01:02:03 2018\n"
    return b"\n\n".join(first + message for message in messages)


def test_a_box_of_messages(tmp_path: Path) -> None:
    quoted = raw(b"\n>From here on\n" + TEXT.encode(), "Subject: x")
    data = box(bytes(mail()), quoted, raw(b"", "Subject: y"))
    reports, (reject,) = read_bytes(tmp_path, "a.mbox", data)
    assert [r.report_id for r in reports] == ["a.mbox#1", "a.mbox#2"]
    assert reports[0].text == f"{SUBJECT}\n{TEXT}"
    assert reports[1].text == f"x\nFrom here on\n{TEXT}"
    assert reject.input == "a.mbox#3"


def test_what_is_no_box(tmp_path: Path) -> None:
    _, (reject,) = read_bytes(tmp_path, "a.mbox", b"nothing\nFrom here to there\n")
    assert "no message" in reject.reason


def test_a_long_message_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(box(raw(b"a\n" * 50_000, "Subject: x"), bytes(mail())))
    (report,), (reject,) = read(path, max_document_bytes=20_000)
    assert report.report_id == "a.mbox#2" and "longer than" in reject.reason
