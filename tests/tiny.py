"""A model small enough to build in a test: a tiny vocabulary, encoder and set of reports."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from annotations.form import AnnotatedReport, write_reports
from annotations.inline import parse
from training.tokenizer import LINE_BREAK, MASK, SPECIALS, build_tokenizer, save_tokenizer

LETTERS = [chr(c) for c in range(0x621, 0x64B) if c not in range(0x63B, 0x641)]
WORDS = ["▁قتل", "▁مدنيين", "▁في", "▁غارة", "▁على", "▁بلدة", "▁أصيب", "▁الم", "▁ال", "ين", "ات"]

# ruff: noqa: E501
INLINE = """
@@ t-1
country: SY | style: agency | published: 2020-01-02 | points: 1
@text
[[قُتل|o1]] [[ثلاثة|n1]] [[مدنيين|v1]]، بينهم [[طفل|v2]]، في [[غارة|x1]] شنتها [[طائرات حربية|p1]] على [[بلدة الزهراء|l1]] [[أمس|d1]].
وقال [[المصدر|s1]] إن فرق الإنقاذ تواصل البحث.
@records
n1: killed 3 | civilian | incident | o1 v1 by:p1 l1 d1 x1 s1 | cause=airstrike
v2: killed 1 single | civilian | incident | o1 by:p1 l1 d1 x1 s1 | cause=airstrike demo=child part=n1
@end
@@ t-2
country: SY | style: agency | published: 2020-01-02 | points: 1
@text
[[أصيب|o1]] [[12|n1]] [[عاملاً|v1]] في [[انفجار|x1]] بمصنع، و[[قتل|o2]] [[4|n2]].
وبلغ عدد [[القتلى|o3]] [[منذ مطلع العام|d1]] [[90|n3]] في [[المدينة القديمة|l1]].
@records
n1: injured 12 | civilian | incident | o1 v1 x1 l1
n2: killed 4 | unknown | incident | o2 x1 l1
n3: killed 90 | unknown | cumulative | o3 d1 l1
@end
"""

CONFIG = """
name = "tiny"
encoder = "{encoder}"
dev = ["{data}"]
link_size = 16
dropout = 0.0
mention_noise = 0.5
mention_drop = 0.1
piece_dropout = 0.05
[[stages]]
name = "all"
data = ["{data}"]
epochs = {epochs}
batch = 2
encoder_rate = 2e-3
head_rate = 4e-3
"""


def tiny_tokenizer() -> Tokenizer:
    """A tokenizer whose pieces are letters, digits, signs and a few words."""
    signs = list("،.؟؛:()«»-/#_" + string.digits + string.ascii_letters)
    pieces = [*SPECIALS, "▁", *LETTERS, *signs, *WORDS, MASK, LINE_BREAK]
    return build_tokenizer([(piece, -float(5 + i % 7)) for i, piece in enumerate(pieces)])


def save_tiny_encoder(folder: Path, hidden: int = 32) -> Path:
    """A random BERT of two layers with the tiny tokenizer, in Hugging Face form."""
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    shape = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=hidden, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=64, max_position_embeddings=512, pad_token_id=1,
    )  # fmt: skip
    BertModel(shape, add_pooling_layer=False).save_pretrained(folder)
    save_tokenizer(tokenizer, folder, 512)
    return folder


def tiny_reports() -> list[AnnotatedReport]:
    """Two annotated reports of our own making."""
    return list(parse(INLINE))


def save_tiny_config(folder: Path, epochs: int = 2) -> Path:
    """A training configuration with its data and encoder beside it; returns its path."""
    data = folder / "data"
    data.mkdir(parents=True)
    write_reports(tiny_reports(), data / "reports.jsonl")
    encoder = save_tiny_encoder(folder / "encoder")
    path = folder / "config.toml"
    text = CONFIG.format(encoder=encoder.as_posix(), data=data.as_posix(), epochs=epochs)
    path.write_text(text, encoding="utf-8")
    return path
