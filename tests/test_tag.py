"""Tokens, windows, pairs, decoding, and the tagger over an exported model."""

from __future__ import annotations

import json
import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pipeline.pairs import ALLOWED, ANCHORS, LINKS, TAGS, Spans, find_pairs
from pipeline.schema import LINK_TARGETS, MENTION_LABELS
from pipeline.tag import (
    Floats,
    Ints,
    Settings,
    Tagger,
    best_tags,
    decode_anchors,
    decode_links,
    read_meta,
    read_windows,
    softmax,
    tag_section,
    tag_spans,
)
from pipeline.tokens import MAX_TOKEN_PIECES, Tokens, centrality, token_span, tokenize, windows
from training.export import export
from training.train import train

from .tiny import save_tiny_config, tiny_reports, tiny_tokenizer

LONG = "قُتل 3 مدنيين في غارة على بلدة الزهراء، وأصيب 12 آخرون أمس. " * 40
STRANGE = [
    "",
    " ",
    "\n\n\n",
    "\ud800 قتل",
    "ً",
    "hello world 123",
    "\x00\x01\u200f",
    "\U0001f600" * 50,
    "ا" * 3000,
    "ﷺ ½ …",
    "<s></s><pad><mask>",
    "1,2.3,4" * 40,
]


def label(name: str) -> int:
    return MENTION_LABELS.index(name)  # type: ignore[arg-type]


def made_tokens(count: int, breaks: dict[int, int] | None = None) -> Tokens:
    """``count`` tokens of one piece and one character each, a space between."""
    kinds = np.zeros(count, dtype=np.int64)
    for token, kind in (breaks or {}).items():
        kinds[token] = kind
    places = np.arange(count)
    return Tokens(places + 10, np.arange(count + 1), places * 2, places * 2 + 1, kinds)


def made_spans(*rows: tuple[int, int, str]) -> Spans:
    table = np.array([(a, b, label(name)) for a, b, name in rows], dtype=np.int64)
    return Spans(table[:, 0], table[:, 1], table[:, 2])


class EchoNetwork:
    """Says of a piece what its id says, and how far it stands from its window's edges."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def read(self, ids: Ints) -> tuple[Floats, Floats]:
        self.lengths.append(len(ids))
        room = np.minimum(np.arange(len(ids)), np.arange(len(ids))[::-1])
        states = np.stack([ids, room], axis=1).astype(np.float32)
        return np.zeros((len(ids), len(TAGS)), dtype=np.float32), states

    def link(self, *_: object) -> tuple[Floats, Floats]:
        raise AssertionError("no mention was found, so nothing is there to link")


class TestTokens:
    def test_window_ends_behind_a_sentence_in_its_last_quarter(self) -> None:
        tokens = made_tokens(300, {85: 1, 95: 1, 110: 1})
        assert windows(tokens, 100, 20)[0] == (0, 96)

    def test_window_without_a_sentence_end_is_full(self) -> None:
        assert windows(made_tokens(150), 100, 20) == [(0, 100), (80, 150)]

    def test_windows_cover_the_text_and_overlap(self) -> None:
        spans = windows(tokenize(tiny_tokenizer(), LONG), 128, 40)
        assert spans[0][0] == 0 and len(spans) > 5
        for (a, b), (c, d) in zip(spans, spans[1:], strict=False):
            assert a < c < b < d

    def test_windows_hold_no_more_pieces_than_asked(self) -> None:
        tokens = tokenize(tiny_tokenizer(), LONG + "ا" * 500)
        sizes = [tokens.first[b] - tokens.first[a] for a, b in windows(tokens, 128, 40)]
        assert max(sizes) <= 128

    @pytest.mark.parametrize(("size", "overlap"), [(100, 60), (100, -1), (MAX_TOKEN_PIECES, 0)])
    def test_windows_that_cannot_move_on_are_refused(self, size: int, overlap: int) -> None:
        with pytest.raises(ValueError, match="do not get on"):
            windows(made_tokens(500), size, overlap)

    def test_a_token_without_end_is_read_in_part(self) -> None:
        tokens = tokenize(tiny_tokenizer(), "ء" * 400)
        assert (len(tokens), len(tokens.ids)) == (1, MAX_TOKEN_PIECES)
        assert (tokens.starts[0], tokens.ends[0]) == (0, 400)

    def test_each_token_is_read_where_it_is_most_central(self) -> None:
        owner, owned = centrality([(0, 100), (60, 160)], 160)
        assert owned == [(0, 80), (80, 160)]
        assert owner[79] == 0 and owner[80] == 1

    def test_read_windows_takes_the_most_central_reading(self) -> None:
        network, tokens = EchoNetwork(), made_tokens(500)
        settings = Settings(window=200, overlap=80)
        _, states = read_windows(network, tokens, settings)
        assert states[:, 0].tolist() == tokens.ids.tolist()
        assert states[1:-1, 1].min() >= 1 and states[100:400, 1].min() >= 39
        assert max(network.lengths) == 200

    def test_token_span_snaps_outwards(self) -> None:
        tokens = made_tokens(5)  # tokens at 0-1, 2-3, 4-5, 6-7, 8-9
        assert token_span(tokens, 2, 7) == (1, 4)
        assert token_span(tokens, 1, 3) == (1, 2)
        with pytest.raises(ValueError, match="no token"):
            token_span(tokens, 3, 4)


class TestPairs:
    def test_heads_are_anchor_candidates_within_reach(self) -> None:
        spans = made_spans((0, 1, "COUNT"), (3, 4, "PLACE"), (50, 51, "PLACE"))
        pairs = find_pairs(made_tokens(60), spans, reach=20)
        assert list(zip(pairs.heads, pairs.tails, strict=True)) == [(0, 1)]

    def test_features_tell_side_distance_and_what_stands_between(self) -> None:
        tokens = made_tokens(20, {4: 1, 6: 2})
        near = ((8, 10, "COUNT"), (10, 11, "OUTCOME"), (12, 13, "DATE"))
        spans = made_spans((0, 1, "PLACE"), (2, 3, "PLACE"), *near)
        pairs = find_pairs(tokens, spans, reach=99)
        rows = zip(pairs.heads.tolist(), pairs.tails.tolist(), pairs.features.tolist(), strict=True)
        found = {(head, tail): features for head, tail, features in rows}
        far_before, near_before, touching, behind = (found[2, k] for k in (0, 1, 3, 4))
        assert far_before[1:] == [1, 0, 2, 1]
        assert near_before[1:] == [0, 0, 2, 1]
        assert behind[1:] == [0, 1, 0, 0]
        assert touching[0] < behind[0] and near_before[0] < far_before[0] < touching[0]

    def test_allowed_is_the_schema(self) -> None:
        for row, name in enumerate(MENTION_LABELS):
            names = {LINKS[k] for k in np.flatnonzero(ALLOWED[row])} - {"none"}
            assert names == {link for link, targets in LINK_TARGETS.items() if name in targets}


def probabilities(*rows: dict[str, float]) -> Floats:
    table = np.full((len(rows), len(TAGS)), 1e-4, dtype=np.float32)
    for row, said in enumerate(rows):
        for tag, value in said.items():
            table[row, TAGS.index(tag)] = value
    return table / table.sum(axis=1, keepdims=True)


def is_strict(tags: list[str]) -> bool:
    """Whether every I- tag stands behind a B- or I- of its own label."""
    steps = zip(["O", *tags], tags, strict=False)
    return all(not tag.startswith("I-") or before[2:] == tag[2:] for before, tag in steps)


class TestDecoding:
    def test_an_orphan_inside_is_repaired_by_the_best_strict_path(self) -> None:
        likely = probabilities(
            {"B-PLACE": 0.5, "B-PARTY": 0.4}, {"I-PARTY": 0.9}, {"O": 0.9, "I-PARTY": 0.1}
        )
        assert [TAGS[k] for k in best_tags(likely)] == ["B-PARTY", "I-PARTY", "O"]

    def test_any_probabilities_decode_to_strict_bio(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(50):
            logits = rng.normal(size=(12, len(TAGS))).astype("f4") * 4
            assert is_strict([TAGS[k] for k in best_tags(softmax(logits))])

    def test_viterbi_is_the_best_of_all_strict_paths(self) -> None:
        rng = np.random.default_rng(3)
        names = ["O", "B-DATE", "I-DATE", "B-CAUSE", "I-CAUSE"]
        columns = [TAGS.index(name) for name in names]
        for _ in range(20):
            table = np.full((3, len(TAGS)), 1e-9, dtype=np.float32)
            table[:, columns] = softmax(rng.normal(size=(3, 5)).astype("f4") * 3)
            strict = [p for p in product(range(5), repeat=3) if is_strict([names[c] for c in p])]
            chances = [np.prod([table[r, columns[c]] for r, c in enumerate(p)]) for p in strict]
            best = strict[int(np.argmax(chances))]
            assert best_tags(table).tolist() == [columns[c] for c in best]

    def test_spans_touch_but_never_overlap_and_shed_line_breaks(self) -> None:
        names = ["B-PLACE", "B-PLACE", "I-PLACE", "I-PLACE", "O", "B-DATE"]
        tags = np.array([TAGS.index(name) for name in names])
        spans = tag_spans(tags, made_tokens(6, {3: 2, 5: 2}))
        rows = list(zip(spans.start, spans.end, spans.label, strict=True))
        assert rows == [(0, 1, label("PLACE")), (1, 3, label("PLACE"))]

    def test_tokens_of_one_character_make_one_mention_only(self) -> None:
        tokens = tokenize(tiny_tokenizer(), "ﷺ")
        tags = np.array([TAGS.index("B-PARTY")] * len(tokens))
        assert len(tokens) == 4 and len(tag_spans(tags, tokens)) == 1

    def test_a_count_is_always_an_anchor_and_a_place_never(self) -> None:
        labels = np.array([label("COUNT"), label("PLACE"), label("VICTIM")])
        logits = np.array([[9, 0, 1], [0, 9, 0], [9, 0, 0]], dtype=np.float32)
        scopes = [ANCHORS[k] for k in decode_anchors(logits, labels)]
        assert scopes == ["cumulative", "none", "none"]

    def test_links_start_at_anchors_and_end_where_the_schema_lets_them(self) -> None:
        spans = made_spans((0, 1, "COUNT"), (2, 3, "PLACE"), (4, 5, "VICTIM"))
        heads, tails = np.array([0, 0, 2]), np.array([1, 2, 1])
        logits = np.zeros((3, len(LINKS)), dtype=np.float32)
        logits[:, 0] = 2
        logits[0, [LINKS.index("outcome"), LINKS.index("place")]] = [9, 5]
        logits[1, LINKS.index("part_of")] = 9
        logits[2, LINKS.index("place")] = 9
        links = list(decode_links(logits, heads, tails, spans, np.array([1, 0, 0]), Settings()))
        assert [(k.type, k.head, k.tail) for k in links] == [("place", 0, 1)]
        both = list(decode_links(logits, heads, tails, spans, np.array([1, 0, 1]), Settings()))
        assert [k.type for k in both] == ["place", "part_of", "place"]
        assert all(0.5 <= k.score <= 1 for k in both)

    def test_threshold_decides_between_a_link_and_none(self) -> None:
        spans = made_spans((0, 1, "COUNT"), (2, 3, "PLACE"))
        logits = np.zeros((1, len(LINKS)), dtype=np.float32)  # none and place: a half each
        pair = (np.array([0]), np.array([1]), spans, np.array([1, 0]))
        for threshold, count in ((0.4, 1), (0.6, 0)):
            settings = Settings(link_threshold=threshold)
            assert len(list(decode_links(logits, *pair, settings))) == count

    def test_one_date_each_unless_another_is_as_good_as_sure(self) -> None:
        spans = made_spans((0, 1, "COUNT"), *((k, k + 1, "DATE") for k in (2, 4, 6)))
        logits = np.zeros((3, len(LINKS)), dtype=np.float32)
        logits[:, 0] = 4
        pairs = (np.zeros(3, dtype=np.int64), np.array([1, 2, 3]), spans, np.array([1, 0, 0, 0]))
        for dates, kept in (((3.5, 5, 2), [2]), ((9, 5, 8), [1, 3]), ((0, 1, 0), [])):
            logits[:, LINKS.index("date")] = dates
            assert [k.tail for k in decode_links(logits, *pairs, Settings())] == kept

    def test_no_mention_asks_for_no_links(self) -> None:
        assert tag_section(EchoNetwork(), made_tokens(30), "", Settings()).mentions == ()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    trained = train(save_tiny_config(folder, epochs=60), folder / "trained", threads=1)
    return export(trained, folder / "model")


@pytest.fixture(scope="module")
def tagger(model: Path) -> Tagger:
    return Tagger.load(model)


class TestTagger:
    def test_learns_the_reports_that_it_was_trained_on(self, tagger: Tagger) -> None:
        for report in tiny_reports():
            found = tagger.tag(report.text)
            assert {(m.start, m.end, m.label) for m in found.mentions} == {
                (m.start, m.end, m.label) for m in report.mentions
            }
            assert len(found.links) >= 0.9 * len(report.links)

    @pytest.mark.parametrize("text", [LONG, *STRANGE])
    def test_any_text_gives_ordered_mentions_with_true_offsets(
        self, tagger: Tagger, text: str
    ) -> None:
        tagged = tagger.tag(text)
        reached = 0
        for mention in tagged.mentions:
            assert reached <= mention.start < mention.end
            assert text[mention.start : mention.end] == mention.text
            assert 0 < mention.score <= 1
            reached = mention.end
        for link in tagged.links:
            assert tagged.mentions[link.head].anchor
            assert tagged.mentions[link.tail].label in LINK_TARGETS[link.type]

    def test_a_text_is_tagged_alike_in_any_company(self, tagger: Tagger) -> None:
        texts = [LONG, *STRANGE, *(report.text for report in tiny_reports())]
        alone = {text: repr(tagger.tag(text)) for text in texts}
        random.Random(5).shuffle(texts)
        for text, tagged in zip(texts, tagger.tag_batch(texts), strict=True):
            assert repr(tagged) == alone[text]

    def test_the_number_of_threads_changes_nothing(self, model: Path, tagger: Tagger) -> None:
        assert Tagger.load(model, threads=2).tag(LONG) == tagger.tag(LONG)

    def test_sections_of_a_long_text_follow_each_other(self, tagger: Tagger) -> None:
        short = Settings(window=128, overlap=40, section=256)
        parted = Tagger(tagger.network, tagger.tokenizer, short).tag(LONG)
        assert len(parted.mentions) > 50
        assert max(link.head for link in parted.links) > 50
        starts = [mention.start for mention in parted.mentions]
        assert starts == sorted(starts)


class TestLoading:
    def test_a_folder_without_a_model_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"no meta\.json"):
            Tagger.load(tmp_path)

    def test_a_model_of_another_schema_is_refused(self, model: Path, tmp_path: Path) -> None:
        meta = json.loads((model / "meta.json").read_text(encoding="utf-8"))
        meta["links"] = meta["links"][:-1]
        (tmp_path / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        with pytest.raises(ValueError, match="another schema"):
            read_meta(tmp_path)

    def test_a_missing_part_is_named(self, model: Path, tmp_path: Path) -> None:
        (tmp_path / "meta.json").write_bytes((model / "meta.json").read_bytes())
        with pytest.raises(FileNotFoundError, match=r"model\.onnx is missing"):
            Tagger.load(tmp_path)
