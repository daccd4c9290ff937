from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pdfminer")

from pipeline import pdf as pdf_module
from pipeline.bidi import logical_order
from pipeline.blobs import ReadOptions
from pipeline.pdf import in_order, pdf_pages, without_running_heads
from pipeline.read import read_reports
from pipeline.schema import Reject, Report

from .pdfs import WIDTH, Word, document, lines, pdf, stream

FIRST = "قتل ثلاثة مدنيين بقصف على سوق البلدة"
SECOND = "وأصيب سبعة آخرون نقلوا إلى المشفى"


def read(path: Path, **options: object) -> tuple[list[Report], list[Reject]]:
    items = list(read_reports([path], ReadOptions(**options)))
    reports = [item for item in items if isinstance(item, Report)]
    return reports, [item for item in items if isinstance(item, Reject)]


def text_of(*pages: list[Word]) -> str:
    return "\n".join(paragraph for page in pdf_pages(pdf(*pages), 9) for paragraph in page)


def seen(line: str, top: float = 700) -> list[Word]:
    """A line as a program that knows Arabic draws it."""
    shown = get_display(line, base_dir="R")
    return [(560 - 10 * WIDTH * len(shown), top, shown)]


# The order of reading


@pytest.mark.parametrize(
    "line",
    [
        "قتل 12 مدنياً في 3/5/2018 قرب حلب",
        "بلغت الحصيلة 1,250 قتيلاً و3.5 بالمئة",
        "قال مكتب الأمم المتحدة OCHA إن العدد ارتفع",
        "مقاتلة Su-24 تقصف المدينة",
        "منظمة Human Rights Watch توثق مقتل ٢٥ شخصاً",
        "2018-05-02 حلب",
        "1- قيادة العمليات: قتل إرهابيين",
        "نزح 45 بالمئة، رابط https://example.org/a هنا",
    ],
)
def test_a_line_is_read_as_it_was_written(line: str) -> None:
    assert "".join(logical_order(get_display(line, base_dir="R"), mirror=False)) == line


@given(st.lists(st.sampled_from(["قتل", "مدني", "17", "حلب،", "٢٥", "أصيب."]), min_size=1))
def test_arabic_words_and_numbers_come_back(words: list[str]) -> None:
    line = " ".join(words)
    assert "".join(logical_order(get_display(line, base_dir="R"), mirror=False)) == line


def test_brackets_are_turned_round_where_they_are_as_seen() -> None:
    assert "".join(logical_order("(ةيروس) بلح")) == "حلب (سورية)"
    assert text_of([(100, 700, "(ةيروس) بلح")]) == "حلب (سورية)"
    assert text_of([(100, 700, ")ةيروس( بلح")]) == "حلب (سورية)"


def test_a_ligature_is_not_turned_round() -> None:
    assert text_of([(100, 700, ["ن", "لا", "ف", "ط"])]) == "طفلان"


def test_presentation_forms_become_letters() -> None:
    assert text_of([(100, 700, "ﻥﻼﻔﻃ")]) == "طفلان"


def test_the_order_of_drawing_does_not_matter() -> None:
    words = [*lines(SECOND, top=680), *lines(FIRST, top=693)]
    assert text_of(words) == f"{FIRST} {SECOND}"


def test_marks_stand_on_their_letters() -> None:
    letters = [(300 + 6 * n, 700, [sign]) for n, sign in enumerate("اصخش")]
    assert text_of([*letters, (301, 700, "\u064b")]) == "شخصا\u064b"


def test_lines_are_joined_to_paragraphs() -> None:
    long = "وقالت فرق الدفاع المدني إنها انتشلت الجثث من تحت الأنقاض طوال"
    texts = text_of(lines(long, SECOND, FIRST))
    assert texts == f"{long} {SECOND}\n{FIRST}"


def test_columns_are_read_from_the_right() -> None:
    right = [f"سطر من العمود الأول رقمه {n}" for n in ("واحد", "اثنان", "ثلاثة", "أربعة")]
    left = [f"سطر من العمود الثاني رقمه {n}" for n in ("واحد", "اثنان", "ثلاثة", "أربعة")]
    head = lines("عنوان يمتد فوق العمودين من أول الصفحة إلى آخرها وهو طويل جدا", top=760)
    page = [*head, *lines(*left, right=270), *lines(*right)]
    text = text_of(page)
    assert text.startswith("عنوان")
    assert text.index("الأول رقمه أربعة") < text.index("الثاني رقمه واحد")


# Pages


def test_pages_are_put_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    pages = [[*lines(FIRST), *seen("2", 40)], [*lines(SECOND), *seen("1", 40)]]
    path = tmp_path / "2018-05-02-daily.pdf"
    path.write_bytes(pdf(*pages))
    (report,), _ = read(path)
    assert report.text == f"{SECOND}\n{FIRST}" and report.published == "2018-05-02"
    assert len(report.repairs) == 1 and "order of" in report.repairs[0]


@pytest.mark.parametrize("numbers", [("3", "1"), ("1", "1"), ("2", "")])
def test_pages_stay_where_their_numbers_do_not_tell(numbers: tuple[str, str]) -> None:
    pages = [[f"نص {n}", number] for n, number in enumerate(numbers)]
    assert in_order(pages) == (pages, False)


@pytest.mark.parametrize("form", ["{}", "- {} -", "صفحة {} من 9", "{} / 9", "ص. {}"])
def test_numbers_of_pages_are_left_out(form: str) -> None:
    pages = [["نص", form.format(4)], ["آخر", form.format(5)]]
    assert in_order(pages) == ([["نص"], ["آخر"]], False)


def test_running_heads_stay_once() -> None:
    pages = [["نشرة", "أ"], ["نشرة", "ب"], ["نشرة", "ج"]]
    assert without_running_heads(pages) == [["نشرة", "أ"], ["ب"], ["ج"]]
    assert without_running_heads(pages[:2]) == pages[:2]


# What can't be read


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (pdf([]), "OCR"),
        (b"%PDF-1.4 nothing", "damaged"),
        (pdf(lines(FIRST)).replace(b"/ToUnicode", b"/ToNothing"), "fonts"),
    ],
)
def test_a_file_without_text_is_refused(tmp_path: Path, data: bytes, word: str) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    reports, (reject,) = read(tmp_path / "a.pdf")
    assert reports == [] and word in reject.reason


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(*[lines(FIRST)] * 3))
    _, (reject,) = read(tmp_path / "a.pdf", max_pages=2)
    assert "pages" in reject.reason


def test_a_bomb_in_a_page_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_module, "MAX_UNPACKED", 10**6)
    bomb = zlib.compress(b" " * 10**7)
    objects = [part.split(b"obj\n", 1)[1] for part in pdf(lines(FIRST)).split(b"\nendobj\n")[:-1]]
    objects[6] = stream(b"", packed=bomb)  # what the first page draws
    (tmp_path / "a.pdf").write_bytes(document(objects))
    _, (reject,) = read(tmp_path / "a.pdf")
    assert "fill" in reject.reason


def test_drawings_inside_drawings_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten forms, each of which draws the next ten times: ten thousand million letters."""
    monkeypatch.setattr(pdf_module, "MAX_FORMS", 500)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /XObject << /X 5 0 R >> >> >>",
        stream(b"/X Do " * 10),
    ]
    for number in range(5, 15):
        packed = zlib.compress(b"/X Do " * 10)
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length %d /Filter /FlateDecode"
            b" /Resources << /XObject << /X %d 0 R >> >> >>\nstream\n%s\nendstream"
            % (len(packed), number + 1, packed)
        )
    (tmp_path / "a.pdf").write_bytes(document([*objects, b"<< >>"]))
    _, (reject,) = read(tmp_path / "a.pdf")
    assert "drawings" in reject.reason
