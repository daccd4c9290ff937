"""The tokenizer: a Unigram model over folded text that never straddles a token boundary.

A token is a run of letters, a number with its inner separators, or one mark or symbol, so that
"و3" is two tokens and "كلمة.كلمة" three. ``Encoding.word_ids`` is the index of the token and
``Encoding.offsets`` are offsets into the raw text, whatever the folding took away.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from pipeline.data import load_toml

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPECIALS = (BOS, PAD, EOS, UNK)  # at ids 0 to 3, as in the XLM-R vocabulary
LINE_BREAK = "▁\n"

TOKEN = r"\p{L}[\p{L}\p{M}]*|\d+(?:[.,]\d+)*|[^▁]"

# Separators inside Arabic numbers, read as their ASCII likes; and the mark that the tokenizer
# keeps for spaces, which a text may hold too.
_SYMBOLS = {"٬": ",", "٫": ".", "▁": "_"}


def _character_class(characters: list[str]) -> Regex:
    return Regex("[" + "".join(f"\\x{{{ord(c):04x}}}" for c in characters) + "]")


def build_normalizer() -> normalizers.Normalizer:
    """The rules of ``pipeline/data/folding.toml``, then NFKC, then one kind of line break."""
    data = load_toml("folding.toml")
    noise = data["invisible"] + data["diacritics"] + data["tatweel"]
    steps: list[normalizers.Normalizer] = [
        normalizers.Replace(Regex("|".join(data["letters_pulled_apart"])), ""),
        normalizers.Replace(_character_class(noise), ""),
    ]
    for old, new in {**data["characters"], **_SYMBOLS}.items():
        steps.append(normalizers.Replace(old, new))
    steps.append(normalizers.NFKC())
    steps.append(normalizers.Replace(Regex(r"\s*[\n\r]\s*"), " \n "))
    return normalizers.Sequence(steps)


def build_pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """Words at white space, each with the mark of a word's start, then split into tokens."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\S\n]+"), "removed"),
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(f"▁?(?:{TOKEN})"), "isolated"),
        ]
    )


def build_tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """A tokenizer over ``pieces`` (text, log-probability), the four `SPECIALS` coming first."""
    if tuple(piece for piece, _ in pieces[:4]) != SPECIALS:
        raise ValueError(f"the first pieces must be {SPECIALS}, not {pieces[:4]}")
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = build_normalizer()
    tokenizer.pre_tokenizer = build_pre_tokenizer()
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, out: Path, max_length: int) -> None:
    """Write ``tokenizer`` in Hugging Face form into the folder ``out``.

    In the file the marks at both ends are added by whoever cuts windows, not by the tokenizer.
    Special pieces are not matched in text: a report that holds "<mask>" is a report about it.
    """
    tokenizer.save(str(out / "tokenizer.json"))
    names = {
        "bos_token": BOS, "cls_token": BOS, "eos_token": EOS, "sep_token": EOS,
        "unk_token": UNK, "pad_token": PAD, "mask_token": MASK,
    }  # fmt: skip
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "clean_up_tokenization_spaces": False,
        **names,
    }
    for name, content in (("tokenizer_config", config), ("special_tokens_map", names)):
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        (out / f"{name}.json").write_text(text, encoding="utf-8")
