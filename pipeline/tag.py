"""The model's forward pass: a text -> its mentions and links, with scores.

A window of text runs alone, never padded beside others, and the exported model scales each piece
by itself: what is said of a text depends on that text alone. On one thread it costs no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import onnxruntime as ort
from msgspec import Struct
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .borders import mend_borders
from .gate import Gate
from .pairs import (
    ALLOWED,
    ANCHOR_LABEL_IDS,
    ANCHORS,
    COUNT_ID,
    LINKS,
    TAGS,
    TO_ANCHOR,
    Pairs,
    Spans,
    find_pairs,
)
from .schema import (
    LINK_TYPES,
    MENTION_LABELS,
    SAME_SCALE,
    Link,
    Mention,
    Scale,
    Tagged,
    scaled,
)
from .tokens import BOS_ID, EOS_ID, Ints, Tokens, centrality, sections, tokenize, windows

Floats = NDArray[np.float32]

# Pairs of mentions that the network looks at in one go. Each takes it about 8 kB, and a long list
# has a hundred thousand; an ordinary report has fewer than this.
PAIRS = 8192

META_FORMAT = 1
# Of these links an anchor seldom has two (GUIDELINES.md, 7): indices of LINK_TYPES.
SINGLE = tuple(LINK_TYPES.index(kind) for kind in ("date", "cause", "source"))


class Settings(Struct, frozen=True, kw_only=True):
    """How a text is cut and what counts as a link; written into the model at training."""

    window: int = 384  # pieces read at once, at most 510 with this encoder
    overlap: int = 128  # pieces that neighbouring windows share
    reach: int = 256  # tokens between two mentions that a link may span
    section: int = 4096  # pieces of a long text between which no link is looked for
    link_threshold: float = 0.5  # probability of any link from which a pair is linked
    # A record has one date, one cause, one source: the likeliest from the first of these on, more
    # only from the second on.
    single_threshold: float = 0.3
    again_threshold: float = 0.9
    # From the network's probabilities to how often it is right, fitted on dev (training/scale.py).
    mention_scale: Scale = SAME_SCALE
    link_scale: Scale = SAME_SCALE
    record_scale: Scale = SAME_SCALE


class Meta(Struct, frozen=True, kw_only=True):
    """``meta.json``: what the model is. The lists must be those of the code that loads it."""

    name: str
    version: str
    format: int
    tags: tuple[str, ...]
    anchors: tuple[str, ...]
    links: tuple[str, ...]
    settings: Settings
    training: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    files: dict[str, str] = {}  # name -> SHA-256
    lang: str = "ar"  # spaCy asks for it


def read_meta(folder: Path) -> Meta:
    """The ``meta.json`` of a model folder.

    Raises FileNotFoundError where there is none, ValueError where it is damaged or of another
    schema.
    """
    path = folder / "meta.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no model folder: it has no meta.json")
    try:
        meta = msgspec.json.decode(path.read_bytes(), type=Meta)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a model's meta.json ({error}); fetch it again") from error
    ours = (META_FORMAT, TAGS, ANCHORS, LINKS)
    if (meta.format, meta.tags, meta.anchors, meta.links) != ours:
        raise ValueError(f"{path}: made for another schema than this version's; train it again")
    return meta


class Network(Protocol):
    """The two parts of the model, however they are run."""

    def read(self, ids: Ints) -> tuple[Floats, Floats]:
        """Tag logits and vectors, a row each piece of one window."""

    def link(
        self, states: Floats, ends: tuple[Ints, Ints], labels: Ints, pairs: tuple[Ints, Ints, Ints]
    ) -> tuple[Floats, Floats]:
        """Anchor logits a mention, link logits a pair."""


class OnnxNetwork:
    """The exported model: ``model.onnx`` (8-bit) and ``links.onnx``."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # every window has a length of its own
        # Threads that spin take the processor from the other worker processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._reader, self._linker = (
            ort.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in ("model.onnx", "links.onnx")
        )

    def read(self, ids: Ints) -> tuple[Floats, Floats]:
        """As `Network.read`."""
        row = np.concatenate([[BOS_ID], ids, [EOS_ID]])[None]
        logits, states = self._reader.run(None, {"input_ids": row})
        return logits[0, 1:-1], states[0, 1:-1]

    def link(
        self, states: Floats, ends: tuple[Ints, Ints], labels: Ints, pairs: tuple[Ints, Ints, Ints]
    ) -> tuple[Floats, Floats]:
        """As `Network.link`."""
        names = ("states", "first", "last", "labels", "heads", "tails", "features")
        values = dict(zip(names, (states, *ends, labels, *pairs), strict=True))
        anchors, links = self._linker.run(None, values)
        return anchors, links


class Tagger:
    """Tags texts with one model. Safe to use again and again; not to share between threads."""

    def __init__(self, network: Network, tokenizer: Tokenizer, settings: Settings) -> None:
        self.network, self.tokenizer, self.settings = network, tokenizer, settings

    @classmethod
    def load(cls, folder: str | Path, threads: int = 1) -> Tagger:
        """The tagger of a model folder. Raises as `read_meta`, and where a file is missing."""
        folder = Path(folder)
        meta = read_meta(folder)
        for name in ("model.onnx", "links.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder / name} is missing: export the model again")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls(OnnxNetwork(folder, threads), tokenizer, meta.settings)

    def tag(self, text: str, stretches: Sequence[tuple[int, int]] | None = None) -> Tagged:
        """Mentions in text order and the links between them. Any text will do.

        Where ``stretches`` of raw offsets are given (`pipeline.gate`), only they are read, as if
        they stood together.
        """
        tokens = tokenize(self.tokenizer, text)
        if stretches is not None:
            tokens = tokens.within(stretches)
        mentions: list[Mention] = []
        links: list[Link] = []
        for start, end in sections(tokens, self.settings.section):
            part = tag_section(self.network, tokens.slice(start, end), text, self.settings)
            shift = len(mentions)
            mentions.extend(part.mentions)
            links.extend(
                Link(type=k.type, head=k.head + shift, tail=k.tail + shift, score=k.score)
                for k in part.links
            )
        return Tagged(tuple(mentions), tuple(links), self.settings.record_scale)

    def tag_batch(self, texts: Sequence[str], gate: Gate | None = None) -> list[Tagged]:
        """`tag` of each text, of what ``gate`` lets through where one is given."""
        return [self.tag(text, gate.stretches(text) if gate else None) for text in texts]


def tag_section(network: Network, tokens: Tokens, text: str, settings: Settings) -> Tagged:
    """The mentions and links of a stretch of ``text`` that is read as a whole."""
    logits, states = read_windows(network, tokens, settings)
    probabilities = softmax(logits[tokens.first[:-1]])
    tags = best_tags(probabilities)
    spans = tag_spans(tags, tokens)
    if not len(spans):
        return Tagged((), ())
    scores = [
        scaled(float(probabilities[np.arange(a, b), tags[a:b]].min()), settings.mention_scale)
        for a, b in zip(spans.start, spans.end, strict=True)
    ]
    spans, kept = mend_borders(spans, tokens, text)
    scores = [scores[row] for row in kept]
    pairs = find_pairs(tokens, spans, settings.reach)
    ends = (tokens.first[spans.start], tokens.first[spans.end] - 1)
    anchor_logits, link_logits = link_in_parts(network, states, ends, spans.label, pairs)
    scopes = decode_anchors(anchor_logits, spans.label)
    links = decode_links(link_logits, pairs.heads, pairs.tails, spans, scopes, settings)
    sure = anchor_scores(anchor_logits, scopes)
    return Tagged(tuple(_mentions(text, tokens, spans, scopes, scores, sure)), tuple(links))


def link_in_parts(
    network: Network, states: Floats, ends: tuple[Ints, Ints], labels: Ints, pairs: Pairs
) -> tuple[Floats, Floats]:
    """`Network.link` of all ``pairs``, PAIRS of them at a time."""
    anchors, links = [], []
    for low in range(0, max(len(pairs.heads), 1), PAIRS):
        part = slice(low, low + PAIRS)
        some = (pairs.heads[part], pairs.tails[part], pairs.features[part])
        logits = network.link(states, ends, labels, some)
        anchors.append(logits[0])
        links.append(logits[1])
    return anchors[0], np.concatenate(links)


def read_windows(network: Network, tokens: Tokens, settings: Settings) -> tuple[Floats, Floats]:
    """Tag logits and vectors of every piece, each from the window where it is most central."""
    spans = windows(tokens, settings.window, settings.overlap)
    _, owned = centrality(spans, len(tokens))
    logits, states = [], []
    for (start, end), (low, high) in zip(spans, owned, strict=True):
        base = tokens.first[start]
        rows = network.read(tokens.ids[base : tokens.first[end]])
        kept = slice(tokens.first[low] - base, tokens.first[high] - base)
        logits.append(rows[0][kept])
        states.append(rows[1][kept])
    return np.concatenate(logits), np.concatenate(states)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


def _follows() -> NDArray[np.bool_]:
    """follows[a, b]: whether tag b may stand behind tag a in strict BIO."""
    return np.array([[not b.startswith("I-") or a[2:] == b[2:] for b in TAGS] for a in TAGS])


_FOLLOWS = _follows()
_STARTS = np.array([not tag.startswith("I-") for tag in TAGS])


def best_tags(probabilities: Floats) -> Ints:
    """The most probable sequence of tags that is strict BIO."""
    greedy: Ints = probabilities.argmax(axis=-1)
    if _STARTS[greedy[:1]].all() and _FOLLOWS[greedy[:-1], greedy[1:]].all():
        return greedy
    return _viterbi(np.log(probabilities.astype(np.float64) + 1e-12))


def _viterbi(scores: NDArray[np.float64]) -> Ints:
    steps = np.where(_FOLLOWS, 0.0, -np.inf)
    best = np.where(_STARTS, scores[0], -np.inf)
    back = np.zeros(scores.shape, dtype=np.int64)
    for row in range(1, len(scores)):
        paths = best[:, None] + steps
        back[row] = paths.argmax(axis=0)
        best = paths.max(axis=0) + scores[row]
    tags = [int(best.argmax())]
    for row in range(len(scores) - 1, 0, -1):
        tags.append(int(back[row, tags[-1]]))
    return np.array(tags[::-1], dtype=np.int64)


def tag_spans(tags: Ints, tokens: Tokens) -> Spans:
    """The mentions that strict BIO ``tags`` say, without line breaks at their edges."""
    starts = np.flatnonzero(tags % 2 == 1)  # TAGS is O, then B and I of each label in turn
    rows: list[tuple[int, int, int]] = []
    for start in starts.tolist():
        end = start + 1
        while end < len(tags) and tags[end] == tags[start] + 1:
            end += 1
        label = (int(tags[start]) - 1) // 2
        while start < end and tokens.breaks[start] > 1:
            start += 1
        while start < end and tokens.breaks[end - 1] > 1:
            end -= 1
        # Tokens of one raw character (the four words of ﷺ) share its offsets.
        if start < end and (not rows or tokens.starts[start] >= tokens.ends[rows[-1][1] - 1]):
            rows.append((start, end, label))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Spans(table[:, 0], table[:, 1], table[:, 2])


def decode_anchors(logits: Floats, labels: Ints) -> Ints:
    """An index of ANCHORS for each mention. A COUNT is always one, of some scope."""
    scores = logits.copy()
    scores[labels == COUNT_ID, 0] = -np.inf
    best: Ints = scores.argmax(axis=1)
    best[~np.isin(labels, ANCHOR_LABEL_IDS)] = 0
    return best


def anchor_scores(logits: Floats, scopes: Ints) -> list[float]:
    """How probable it is that each mention is an anchor of any scope; or none, where it is not."""
    none = softmax(logits)[:, 0]
    scores: list[float] = np.where(scopes > 0, 1 - none, none).tolist()
    return scores


def decode_links(
    logits: Floats, heads: Ints, tails: Ints, spans: Spans, scopes: Ints, settings: Settings
) -> Iterator[Link]:
    """The links from anchors that the schema allows and whose probability passes the threshold,
    of the `SINGLE` types the best of each anchor."""
    allowed = ALLOWED[spans.label[tails]] & (~TO_ANCHOR | (scopes[tails] > 0)[:, None])
    if not len(heads):
        return
    probabilities = softmax(np.where(allowed, logits, np.float32(-1e9)))
    kinds = probabilities[:, 1:].argmax(axis=1)
    single = np.isin(kinds, SINGLE)
    any_link = 1 - probabilities[:, 0]
    least = np.where(single, settings.single_threshold, settings.link_threshold)
    linked = (scopes[heads] > 0) & (any_link >= least)
    best: dict[tuple[int, int], int] = {}
    for pair in np.flatnonzero(linked & single).tolist():
        first = best.setdefault((int(heads[pair]), int(kinds[pair])), pair)
        if any_link[pair] > any_link[first]:
            best[int(heads[pair]), int(kinds[pair])] = pair
    again = single & (any_link < settings.again_threshold)
    again[list(best.values())] = False
    linked &= ~again
    for pair in np.flatnonzero(linked).tolist():
        kind = int(kinds[pair])
        yield Link(
            type=LINK_TYPES[kind],  # type: ignore[arg-type]
            head=int(heads[pair]),
            tail=int(tails[pair]),
            score=scaled(float(probabilities[pair, kind + 1]), settings.link_scale),
        )


def _mentions(
    text: str, tokens: Tokens, spans: Spans, scopes: Ints, scores: list[float], sure: list[float]
) -> Iterator[Mention]:
    for row in range(len(spans)):
        start, end = int(tokens.starts[spans.start[row]]), int(tokens.ends[spans.end[row] - 1])
        yield Mention(
            label=MENTION_LABELS[int(spans.label[row])],  # type: ignore[arg-type]
            start=start,
            end=end,
            text=text[start:end],
            score=scores[row],
            anchor=ANCHORS[scopes[row]] if scopes[row] else None,  # type: ignore[arg-type]
            anchor_score=sure[row],
        )
