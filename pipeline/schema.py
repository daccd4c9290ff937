"""The types that travel through Hasila, all frozen: what each stage takes and returns.

Offsets are half-open and count Unicode code points of the raw text of the report.
A field that is not known is ``None`` or an empty tuple, never a made-up value.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Literal, get_args

from msgspec import Struct

MentionLabel = Literal["PARTY", "VICTIM", "PLACE", "COUNT", "DATE", "OUTCOME", "CAUSE", "SOURCE"]
LinkType = Literal[
    "outcome", "victims", "perpetrator", "place", "date", "cause", "source", "part_of", "same_as"
]
Scope = Literal["incident", "cumulative"]
Outcome = Literal["killed", "injured", "missing", "captured", "displaced", "killed_or_injured"]
Qualifier = Literal["exact", "at_least", "at_most", "approximate", "range", "vague"]
CountKind = Literal["explicit", "dual", "singular", "named_list", "vague"]
Category = Literal["civilian", "combatant", "mixed", "unknown"]
DatePrecision = Literal["day", "interval", "month", "season", "year"]
DateBasis = Literal["stated", "relative", "inherited"]
PlacePrecision = Literal["exact", "part_of", "near", "admin1", "country", "unresolved"]
CauseCode = Literal[
    "airstrike", "shelling", "drone", "clash", "shooting", "ied", "landmine", "suicide_bombing",
    "execution", "torture", "stabbing", "chemical", "siege", "accident", "other",
]  # fmt: skip

MENTION_LABELS: tuple[str, ...] = get_args(MentionLabel)
LINK_TYPES: tuple[str, ...] = get_args(LinkType)
SCOPES: tuple[str, ...] = get_args(Scope)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
CATEGORIES: tuple[str, ...] = get_args(Category)
CAUSE_CODES: tuple[str, ...] = get_args(CauseCode)

# Which mention label a link of each type may point to. A link always starts at an anchor.
LINK_TARGETS: dict[str, frozenset[str]] = {
    "outcome": frozenset({"OUTCOME"}),
    "victims": frozenset({"VICTIM", "PARTY"}),
    "perpetrator": frozenset({"PARTY"}),
    "place": frozenset({"PLACE"}),
    "date": frozenset({"DATE"}),
    "cause": frozenset({"CAUSE"}),
    "source": frozenset({"SOURCE", "PARTY"}),
    "part_of": frozenset({"COUNT", "VICTIM", "OUTCOME"}),
    "same_as": frozenset({"COUNT", "VICTIM", "OUTCOME"}),
}
ANCHOR_LABELS = frozenset({"COUNT", "VICTIM", "OUTCOME"})
# Links whose target must be an anchor too.
ANCHOR_LINKS = frozenset({"part_of", "same_as"})


class Report(Struct, frozen=True, kw_only=True):
    """One text to read. ``text`` is title, newline, body where the title came apart from it."""

    report_id: str
    text: str
    source: str = ""
    title: str | None = None
    published: str | None = None  # ISO day or time
    repairs: tuple[str, ...] = ()  # sentences on what was put right before the text was fixed


class Reject(Struct, frozen=True):
    """An input that could not be read, and a sentence on why that a person can act on."""

    input: str
    reason: str


class PassedOver(Reject, frozen=True):
    """A report that was read and left out, because it is not in Arabic."""


class Mention(Struct, frozen=True, kw_only=True):
    """A tagged span. ``anchor`` says that a casualty record hangs on it, and of which scope.

    Scores are probabilities: of the span and its label, and of its being an anchor or none.
    """

    label: MentionLabel
    start: int
    end: int
    text: str
    score: float = 1.0
    anchor: Scope | None = None
    anchor_score: float = 1.0


class Link(Struct, frozen=True, kw_only=True):
    """A directed relation from the anchor ``head`` to ``tail``, both indices into the mentions."""

    type: LinkType
    head: int
    tail: int
    score: float = 1.0


def mentions_within(mentions: Sequence[Mention], start: int, end: int) -> range:
    """The indices of the ``mentions``, which stand in text order, that begin in [start, end)."""
    begin = attrgetter("start")
    low = bisect_left(mentions, start, key=begin)
    return range(low, bisect_left(mentions, end, lo=low, key=begin))


Scale = tuple[float, float]  # slope and offset in log-odds, see `scaled`
SAME_SCALE: Scale = (1.0, 0.0)
LEAST_SCORE = 1e-6  # scores nearer to 0 or 1 are scaled as if they were this near


class Tagged(Struct, frozen=True):
    """What the model says of one text: mentions in text order, links between them.

    ``record_scale`` makes a probability of what the scores beneath a record multiply to.
    """

    mentions: tuple[Mention, ...]
    links: tuple[Link, ...]
    record_scale: Scale = SAME_SCALE


def scaled(score: float, scale: Scale) -> float:
    """``score`` (0 to 1) on another scale: slope and offset of its log-odds (Platt 1999)."""
    if scale == SAME_SCALE:
        return score
    slope, offset = scale
    kept = min(max(score, LEAST_SCORE), 1 - LEAST_SCORE)
    return 1 / (1 + math.exp(-(slope * math.log(kept / (1 - kept)) + offset)))


class Count(Struct, frozen=True, kw_only=True):
    """A number of people. ``low`` and ``high`` bound it; ``None`` is unbounded or unknown."""

    value: int | None
    low: int | None
    high: int | None
    qualifier: Qualifier
    kind: CountKind
    text: str = ""
    start: int = 0
    end: int = 0


class Cause(Struct, frozen=True, kw_only=True):
    """How people came to harm, in the words of the text and as a code."""

    code: CauseCode
    text: str
    start: int
    end: int


class Date(Struct, frozen=True, kw_only=True):
    """``start`` and ``end`` are ISO days, both included; null where the text can't be resolved."""

    start: str | None
    end: str | None
    precision: DatePrecision | None
    basis: DateBasis | None
    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()


class Place(Struct, frozen=True, kw_only=True):
    """A place as written and, where the gazetteer knows it, its entry (WGS84 degrees)."""

    text: str
    start: int
    end: int
    name: str | None = None
    name_ar: str | None = None
    geonameid: int | None = None
    lat: float | None = None
    lon: float | None = None
    admin1: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    precision: PlacePrecision = "unresolved"


class Party(Struct, frozen=True, kw_only=True):
    """An armed side or a source as written and, where parties.toml knows it, its entry there."""

    text: str
    start: int
    end: int
    party_id: str | None = None
    name: str | None = None


class Victims(Struct, frozen=True, kw_only=True):
    """Who the people of a record are. ``party_id`` joins several by ";"; None: of no known side.

    ``demographics`` are names of data/victims.toml (child, woman, journalist, ...).
    """

    text: str
    start: int
    end: int
    party_id: str | None = None
    name: str | None = None
    category: Category = "unknown"
    demographics: tuple[str, ...] = ()


class Casualty(Struct, frozen=True, kw_only=True):
    """One statement of one number of people with one outcome."""

    casualty_id: str
    outcome: Outcome
    count: Count
    victims: Victims | None = None
    according_to: Party | None = None
    subset_of: str | None = None
    same_as: str | None = None
    confidence: float = 1.0
    evidence: tuple[int, int] = (0, 0)


class Record(Struct, frozen=True, kw_only=True):
    """A casualty statement on its way from mentions to an event.

    ``anchor`` indexes the mentions; ``subset_of`` and ``same_as`` index the report's records.
    ``evidence`` is the raw span of the sentence that states it.
    """

    anchor: int
    outcome: Outcome
    count: Count
    victims: Victims
    scope: Scope
    cause: Cause | None = None
    date: Date | None = None
    places: tuple[Place, ...] = ()
    perpetrators: tuple[Party, ...] = ()
    source: Party | None = None
    subset_of: int | None = None
    same_as: int | None = None
    confidence: float = 1.0
    evidence: tuple[int, int] = (0, 0)


class Event(Struct, frozen=True, kw_only=True):
    """The casualty records that share scope, date, places, doer and cause.

    ``places`` stand most specific first; ``confidence`` (0 to 1) is the least of the records'.
    """

    event_id: str
    scope: Scope
    cause: Cause | None
    date: Date | None
    places: tuple[Place, ...]
    perpetrators: tuple[Party, ...]
    casualties: tuple[Casualty, ...]
    confidence: float


class Warning(Struct, frozen=True):
    """Something in a report's figures that an analyst should look at."""

    code: str
    message: str
    casualty_ids: tuple[str, ...]


class ReportResult(Struct, frozen=True, kw_only=True):
    """One line of ``reports.jsonl``."""

    report_id: str
    source: str
    title: str | None
    published: str | None
    language: str
    sha256: str
    events: tuple[Event, ...]
    warnings: tuple[Warning, ...]
