"""Places: from the words of a mention to an entry of the gazetteer, and how exactly it is meant.

A mention is read as words around a name: what it is (a village), how much of it (the countryside
of), or how near to it (10 km west of). The name may be ambiguous; the report's country, the
division named beside it and the other places of the report decide. Below a score it stays
unresolved rather than wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from msgspec import Struct, field, structs

from .data import load_toml
from .gazetteer import Entry, distance_km, lookup, loose, opens_name
from .parties import party
from .schema import Place, PlacePrecision
from .text import fold_key, key
from .trim import trim_marks

LONGEST_NAME = 5  # words
# Scores add up; the scale is free, tuned by hand on examples of ours. A known name with nothing
# else to speak for it (a small village, no context) stays below the least score.
LEAST_SCORE = 1.5
UNSAID_POPULATION = 5000
PARTY_VOTE = 0.8
LEAST_LEAD = 0.4  # over the next candidate of another country
NEIGHBOUR_KM = 40.0
FAR_KM = 120.0
_SOMEWHERE_NEAR = 0.5  # the least of `_nearness` that a place has to what stands right behind it


class Neighbours:
    """The known places of a report, and how well entries of the gazetteer fit among them."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        known = (p for p in places if p.precision not in ("unresolved", "country"))
        self._sites = list(dict.fromkeys((p.country, p.admin1, p.lat, p.lon) for p in known))
        # A long report names the same places over and over.
        self._fits: dict[Entry, float] = {}

    def fit(self, entry: Entry) -> float:
        """`_nearness` of the entry to the nearest of them; 0 without any."""
        if entry not in self._fits:
            nearness = (_nearness(entry, *site) for site in self._sites)
            self._fits[entry] = max(nearness, default=0.0)
        return self._fits[entry]


class PlaceContext(Struct, frozen=True):
    """What the report says of itself: likely countries (weights), places resolved so far, and the
    one that stands right behind the place in question ('X in the countryside of Y')."""

    countries: Mapping[str, float] = field(default_factory=dict)
    places: Neighbours = field(default_factory=lambda: Neighbours())
    beside: Place | None = None


class Name(Struct, frozen=True):
    """A run of words of the mention that the gazetteer knows, ``[first, last)``."""

    first: int
    last: int
    key: str
    entries: tuple[Entry, ...]


class Words(Struct, frozen=True):
    """The folded word lists of place_words.toml."""

    heads: dict[str, str]
    parts: frozenset[str]
    wide: frozenset[str]
    roads: frozenset[str]
    near: frozenset[str]
    inside: frozenset[str]
    rivers: frozenset[str]
    banks: frozenset[str]
    glue: frozenset[str]
    prefixes: tuple[str, ...]

    def has(self, word: str) -> bool:
        return word in self.heads or any(
            word in s for s in (self.parts, self.near, self.inside, self.banks, self.glue)
        )


@cache
def words() -> Words:
    """The word lists, folded."""
    data = load_toml("place_words.toml")

    def folded(section: str, name: str = "words") -> frozenset[str]:
        return frozenset(key(w) for w in data[section][name])

    return Words(
        heads={key(w): kind for w, kind in data["heads"].items()},
        parts=folded("parts"),
        wide=folded("parts", "wide"),
        roads=folded("roads"),
        near=folded("near"),
        inside=folded("inside"),
        rivers=folded("rivers"),
        banks=folded("rivers", "banks"),
        glue=folded("glue"),
        prefixes=tuple(data["glue"]["prefixes"]),
    )


_TOKEN = re.compile(r"[^\W\d_]+|\d+")


def _tokens(folded: str) -> list[str]:
    return _TOKEN.findall(folded)


def _bare(word: str) -> list[str]:
    """``word`` without a glued prefix, each way that leaves two letters or more."""
    if word.startswith("لل") and len(word) > 4:
        return ["ال" + word[2:], word[1:]]
    if word.startswith(("ولل", "فلل")) and len(word) > 5:
        return ["ال" + word[3:]]
    return [
        word[len(p) :] for p in words().prefixes if word.startswith(p) and len(word) - len(p) >= 2
    ]


def _longest(tokens: Sequence[str], first: int, plain_words: bool) -> Name | None:
    """The longest known name that starts at the word ``first``, prefix or no prefix."""
    heads = _openings(tokens[first])
    for last in range(min(len(tokens), first + LONGEST_NAME), first, -1):
        rest = " ".join(tokens[first + 1 : last])
        for head in heads:
            if not rest and not plain_words and words().has(head):
                continue
            whole = f"{head} {rest}" if rest else head
            entries = lookup(whole)
            if entries and not _opens_another(tokens, last, rest, whole, entries):
                return Name(first, last, whole, tuple(entries))
    return None


def _opens_another(
    tokens: Sequence[str], last: int, rest: str, whole: str, entries: Sequence[Entry]
) -> bool:
    """Whether a word is a place only with an article that it lacks, and opens an unknown name.

    'Bab Tuma' is no mention of Al-Bab.
    """
    if (
        rest
        or last == len(tokens)
        or whole.startswith("ال")
        or any(whole in e.keys for e in entries)
    ):
        return False
    after = tokens[last]
    return not (words().has(after) or any(words().has(b) for b in _bare(after)))


@lru_cache(maxsize=20_000)
def _openings(token: str) -> list[str]:
    """The word as it may open a name of the gazetteer: as spelt, and without its prefix."""
    forms = [token] if words().has(token) else [token, *_bare(token)]
    return [f for f in forms if opens_name(f)]


def _names(tokens: Sequence[str]) -> list[Name]:
    """Known names from left to right, none overlapping.

    Words such as 'south' or 'town' are names only where the mention says nothing else.
    """
    found = _names_with(tokens, plain_words=False)
    if found or len(tokens) > 1 or any(t in words().rivers for t in tokens):
        return found
    return _names_with(tokens, plain_words=True)


def _names_with(tokens: Sequence[str], plain_words: bool) -> list[Name]:
    found = []
    i = 0
    while i < len(tokens):
        name = None if _is_bank(tokens, i) else _longest(tokens, i, plain_words)
        if name is None:
            i += 1
            continue
        found.append(name)
        i = name.last
    return found


def bare_name(text: str) -> str:
    """The words of ``text``, in lexicon form, without those before the name that say what it is,
    how much of it or how near; all of them where nothing else is left."""
    tokens = _tokens(key(text))
    known = words()
    names = [t for t in tokens if not any(map(known.has, [t, *_bare(t)]))]
    return " ".join(map(loose, names or tokens))


def _is_bank(tokens: Sequence[str], first: int) -> bool:
    w = words()
    head = tokens[first] in w.banks or any(b in w.banks for b in _bare(tokens[first]))
    return head and any(t in w.rivers for t in tokens[first + 1 : first + 4])


@lru_cache(maxsize=20_000)
def _parsed(span: str) -> tuple[list[str], list[Name]]:
    """The words of a mention and the names in it; reports name the same places again and again."""
    tokens = _tokens(key(span))
    return tokens, _names(tokens)


def _roles(tokens: Sequence[str], name: Name) -> list[str]:
    """The known words before the name, bare of prefixes; unknown ones as '?'."""
    roles = []
    for token in tokens[: name.first]:
        forms = [token, *_bare(token)]
        roles.append(next((f for f in forms if words().has(f)), "#" if token.isdigit() else "?"))
    return roles


def resolve_place(text: str, start: int, end: int, context: PlaceContext | None = None) -> Place:
    """The place that ``text[start:end]`` means; ``unresolved`` where the gazetteer can't tell."""
    ctx = context or PlaceContext()
    span = text[start:end]
    unresolved = Place(text=span, start=start, end=end)
    tokens, names = _parsed(span)
    if not names:
        return unresolved
    main, parents = names[0], names[1:]
    roles = _roles(tokens, main)
    if "?" in roles:
        return _within(unresolved, tokens, main, names, ctx)
    entry = best_entry(main, roles, parents, ctx)
    if entry is None:
        return unresolved
    place = _filled(unresolved, entry, _precision(entry, roles, tokens, main))
    if parents and _is_road(tokens, roles, main, parents[0]):
        other = best_entry(parents[0], [], parents[1:], ctx)
        return place if other is None else _half_way(place, entry, other)
    return place


def _is_road(tokens: Sequence[str], roles: Sequence[str], first: Name, last: Name) -> bool:
    """Whether two names side by side are the ends of a road."""
    opens = tokens[last.first].removeprefix("و") == last.key.split()[0].removeprefix("و")
    return not words().roads.isdisjoint(roles) and first.last == last.first and opens


def _half_way(place: Place, first: Entry, last: Entry) -> Place:
    """The middle of the road between two places; no division where they lie in two."""
    ends = [(e.lat, e.lon) for e in (first, last) if e.lat is not None and e.lon is not None]
    if len(ends) < 2 or first.country != last.country:
        return place
    (lat, lon), (other_lat, other_lon) = ends
    named = first.name_ar and last.name_ar
    return structs.replace(
        place,
        name=f"{first.name} - {last.name} road",
        name_ar=f"طريق {first.name_ar} - {last.name_ar}" if named else None,
        geonameid=None,
        lat=round((lat + other_lat) / 2, 4),
        lon=round((lon + other_lon) / 2, 4),
        admin1=first.admin1 if first.admin1 == last.admin1 else None,
    )


def _within(
    unresolved: Place, tokens: list[str], first: Name, names: list[Name], ctx: PlaceContext
) -> Place:
    """A place that is not known itself, in one that is ('... in the countryside of Idlib')."""
    linked = tokens[first.first] != first.key.split()[0] or any(
        t in words().glue or words().has(t) or any(words().has(b) for b in _bare(t))
        for t in tokens[max(0, first.first - 1) : first.first]
    )
    if not linked:
        return unresolved
    roles = [r for r in _roles(tokens, first)[-2:] if r != "?"]
    entry = best_entry(first, roles, names[1:], ctx)
    if entry is None:
        return unresolved
    return _filled(unresolved, entry, _broad(entry, "part_of"))


def _broad(entry: Entry, precision: PlacePrecision) -> PlacePrecision:
    """A part of a country is known no better than the country, and so for divisions."""
    if entry.kind == "country":
        return "country"
    return "admin1" if entry.kind == "admin1" else precision


def _precision(entry: Entry, roles: list[str], tokens: Sequence[str], name: Name) -> PlacePrecision:
    w = words()
    after = [t for t in tokens[name.last : name.last + 2] if t in w.parts and t.startswith("ال")]
    if any(r in w.near or r == "#" for r in roles):
        return _broad(entry, "near")
    kind = next((w.heads[r] for r in reversed(roles) if w.heads.get(r)), None)
    buildings = any(r in w.inside and r not in w.heads for r in roles)
    parts = any(r in w.parts and r not in w.heads for r in roles) or bool(after)
    if buildings or parts or (kind in ("quarter", "camp") and entry.kind == "admin1"):
        return _broad(entry, "part_of")
    return _broad(entry, "exact")


def _filled(place: Place, entry: Entry, precision: PlacePrecision) -> Place:
    return Place(
        text=place.text,
        start=place.start,
        end=place.end,
        name=entry.name,
        name_ar=entry.name_ar,
        geonameid=entry.geonameid,
        lat=entry.lat,
        lon=entry.lon,
        admin1=entry.admin1,
        country=entry.country,
        precision=precision,
    )


def best_entry(
    name: Name, roles: Sequence[str], parents: Sequence[Name], context: PlaceContext
) -> Entry | None:
    """The likeliest bearer of the name, or None where none is likely enough."""
    ranked = sorted(
        ((_score(e, name, roles, parents, context), i) for i, e in enumerate(name.entries)),
        key=lambda row: (-row[0], row[1]),
    )
    score, index = ranked[0]
    best = name.entries[index]
    rival = next((s for s, i in ranked[1:] if name.entries[i].country != best.country), -9.0)
    if score < LEAST_SCORE or score - rival < LEAST_LEAD or _far_from_beside(best, context):
        return None
    return best


def _far_from_beside(entry: Entry, context: PlaceContext) -> bool:
    """A namesake of the place that is meant: it lies nowhere near what stands right behind it."""
    return context.beside is not None and _beside_fit(entry, context) < _SOMEWHERE_NEAR


def _beside_fit(entry: Entry, context: PlaceContext) -> float:
    place = context.beside
    if place is None or place.precision == "country" or entry.kind in ("admin1", "country"):
        return _SOMEWHERE_NEAR
    return _nearness(entry, place.country, place.admin1, place.lat, place.lon)


def _score(
    entry: Entry, name: Name, roles: Sequence[str], parents: Sequence[Name], ctx: PlaceContext
) -> float:
    spelt = (0.6 if name.key in entry.keys else 0.0) + 0.3 * name.key.count(" ")
    return (
        spelt
        + _prior(entry)
        + _kind_fit(entry, name, roles)
        + _country_fit(entry, ctx.countries)
        + _parent_fit(entry, parents)
        + ctx.places.fit(entry)
        + (2.0 * _beside_fit(entry, ctx) if ctx.beside is not None else 0.0)
    )


def _prior(entry: Entry) -> float:
    known = {"country": 3.0, "admin1": 1.6}.get(entry.kind, 0.0)
    # A place that we list by hand is in the news; where nobody says how many live there, some do.
    unsaid = UNSAID_POPULATION if entry.curated and entry.kind == "locality" else 0
    inhabitants = entry.population or unsaid
    people = math.log10(inhabitants + 1) / 2.5  # 0 for a village, 2.2 for a city of 300,000
    return max(known, people) + (1.0 if entry.curated else 0.0)


def _kind_fit(entry: Entry, name: Name, roles: Sequence[str]) -> float:
    w = words()
    if any(r in w.wide for r in roles):
        return 3.0 if entry.kind == "admin1" else 0.0
    kind = next((w.heads[r] for r in reversed(roles) if w.heads.get(r)), None)
    if kind is None:
        seat = any(e.kind == "locality" and e.admin1 == entry.admin1 for e in name.entries)
        return -1.0 if entry.kind == "admin1" and seat else 0.0
    if kind == entry.kind:
        return 2.0 if kind in ("admin1", "country") else 1.2
    return -2.0 if entry.kind in ("admin1", "country") else 0.0


def _country_fit(entry: Entry, countries: Mapping[str, float]) -> float:
    if not countries:
        return 0.0
    weight = countries.get(entry.country, 0.0)
    return 2.5 * weight if weight >= 0.05 else -2.5


def _parent_fit(entry: Entry, parents: Sequence[Name]) -> float:
    """How well the entry fits the wider places named after it in the same mention."""
    fits = []
    for parent in parents:
        for other in parent.entries:
            if other is not entry:
                fits.append(_nearness(entry, other.country, other.admin1, other.lat, other.lon))
    return 2.0 * max(fits, default=0.0)


def _nearness(
    entry: Entry, country: str | None, admin1: str | None, lat: float | None, lon: float | None
) -> float:
    """1 near or in the same division, 0.5 not far, 0.2 in the same country, else 0."""
    if country == entry.country and admin1 is not None and admin1 == entry.admin1:
        return 1.0
    if entry.lat is not None and entry.lon is not None and lat is not None and lon is not None:
        away = distance_km(entry.lat, entry.lon, lat, lon)
        if away <= NEIGHBOUR_KM:
            return 1.0
        if away <= FAR_KM:
            return 0.5
    return 0.2 if country == entry.country else 0.0


def country_of_report(
    places: Iterable[str], party_ids: Iterable[str | None] = ()
) -> dict[str, float]:
    """Likely countries of a report, weights adding up to 1, from its places' words and parties.

    A name that lies in one country speaks for it in full, an ambiguous one for each in part;
    a division or country says as much as two places, a party `PARTY_VOTE` places, and as much for
    where it fights abroad. Empty if none tells.
    """
    votes: dict[str, float] = {}
    for text in places:
        for country, vote in _votes(text).items():
            votes[country] = votes.get(country, 0.0) + vote
    for party_id in party_ids:
        known = party(party_id)
        if known is None:
            continue
        for own in (known.country, *known.theatres):
            if own:
                votes[own] = votes.get(own, 0.0) + PARTY_VOTE
    total = sum(votes.values())
    return {c: v / total for c, v in sorted(votes.items(), key=lambda cv: (-cv[1], cv[0]))}


def _votes(text: str) -> dict[str, float]:
    votes: dict[str, float] = {}
    for name in _parsed(text)[1]:
        best: dict[str, float] = {}
        for e in name.entries:
            weight = math.exp(_prior(e) + (0.6 if name.key in e.keys else 0.0))
            best[e.country] = max(best.get(e.country, 0.0), weight)
        total = sum(best.values())
        sure = 2.0 if any(e.kind in ("country", "admin1") for e in name.entries) else 1.0
        for country, weight in best.items():
            votes[country] = votes.get(country, 0.0) + sure * weight / total
    return votes


def trim_place(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without quotes, brackets and glued prefixes around it.

    A tagged mention covers whole words ('in-the-countryside of ...'); the glued letter goes only
    if the rest is a known name or a word such as 'village' and the whole word is neither.
    """
    start, end = trim_marks(text, start, end)
    folded = fold_key(text[start:end])
    tokens = [m.span() for m in _TOKEN.finditer(folded.text)]
    if not tokens or tokens[0][0] != 0:
        return start, end
    first = folded.text[: tokens[0][1]]
    if first.startswith("لل") or _keeps_first_letter(first, folded.text):
        return start, end
    for bare in _bare(first):
        if words().has(bare) or opens_name(bare):
            return start + folded.span(len(first) - len(bare), len(first))[0], end
    return start, end


def _keeps_first_letter(first: str, whole: str) -> bool:
    if words().has(first) or lookup(whole):
        return True
    return opens_name(first) and not any(lookup(b) for b in _bare(whole))
