"""People counted without a number: names in a row, a man and his wife."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from .casualty_nouns import NounForm, known_form, with_pronoun
from .data import load_toml
from .number_words import Number, Token
from .text import fold, key


class People(Struct, frozen=True):
    """So many people: ``low`` and ``high`` are equal where the text tells exactly."""

    low: int
    high: int | None


class _Names(Struct, frozen=True):
    names: frozenset[str]
    beginnings: frozenset[str]
    titles: frozenset[str]
    stops: frozenset[str]
    numbering: re.Pattern[str]
    age: re.Pattern[str]


@cache
def _lexicon() -> _Names:
    data = load_toml("given_names.toml")

    def words(field: str) -> frozenset[str]:
        return frozenset(map(key, data[field]))

    return _Names(
        words("names"), words("beginnings"), words("titles"), words("stops"),
        re.compile(data["numbering"]), re.compile(data["age"]),
    )  # fmt: skip


_BRACKETED = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
# '... 2- ' inside a line begins another entry.
_NUMBER_INSIDE = re.compile(r"(?<=[^\W\d_])[\s.،,]+\d{1,2}\s*[-–—.)](?=\s*[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+")
_COMMAS = re.compile(r"[,،;؛]")
# Behind a dash or slash stands another name or what the person is.
_DASHES = re.compile(r"/|\s[-–—]+\s?|[–—]")
# A name has at most this many words after its titles.
_LONGEST_NAME = 6


def is_given_name(word: str) -> bool:
    """Whether ``word`` (a key) is a given name or begins a name (Abu, Abd al-)."""
    known = _lexicon()
    return word in known.names or word in known.beginnings or word.startswith("عبدال")


class _Item(Struct, frozen=True):
    """One entry of a list: a name (``sure`` if its words say so) or kin without a name."""

    people: int
    named: bool
    sure: bool


def _split_waw(words: list[str]) -> list[list[str]]:
    """Cuts a run of words before each waw that is glued to a name, a title or a kin word."""
    out: list[list[str]] = [[]]
    for i, word in enumerate(words):
        rest = word[1:]
        joins = word[0] == "و" and len(rest) > 2 and not is_given_name(word)
        if joins and not out[-1] and _begins_item(rest, words[1:4]):
            out[-1].append(rest)
            continue
        if joins and out[-1] and (_pair(out[-1]) or _begins_item(rest, words[i + 1 : i + 4])):
            out.append([rest])
        else:
            out[-1].append(word)
    return out


def _pair(words: list[str]) -> bool:
    """Whether ``words`` are a dual (or twins) and one name: the other name follows."""
    form = known_form(words[0]) or with_pronoun(words[0])
    if len(words) < 2 or form is None:
        return False
    return form.number == "dual" or form.word == key("توأم")


def _begins_item(word: str, following: list[str]) -> bool:
    form = with_pronoun(word)
    if is_given_name(word) or (form is not None and form.number in ("singular", "dual", "plural")):
        return True
    # 'and the Jordanian called Abu Qatada', 'and the soldier Nadav'
    titled = word.startswith("ال") or word in _lexicon().titles
    return titled and any(is_given_name(w) or not w.startswith("ال") for w in following)


def _item(words: list[str]) -> _Item | None:
    """The entry that ``words`` make, or None if they are none."""
    known = _lexicon()
    heads, rest = _without_titles(words)
    stop = next((i for i, w in enumerate(rest) if w in known.stops), len(rest))
    rest = rest[:stop]
    kin = with_pronoun(heads[-1]) if heads else None
    if not rest:
        size = {"singular": 1, "dual": 2}.get(kin.number) if kin else None
        return _Item(size, False, False) if size else None
    if len(rest) > _LONGEST_NAME:
        return None
    if is_given_name(rest[0]):
        return _Item(1, True, True)
    form = known_form(rest[0])
    if form is not None and form.number != "singular":
        return None
    definite = bool(heads) and heads[0].startswith("ال") and not rest[0].startswith("ال")
    return _Item(1, True, definite) if heads or 2 <= len(rest) <= 4 else None


def _without_titles(words: list[str]) -> tuple[list[str], list[str]]:
    """The titles, ranks and kin words that open an entry, and the rest: the name."""
    titles = _lexicon().titles
    rest = list(words)
    heads: list[str] = []
    while rest and (not is_given_name(rest[0]) or _is_rank(rest)):
        form = known_form(rest[0]) or with_pronoun(rest[0])
        nisba = rest[0].startswith("ال") and any(is_given_name(w) for w in rest[1:3])
        if form is None and rest[0] not in titles and not nisba:
            break
        if form is not None and form.number not in ("singular", "dual", "plural"):
            break
        heads.append(rest.pop(0))
    return heads, rest


def _is_rank(words: list[str]) -> bool:
    """Whether a word that may be a name is a title here: 'the major Khalaf'."""
    return words[0].startswith("ال") and len(words) > 1


def named_people(text: str) -> int | None:
    """How many people ``text`` names in a row, or None where it is no list of names.

    Items are parted by line ends, commas, semicolons, dashes, slashes or waw; ages, kinship and
    ranks in brackets, numbering and trades behind a dash are passed over. Each of several lines
    is a person at least, whatever the name; in one line half of the items must be plainly names.
    """
    known = _lexicon()
    lines = _NUMBER_INSIDE.sub("\n", _BRACKETED.sub(" ", fold(text).text)).split("\n")
    lines = [known.numbering.sub("", line) for line in lines]
    lines = [line for line in lines if _WORD.search(line)]
    if len(lines) == 1:
        return _people_of_row(lines[0])
    sizes = [_people_of_line(line) for line in lines]
    return sum(sizes) if sizes else None


def _keys(piece: str) -> list[str]:
    words = [w for w in (key(w) for w in _WORD.findall(piece)) if w]
    return words[1:] if words[:1] == ["و"] else words


def _people_of_line(line: str) -> int:
    """The people of one line of several: one, its kin, and further names beside it."""
    title, colon, rest = line.partition(":")
    if colon and _WORD.search(rest) and _WORD.search(title):
        parts = [p for c in _COMMAS.split(rest) for p in re.split(r"/|[-–—]", c)]
        return sum(len(_split_waw(_keys(p))) for p in parts if _keys(p)) or 1
    first, *others = [p for c in _COMMAS.split(line) for p in _DASHES.split(c)]
    items = [_item(words) for words in _split_waw(_keys(first)) if words]
    more = [_item(words) for p in others for words in _split_waw(_keys(p)) if words]
    people = sum(i.people if i else n == 0 for n, i in enumerate(items))
    return max(1, people) + sum(i.people for i in more if i and i.sure)


def _people_of_row(line: str) -> int | None:
    """The people of names in one line, or None if an entry between commas is no name."""
    known = _lexicon()
    items: list[_Item] = []
    pieces = [_DASHES.split(c) for c in _COMMAS.split(known.age.sub(" ", line))]
    for first, *others in pieces:
        if any(c.isdecimal() for c in first):
            return None
        words = _keys(first)
        if not words or (items and words[0] in known.stops):
            continue
        found = [_item(w) for w in _split_waw(words)]
        if None in found:
            return None
        items += [i for i in found if i]
        tails = [_item(w) for p in others for w in _split_waw(_keys(p)) if w]
        items += [i for i in tails if i and i.sure]
    named = [i for i in items if i.named]
    sure = sum(i.sure for i in named)
    if not named or (2 * sure < len(named) and not _foreign_names(line)):
        return None
    return sum(i.people for i in items)


def _foreign_names(line: str) -> bool:
    """Whether commas part entries of two to four bare words, none of them a noun of people."""
    entries = [_keys(p) for p in _COMMAS.split(_lexicon().age.sub(" ", line))]
    entries = [e for e in entries if e]
    return len(entries) > 1 and all(
        2 <= len(e) <= 4
        and not e[0].startswith("ال")
        and not any(w in _lexicon().stops or known_form(w) for w in e)
        for e in entries
    )


def _joined_person(token: Token) -> NounForm | None:
    """The person or kin that a token adds after a waw (وزوجته، وفتاة), or None."""
    word = token.text[1:]
    if token.text[0] != "و" or len(word) < 3:
        return None
    plain = known_form(word)
    if plain is not None and plain.number in ("singular", "dual"):
        # 'one dead and one hurt' are two outcomes, not two people of one.
        return plain if plain.outcome is None else None
    return with_pronoun(word)


def person_and_kin(tokens: list[Token], numbers: list[Number]) -> People | None:
    """The people of 'a man and his wife', 'a mother and her three children'; None if not such.

    The first noun is singular, or two of someone's kin ('his parents and his brother'); each person
    or kin after a waw adds its own: one, two, a number that stands beside it, or an unknown several
    (three or more).
    """
    plain = known_form(tokens[0].text) if tokens else None
    head = plain or with_pronoun(tokens[0].text) if tokens else None
    if head is not None and head.number == "family":
        return _family_by_members(tokens, numbers)
    if head is None or head.outcome is not None:
        return None
    if head.number != "singular" and (head.number != "dual" or plain is not None):
        return None
    low, exact, seen = 1 if head.number == "singular" else 2, True, False
    # Not 'a man in his seventies and his wife'.
    before = {n.last: n.value for n in numbers if n.first >= 1 and tokens[n.first - 1].text != "في"}
    after = {n.first: n.value for n in numbers}
    for i, token in enumerate(tokens[1:], 1):
        if i in before:
            if with_pronoun(token.text) or token.text == "من":
                low, seen = low + before[i], True
            continue
        kin = _joined_person(token)
        if kin is not None:
            beside = after.get(i + 1)
            exact = exact and (beside is not None or kin.number in ("singular", "dual"))
            low += beside or {"singular": 1, "dual": 2}.get(kin.number, 3)
            seen = True
    return People(low, low if exact else None) if seen else None


def _family_by_members(tokens: list[Token], numbers: list[Number]) -> People | None:
    """The members that follow 'a family made up of' (a father, a mother and two children)."""
    start = next((i + 1 for i, t in enumerate(tokens) if t.text == "من"), len(tokens))
    counted = {i for n in numbers for i in range(n.first, n.last + 1)}
    people = sum(n.value for n in numbers if n.first >= start)
    members = 0
    for i, token in enumerate(tokens[start:], start):
        form = None if i in counted else known_form(token.text) or with_pronoun(token.text)
        members += {"singular": 1, "dual": 2}.get(form.number, 0) if form else 0
    # A lone noun behind 'of' tells whose family it is, not who is in it.
    return (
        People(people + members, people + members) if members > 1 or (members and people) else None
    )
