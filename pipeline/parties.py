"""Parties: from the words of a mention to the ids of the armed sides, monitors and sources.

Names come from data/parties.toml. Words that mean a party only here and now ('the organisation',
'the army', 'both sides') come from data/party_references.toml and the report's own story so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from msgspec import Struct

from .data import load_toml
from .number_words import read_ordinal, tokenize
from .text import fold_key, key
from .trim import trim_marks

LONGEST_NAME = 8  # words
_NATION_REACH = 3  # words between aircraft and the word for whose they are
# How sure a reading is, by what it rests on (set by hand): a name, a name amid other words,
# a word that depends on the country, one that depends on the story, a word of nationality.
NAMED, COUNTRY_WORD, LAST_NAMED, NATIONALITY = 0.95, 0.75, 0.65, 0.7
UNIT = 0.6
HEDGED = 0.6  # times, for 'believed to be'
_PREFIXES = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "فب")


class PartyEntry(Struct, frozen=True, kw_only=True):
    """A party of parties.toml; the file's header says what the fields hold."""

    party_id: str
    name: str
    name_ar: str
    kind: str
    side: str
    country: str | None
    theatres: tuple[str, ...]
    parent: str | None


class PartyContext(Struct, frozen=True, kw_only=True):
    """The report's country (ISO2) and year, and parties named earlier: (offset, party_id)."""

    country: str | None = None
    year: int | None = None
    earlier: tuple[tuple[int, str], ...] = ()


class ResolvedParty(Struct, frozen=True, kw_only=True):
    """``party_ids`` main party first, empty if unknown; ``name`` and ``kind`` are the first's."""

    party_ids: tuple[str, ...] = ()
    name: str | None = None
    kind: str | None = None
    score: float = 0.0

    @property
    def party_id(self) -> str | None:
        """The main party, or None."""
        return self.party_ids[0] if self.party_ids else None


class _Hit(Struct, frozen=True):
    """Words ``[first, last)`` of the mention that name parties, so sure."""

    first: int
    last: int
    party_ids: tuple[str, ...]
    score: float


@cache
def parties() -> dict[str, PartyEntry]:
    """All parties by id."""
    return {
        party_id: PartyEntry(
            party_id=party_id,
            name=row["name"],
            name_ar=row["name_ar"],
            kind=row["kind"],
            side=row["side"],
            country=row["country"] or None,
            theatres=tuple(row.get("theatres", ())),
            parent=row.get("parent"),
        )
        for party_id, row in load_toml("parties.toml").items()
    }


def party(party_id: str | None) -> PartyEntry | None:
    """The party with this id, if there is one."""
    return parties().get(party_id) if party_id else None


@cache
def _spelling() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(p), r) for p, r in load_toml("party_references.toml")["spelling"].items()]


@lru_cache(maxsize=1 << 13)
def _one_spelling(word: str) -> str:
    for pattern, replacement in _spelling():
        word = pattern.sub(replacement, word)
    return word


_TOKEN = re.compile(r"[^\W\d_]+|\d+")


def _words(folded: str) -> list[str]:
    return _TOKEN.findall(folded)


def _name_key(words: Sequence[str]) -> str:
    """One word keeps its article (the 'base' is no al-Qaeda); in longer names articles vary."""
    spelt = [_one_spelling(w) for w in words]
    if len(spelt) == 1:
        return spelt[0]
    return " ".join(w[2:] if w.startswith("ال") and len(w) > 4 else w for w in spelt)


@cache
def _aliases() -> dict[str, str]:
    table: dict[str, str] = {}
    for party_id, row in load_toml("parties.toml").items():
        for alias in [row["name_ar"], *row["aliases"]]:
            table.setdefault(_name_key(_words(key(alias))), party_id)
    return table


def named_party(text: str) -> str | None:
    """The party whose name or alias is ``text`` and nothing else, glued prefixes aside."""
    words = _words(key(text))
    forms = _forms(words) if words else ()
    return next((_aliases()[form] for form in forms if form in _aliases()), None)


@cache
def _adjectives() -> dict[str, str]:
    """Words of nationality with and without article, in the forms of gender and number."""
    table: dict[str, str] = {}
    for party_id, row in load_toml("parties.toml").items():
        for adjective in row.get("adjectives", []):
            word = key(adjective)
            endings = ("", "ين", "ون", "ان", "ا")
            for form in (*(word + e for e in endings), *("ال" + word + e for e in endings)):
                table.setdefault(form, party_id)
    return table


@cache
def _by_country(section: str = "by_country") -> dict[str, dict[str, str]]:
    rows = load_toml("party_references.toml")[section]
    return {_name_key(_words(key(word))): table for word, table in rows.items()}


@cache
def _last_named() -> dict[str, frozenset[str]]:
    rows = load_toml("party_references.toml")["last_named"]
    return {_name_key(_words(key(word))): frozenset(kinds) for word, kinds in rows.items()}


@cache
def _word_set(section: str) -> frozenset[str]:
    rows = load_toml("party_references.toml")[section]["words"]
    return frozenset(_name_key(_words(key(w))) for w in rows)


def _forms(words: Sequence[str]) -> Iterator[str]:
    """Keys of the run of words, first as spelt, then without a prefix glued to the first."""
    yield _name_key(words)
    first, rest = words[0], words[1:]
    for bare in _bare(first):
        yield _name_key([bare, *rest])


def _bare(word: str) -> list[str]:
    if word.startswith("لل") and len(word) > 4:
        return ["ال" + word[2:]]
    return [word[len(p) :] for p in _PREFIXES if word.startswith(p) and len(word) - len(p) >= 3]


def resolve_party(text: str, context: PartyContext | None = None) -> ResolvedParty:
    """The parties that ``text`` names, as the report's country, year and story have it."""
    ctx = context or PartyContext()
    folded = _pulled_together(key(text))
    if _unnamed().search(folded):
        return ResolvedParty()
    named, backer = _cut_backer(folded)
    hits = _meant(named, ctx)
    if _nameless(hits) and backer:
        hits = _led_by(_meant(backer.group("rest"), ctx), backer) or hits
    ids = tuple(dict.fromkeys(i for h in hits for i in h.party_ids))
    if not ids:
        return ResolvedParty()
    words = _words(folded)
    first = parties()[ids[0]]
    hedged = any(f in _word_set("hedges") for w in words for f in _forms([w]))
    score = hits[0].score * (HEDGED if hedged else 1.0)
    return ResolvedParty(party_ids=ids, name=first.name, kind=first.kind, score=round(score, 3))


# Letters kept apart by dots or a digit in the shape of an alef, to slip past a filter.
_PULLED_APART = re.compile(r"(?<=[^\W\d_])[.*+_~]+(?=[^\W\d_])")
_DIGIT_ALEF = re.compile(r"(?<=[^\W\d_])1(?=[^\W\d_])")


def _pulled_together(folded: str) -> str:
    return _DIGIT_ALEF.sub("ا", _PULLED_APART.sub("", folded))


@cache
def _unnamed() -> re.Pattern[str]:
    return re.compile(load_toml("party_references.toml")["unnamed"]["pattern"])


@cache
def _backing() -> re.Pattern[str]:
    data = load_toml("party_references.toml")["backing"]
    return re.compile(rf"(?:(?P<led>{data['led']})|(?P<backed>{data['backed']}))(?P<rest>.*)")


def _cut_backer(folded: str) -> tuple[str, re.Match[str] | None]:
    """What stands before 'backed by', 'led by', 'part of', and what stands behind it."""
    found = _backing().search(folded)
    if found is None or _name_key(_words(folded)) in _aliases():
        return folded, None
    return folded[: found.start()], found


def _nameless(hits: Sequence[_Hit]) -> bool:
    return all(_unknown(h) or h.score == COUNTRY_WORD for h in hits)


def _led_by(hits: list[_Hit], backing: re.Match[str]) -> list[_Hit]:
    """The party of nameless fighters: their leader itself, or those who fight for their backer."""
    if not backing.group("backed"):
        return hits
    proxies: dict[str, str] = load_toml("party_references.toml")["backing"]["fighters"]
    return [
        _Hit(h.first, h.last, tuple(proxies[i] for i in h.party_ids if i in proxies), h.score)
        for h in hits if any(i in proxies for i in h.party_ids)
    ]  # fmt: skip


def _meant(folded: str, ctx: PartyContext) -> list[_Hit]:
    """The parties of a phrase; words that only describe a party named beside them are dropped."""
    words = _words(folded)
    hits = _hits(words, ctx)
    hits = _foreign_aircraft(words, hits) or hits
    named = any(not _unknown(h) for h in hits)
    kept: list[_Hit] = []
    for hit in hits:
        apart = _joined(words[hit.first], folded)
        if kept and hit.score >= NAMED > kept[-1].score and not (apart or _unknown(hit)):
            kept.pop()  # 'terrorists of the Nusra Front'
        describes = _unknown(hit) and named or hit.score < NAMED and bool(kept)
        if apart or not describes:
            kept.append(hit)
    return kept or list(_nationalities(words)) or list(_unit(words, ctx))


def _unknown(hit: _Hit) -> bool:
    return all(parties()[i].kind == "unknown" for i in hit.party_ids)


def _joined(word: str, folded: str) -> bool:
    """Whether a waw, a comma, a slash or a bracket parts a word from what stands before it."""
    if word[0] == "و" and len(word) > 3:
        return True
    return re.search(rf"[،,/(]\s*{re.escape(word)}(?!\w)", folded) is not None


def _foreign_aircraft(words: Sequence[str], hits: Sequence[_Hit]) -> list[_Hit]:
    """'Warplanes' are another's where a word of nationality stands behind them ('drones that are
    believed to be Israeli')."""
    if len(hits) != 1 or hits[0].score >= NAMED:
        return []
    last = hits[0].last
    return [h for h in _nationalities(words) if last <= h.first <= last + _NATION_REACH]


def _unit(words: Sequence[str], ctx: PartyContext) -> Iterator[_Hit]:
    """Units and posts known by a number or place alone: the state's; by a name: maybe rebels'."""
    data = load_toml("party_references.toml")["units"]
    heads = {f for w in words[:2] for f in _forms([w])}
    bare = {h.removeprefix("ال") for h in heads}
    numbered = any(w.isdecimal() or read_ordinal(tokenize(w), 0) for w in words[1:])
    table = None
    if numbered and bare & set(map(key, data["numbered"])) or bare & set(map(key, data["posts"])):
        table = data["state"]
    elif len(words) > 1 and bare & set(map(key, data["named"])):
        table = data["rebels"] if ctx.country in data["rebels"] else data["state"]
    party_id = table.get(ctx.country or "") if table else None
    if party_id:
        yield _Hit(0, len(words), (party_id,), UNIT)


def _hits(words: Sequence[str], ctx: PartyContext) -> list[_Hit]:
    """The longest names first, then what is left between them, in the order of the text."""
    found = [h for i in range(len(words)) if (h := _longest(words, i, ctx)) is not None]
    kept: list[_Hit] = []
    for hit in sorted(found, key=lambda h: (h.first - h.last, h.first)):
        if all(hit.last <= k.first or k.last <= hit.first for k in kept):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.first)


def _longest(words: Sequence[str], first: int, ctx: PartyContext) -> _Hit | None:
    for last in range(min(len(words), first + LONGEST_NAME), first, -1):
        for form in _forms(words[first:last]):
            ids, score = _meaning(form, ctx)
            if ids:
                return _Hit(first, last, ids, score)
    return None


def _meaning(form: str, ctx: PartyContext) -> tuple[tuple[str, ...], float]:
    """What a folded name means in this report: party ids and how sure."""
    table = _by_country().get(form)
    if table is not None:
        party_id = table.get(ctx.country or "*", table.get("*"))
        if party_id:
            return (_renamed(form, party_id, ctx),), COUNTRY_WORD
    kinds = _last_named().get(form, frozenset())
    last = _last_of(form, [p for p in _latest_first(ctx) if parties()[p].kind in kinds])
    if last is not None:
        return (last,), LAST_NAMED
    party_id = _aliases().get(form)
    if party_id is not None:
        return (_renamed(form, party_id, ctx),), NAMED
    if form in _word_set("both_sides"):
        return _two_sides(ctx) or _sides_of_the_war(form, ctx), LAST_NAMED
    assumed = _by_country("assumed").get(form, {}).get(ctx.country or "")
    return ((assumed,), COUNTRY_WORD) if assumed else ((), 0.0)


def _renamed(form: str, party_id: str, ctx: PartyContext) -> str:
    """The party that bears the name in the report's year and country."""
    for rule in load_toml("party_references.toml")["until"]:
        due = ctx.year is not None and ctx.year <= rule["year"] and ctx.country == rule["country"]
        if due and form in (_name_key(_words(key(a))) for a in rule["aliases"]):
            return str(rule["to"])
    for rule in load_toml("party_references.toml")["renamed"]:
        due = ctx.year is not None and ctx.year >= rule["year"]
        names = (_name_key(_words(key(a))) for a in rule["aliases"])
        if due and rule["from"] == party_id and form in names:
            return str(rule["to"])
    return party_id


def _latest_first(ctx: PartyContext) -> list[str]:
    return [p for _, p in sorted(ctx.earlier, reverse=True) if p in parties()]


def _last_of(form: str, latest: Sequence[str]) -> str | None:
    """The last party whose name opens with the word ('the movement': a Movement), or the last."""
    word = form.removeprefix("ال")
    so_called = [p for p in latest if word in _opening_words()[p]]
    return next(iter([*so_called, *latest]), None)


@cache
def _opening_words() -> dict[str, frozenset[str]]:
    return {
        party_id: frozenset(_words(key(a))[0].removeprefix("ال") for a in row["aliases"])
        for party_id, row in load_toml("parties.toml").items()
    }


def _two_sides(ctx: PartyContext) -> tuple[str, ...]:
    """The last two fighting parties of different sides, in the order that they were named."""
    fighting = [p for p in _latest_first(ctx) if parties()[p].kind not in ("monitor", "unknown")]
    for other in fighting:
        if parties()[other].side != parties()[fighting[0]].side:
            return (other, fighting[0])
    return ()


def _sides_of_the_war(form: str, ctx: PartyContext) -> tuple[str, ...]:
    """The warring parties of the report's country, where the word means them and none was named."""
    data = load_toml("party_references.toml")["both_sides"]["of_the_war"]
    known: dict[str, list[str]] = data["parties"]
    return tuple(known.get(ctx.country or "", ())) if form in map(key, data["words"]) else ()


def _nationalities(words: Sequence[str]) -> Iterator[_Hit]:
    if _any_of(words, "people"):
        return
    for i, word in enumerate(words):
        for form in (word, *_bare(word)):
            party_id = _adjectives().get(form)
            if party_id is not None:
                yield _Hit(i, i + 1, (party_id,), NATIONALITY)
                break


def _any_of(words: Sequence[str], section: str) -> bool:
    return any(f in _word_set(section) for w in words for f in _forms([w]))


def party_of_victims(text: str, context: PartyContext | None = None) -> ResolvedParty:
    """The party that the words for victims name of themselves: 'policemen', 'two Malian soldiers',
    'Houthis'; none where they are of no armed side or only a word of the story ('the gunmen')."""
    ctx = context or PartyContext()
    words = _words(_pulled_together(key(text)))
    if _any_of(words, "people"):
        return ResolvedParty()
    hits = list(_nationalities(words)) if _any_of(words, "bearers") else []
    sure = {NAMED, COUNTRY_WORD} if _any_of(words, "order") else {NAMED}
    hits = hits or [h for h in _hits(words, ctx) if h.score in sure and _fights(h)]
    ids = tuple(dict.fromkeys(i for h in hits for i in h.party_ids))
    if len(ids) != 1:
        return ResolvedParty()
    named = parties()[ids[0]]
    return ResolvedParty(party_ids=ids, name=named.name, kind=named.kind, score=hits[0].score)


def _fights(hit: _Hit) -> bool:
    return all(
        parties()[i].kind not in ("unknown", "monitor", "civilian-org") for i in hit.party_ids
    )


def trim_party(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without quotes and brackets around it and, where the rest is a known name or a word
    such as 'forces' and the whole word is not, without the letter glued to its front."""
    start, end = trim_marks(text, start, end)
    folded = fold_key(text[start:end])
    first = _TOKEN.match(folded.text)
    if first is None or first.group() in _first_words() or first.group().startswith("لل"):
        return start, end
    word = first.group()
    for bare in _bare(word):
        if bare in _first_words():
            return start + folded.span(len(word) - len(bare), len(word))[0], end
    return start, end


@cache
def _first_words() -> frozenset[str]:
    """First words of every name, as spelt, and of the words that depend on the story."""
    data = load_toml("party_references.toml")
    names = [a for row in load_toml("parties.toml").values() for a in row["aliases"]]
    names += [*data["by_country"], *data["last_named"], *data["both_sides"]["words"]]
    names += load_toml("party_words.toml")["heads"]
    return frozenset(w[0] for w in (_words(key(n)) for n in names) if w)
