"""How fast the pipeline is beside `transformers`' token classification: same encoder and text.

``hasila bench`` prints it. Both run in one process, on as many threads, over texts that fit one
window; the pipeline does all its work (links, values, events), the other side tags alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from tokenizers import Tokenizer
from transformers import (
    BertForTokenClassification,
    PreTrainedTokenizerFast,
    TokenClassificationPipeline,
)

from pipeline.analyse import analyse
from pipeline.pairs import TAGS
from pipeline.schema import Report
from pipeline.tag import Tagger, read_meta
from training.train import start_weights

BATCHES = (1, 8, 32)
ROUNDS = 2  # the best of so many counts: what disturbs a run only ever slows it
FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")


class Speed(Struct, frozen=True):
    """Words a second over the same texts on ``threads`` threads, ours and by batch size theirs."""

    texts: int
    words: int
    threads: int
    cpu: str
    ours: float
    theirs: dict[int, float]

    def ratios(self) -> dict[str, float]:
        """Our words a second over theirs, at batch size one and at their best."""
        best = max(self.theirs.values())
        return {"batch 1": self.ours / self.theirs[1], "best batch": self.ours / best}


def measure(model: Path, texts: Sequence[str], threads: int = 1) -> Speed:
    """Measure both on those of ``texts`` that fit one window of the model.

    Raises ValueError where none does.
    """
    settings = read_meta(model).settings
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    fitting = [t for t in texts if len(tokenizer.encode(t).ids) <= settings.window]
    if not fitting:
        raise ValueError(f"no text fits a window of {settings.window} pieces; give shorter ones")
    torch.set_num_threads(threads)
    words = sum(len(text.split()) for text in fitting)
    # Longest first, so that a batch holds texts of like length: kind to the other side.
    ordered = sorted(fitting, key=len, reverse=True)
    tagger = Tagger.load(model, threads)
    theirs = token_classification(model)

    def ours() -> None:
        for text in fitting:
            analyse(Report(report_id="", text=text), tagger.tag(text))

    return Speed(
        texts=len(fitting),
        words=words,
        threads=threads,
        cpu=" ".join(cpu_flags()),
        ours=words / best_time(ours),
        theirs={
            size: words / best_time(lambda size=size: list(theirs(ordered, batch_size=size)))
            for size in BATCHES
        },
    )


def best_time(run: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of ``rounds`` runs, after one that does not count."""
    run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def token_classification(model: Path) -> TokenClassificationPipeline:
    """The encoder and tag head of a model folder as a pipeline of `transformers`, on the CPU."""
    from transformers import BertConfig

    config = BertConfig.from_json_file(str(model / "encoder.json"))
    config.id2label = dict(enumerate(TAGS))
    config.label2id = {tag: n for n, tag in enumerate(TAGS)}
    config.num_labels = len(TAGS)
    network = BertForTokenClassification(config)
    names = {"tag.encoder.": "bert.", "tag.tags.": "classifier."}
    weights = {
        new + name.removeprefix(old): tensor
        for name, tensor in start_weights(model).items()
        for old, new in names.items()
        if name.startswith(old)
    }
    network.load_state_dict(weights)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(model / "tokenizer.json"), unk_token="<unk>", pad_token="<pad>",
        bos_token="<s>", eos_token="</s>",
    )  # fmt: skip
    return TokenClassificationPipeline(
        model=network.eval(), tokenizer=tokenizer, aggregation_strategy="simple", device="cpu"
    )


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Those of FLAGS that the processor has; none where the system does not say."""
    if not path.exists():
        return []
    words = set(path.read_text("utf-8", "replace").split())
    return [flag for flag in FLAGS if flag in words]
