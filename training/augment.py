"""Annotated reports told once more with other names, causes and numbers, and other spelling.

A varied report keeps its links: a mention is replaced by one of its own label from other reports,
letters by letters. It is for training alone; its records are left out, for its facts are mixed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from annotations.form import AnnotatedReport, GoldMention

# Labels whose words can change without their sentence: an outcome's verb holds it together, and a
# number agrees with its noun only loosely in the field.
REPLACED = ("PARTY", "PLACE", "SOURCE", "CAUSE", "DATE", "COUNT", "VICTIM")
_GLUED = "وفبلك"  # letters that may be a glued prefix: a word is replaced by one that has the same
_DIGITS = "0123456789"
_SPELLINGS = (  # letter for letter, so that offsets stay
    str.maketrans("أإآ", "ااا"),
    str.maketrans("ةى", "هي"),
    str.maketrans("ىئ", "يي"),
    str.maketrans(_DIGITS, "٠١٢٣٤٥٦٧٨٩"),
    str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", _DIGITS * 2),
    str.maketrans("“”«»", '""""'),
    str.maketrans("،؛", ",;"),
    str.maketrans(".،\n", "   "),
)


def vary(
    reports: Sequence[AnnotatedReport], share: float, spelling: float, seed: int
) -> Iterator[AnnotatedReport]:
    """Each report once more: about ``share`` of its names replaced, in ``spelling`` of the
    reports (each a share in 0 to 1) one habit of spelling changed. The same seed, the same text.
    """
    pool = _pool(reports)
    chance = random.Random(seed)
    for report in reports:
        varied = _replaced(report, pool, share, chance)
        if chance.random() < spelling:
            varied = _respelt(varied, chance.choice(_SPELLINGS))
        yield varied


def _class(report: AnnotatedReport, mention: GoldMention) -> tuple[str, bool, str, str]:
    """What a replacement must share: label, being an anchor, the glued letter, the country."""
    glued = mention.text[0] if mention.text[0] in _GLUED else ""
    country = report.country if mention.label == "PLACE" else ""
    return mention.label, mention.anchor is not None, glued, country


def _pool(
    reports: Sequence[AnnotatedReport],
) -> dict[tuple[str, bool, str, str], list[str]]:
    pool: dict[tuple[str, bool, str, str], dict[str, None]] = defaultdict(dict)
    for report in reports:
        for mention in report.mentions:
            pool[_class(report, mention)][mention.text] = None
    return {kind: list(texts) for kind, texts in pool.items()}


def _replaced(
    report: AnnotatedReport,
    pool: dict[tuple[str, bool, str, str], list[str]],
    share: float,
    chance: random.Random,
) -> AnnotatedReport:
    """``report`` with some mentions' words replaced; the same words by the same."""
    chosen: dict[str, str] = {}
    for mention in report.mentions:
        if mention.label in REPLACED and mention.text not in chosen:
            others = pool[_class(report, mention)]
            chosen[mention.text] = (
                chance.choice(others) if chance.random() < share else mention.text
            )
    text, at, mentions = "", 0, []
    for mention in sorted(report.mentions, key=lambda m: m.start):
        words = chosen.get(mention.text, mention.text)
        text += report.text[at : mention.start]
        moved = {"start": len(text), "end": len(text) + len(words), "text": words}
        mentions.append(msgspec.structs.replace(mention, **moved))
        text += words
        at = mention.end
    text += report.text[at:]
    return msgspec.structs.replace(report, text=text, mentions=tuple(mentions), records=())


def _respelt(report: AnnotatedReport, letters: dict[int, str]) -> AnnotatedReport:
    """``report`` with ``letters`` changed everywhere, one for one."""
    mentions = tuple(
        msgspec.structs.replace(m, text=m.text.translate(letters)) for m in report.mentions
    )
    return msgspec.structs.replace(report, text=report.text.translate(letters), mentions=mentions)
