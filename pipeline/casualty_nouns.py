"""How the form of a noun counts: one (طفل), two (طفلان), several (أطفال), a family."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Literal

from msgspec import Struct

from .data import load_toml
from .text import key

FormNumber = Literal["singular", "dual", "plural", "family", "families", "two_families"]


class NounForm(Struct, frozen=True):
    """A noun of the lexicon in one of its forms.

    ``word``: the singular as a key, empty where only the ending tells; ``ambiguous``: the form
    is a dual or a sound plural. The other fields are those of ``data/casualty_nouns.toml``.
    """

    number: FormNumber
    word: str = ""
    ambiguous: bool = False
    gender: str | None = None
    category: str | None = None
    outcome: str | None = None
    demographics: tuple[str, ...] = ()


def _duals(word: str) -> list[str]:
    stem = word[:-1] + "ت" if word.endswith("ه") else word
    return [stem + "ان", stem + "ين"]


def _forms(row: dict[str, Any], word: str, gender: str | None) -> dict[str, NounForm]:
    """All forms of one noun; of forms that fall together the plural stands, marked ambiguous."""

    def form(number: FormNumber, ambiguous: bool = False) -> NounForm:
        return NounForm(
            number, word, ambiguous, gender, row.get("category"), row.get("outcome"),
            tuple(row.get("demographics", ())),
        )  # fmt: skip

    given = row.get("dual") if word == key(row["word"]) else None
    out = {w: form("dual") for w in (_duals(word) if given is None else map(key, given))}
    if not word.endswith("ه"):
        out[word + "ا"] = form("singular")
    out[word] = form("singular")
    if row.get("sound") and not word.endswith("ه"):
        out[word + "ون"], out[word + "ين"] = form("plural"), form("plural", ambiguous=True)
    out |= {key(w): form("plural") for w in row.get("plural", ())}
    only = row.get("only")
    return {w: f for w, f in out.items() if only is None or f.number in only}


def _constructs(forms: dict[str, NounForm]) -> dict[str, NounForm]:
    """Sound plurals without their nun, as before the noun that owns them (مسلحي، مقاتلو)."""
    return {
        w[:-1]: f for w, f in forms.items()
        if f.number == "plural" and w[-2:] in ("ون", "ين") and len(w) > 5
    }  # fmt: skip


@cache
def lexicon() -> dict[str, NounForm]:
    """Every known form of every casualty noun, by key; the first noun listed has precedence."""
    data = load_toml("casualty_nouns.toml")
    out: dict[str, NounForm] = {}
    for row in data["nouns"]:
        word = key(row["word"])
        forms = _forms(row, word, row.get("gender"))
        if row.get("feminine"):
            feminine = {k: row[k] for k in row if k not in ("plural", "sound", "dual")}
            about = tuple(row.get("demographics", ()))
            if "child" not in about:
                feminine["demographics"] = ("woman", *about)
            forms = _forms({**feminine, "plural": [word + "ات"]}, word + "ه", "f") | forms
        out = forms | out
    out |= {key(w): NounForm("plural") for w in data["plurals"] if key(w) not in out}
    out |= {w: f for w, f in _constructs(out).items() if w not in out}
    numbers: dict[str, FormNumber]
    numbers = {"singular": "family", "dual": "two_families", "plural": "families"}
    for number, value in numbers.items():
        out |= {key(w): NounForm(value, "family") for w in data["family"][number]}
    return out


_PREFIXES = (
    "",
    "و",
    "ف",
    "ب",
    "ل",
    "ك",
    "ال",
    "لل",
    "وال",
    "بال",
    "فال",
    "ول",
    "وب",
    "ولل",
    "وبال",
)

_WORDS_KEPT = 2**16  # of an archive's words, which have no end


@lru_cache(_WORDS_KEPT)
def known_form(word: str) -> NounForm | None:
    """The form of ``word`` (a key), with or without what is glued before it; None if unknown."""
    for prefix in _PREFIXES:
        rest = word[len(prefix) :]
        if word.startswith(prefix) and len(rest) > 1 and rest in lexicon():
            return lexicon()[rest]
    return None


@lru_cache(_WORDS_KEPT)
def with_pronoun(word: str) -> NounForm | None:
    """The form of a noun that a pronoun ends (زوجته، طفلاها، أطفالهما); None if unknown."""
    nouns = lexicon()
    for prefix in ("", "و", "ف", "ب", "ل", "ول", "وب"):
        rest = word[len(prefix) :]
        if not word.startswith(prefix) or len(rest) < 3:
            continue
        for pronoun in map(key, load_toml("casualty_nouns.toml")["pronouns"]):
            stem = rest[: -len(pronoun)] if rest.endswith(pronoun) else ""
            found = _before_pronoun(stem, nouns) if len(stem) > 1 else None
            if found is not None:
                return found
    return None


def _before_pronoun(stem: str, nouns: dict[str, NounForm]) -> NounForm | None:
    singular = {stem, stem[:-1] + "ه"} if stem.endswith("ت") else {stem}
    if stem[-1] in "ايو" and (found := nouns.get(stem + "ن")) and found.number != "singular":
        return found  # duals and sound plurals lose their nun before a pronoun
    hamza = stem[-1] in "وي" and stem[:-1].endswith("ا")
    if hamza and (found := nouns.get(stem[:-1])) and found.number == "plural":
        return found  # the hamza of أبناء sits on a waw or a yaa
    return next((nouns[s] for s in sorted(singular) if s in nouns), None)


@cache
def _not_forms() -> frozenset[str]:
    return frozenset(key(w) for w in load_toml("casualty_nouns.toml")["not_forms"]["words"])


@lru_cache(_WORDS_KEPT)
def guessed_form(word: str) -> NounForm | None:
    """The form that the ending of an unknown ``word`` (a key) suggests, or None.

    -ان and -تين are duals. -ين is a sound plural after a participle's miim, a nisba's yaa or the
    pattern faa'il, and a dual otherwise. -ون and -ات are plurals.
    """
    rest = next((word[len(p) :] for p in ("وال", "بال", "ال", "لل") if word.startswith(p)), word)
    if len(rest) < 5 or rest in _not_forms() or word in _not_forms():
        return None
    if rest.endswith(("ون", "ات")):
        return NounForm("plural")
    if rest.endswith(("ان", "تين")):
        return NounForm("dual")
    if rest.endswith("ين"):
        participle = rest[0] == "م" or rest.endswith("يين") or (len(rest) == 6 and rest[1] == "ا")
        return NounForm("plural", ambiguous=True) if participle else NounForm("dual")
    return None
