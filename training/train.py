"""Train the tagger: ``python -m training.train CONFIG OUT``.

OUT gets the weights of the best epoch of the last stage, the tokenizer, and ``training.json``:
the configuration, hashes of the data, versions, the seed, the figures on dev by epoch.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments, set_seed

from annotations.form import AnnotatedReport
from pipeline.tag import Settings, Tagger, read_meta

from .config import Config, Stage, read_config
from .data import build_dataset, collate, data_hashes, read_all
from .loss import TrainedNetwork
from .metrics import score_all
from .model import TaggerNetwork, TorchNetwork, load_network

LIBRARIES = ("torch", "transformers", "tokenizers", "datasets", "numpy")
WEIGHTS = "network.safetensors"
START_WEIGHTS = "weights.safetensors"  # of a model folder
RECORD = "training.json"


class DevTrainer(Trainer):
    """A trainer that judges an epoch by what the tagger says of whole dev reports."""

    def __init__(
        self,
        dev: Sequence[AnnotatedReport],
        tokenizer: Tokenizer,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dev, self.dev_tokenizer, self.dev_settings = dev, tokenizer, settings

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Strict F1 of mentions, anchors and links, in 0 to 1, and the mean of first and last."""
        assert isinstance(self.model, TrainedNetwork)
        began = time.perf_counter()
        figures = dev_figures(self.model.network, self.dev, self.dev_tokenizer, self.dev_settings)
        self.model.train()
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        metrics[f"{metric_key_prefix}_seconds"] = time.perf_counter() - began
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def dev_figures(
    network: TaggerNetwork,
    dev: Sequence[AnnotatedReport],
    tokenizer: Tokenizer,
    settings: Settings,
) -> dict[str, float]:
    """``score`` and the F1 of each kind of thing on ``dev``."""
    tagger = Tagger(TorchNetwork(network), tokenizer, settings)
    scores = score_all(dev, tagger.tag_batch([report.text for report in dev]))
    figures = {f"{kind}_f1": one.f1 for kind, one in scores.items()}
    return {"score": (figures["mentions_f1"] + figures["links_f1"]) / 2, **figures}


def optimizer(model: TrainedNetwork, stage: Stage, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW with a rate for the encoder and one for the heads; no decay of biases and norms."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.network.named_parameters():
        in_encoder, decays = name.startswith("tag.encoder."), parameter.ndim > 1
        groups.setdefault((in_encoder, decays), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": stage.encoder_rate if in_encoder else stage.head_rate,
                "weight_decay": weight_decay if decays else 0.0,
            }
            for (in_encoder, decays), parameters in groups.items()
        ],
        fused=True,  # the plain one takes a quarter of the time of a step of two reports
    )


def arguments(config: Config, stage: Stage, folder: Path, steps: int) -> TrainingArguments:
    """The trainer's options for one stage of ``steps`` steps."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=stage.epochs,
        per_device_train_batch_size=stage.batch,
        learning_rate=stage.encoder_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(stage.warmup * steps),
        max_grad_norm=config.gradient_clip,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        remove_unused_columns=False,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_score",
        greater_is_better=True,
        logging_steps=10,
        report_to="none",
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=config.bfloat16 and fast_bfloat16(),
        dataloader_pin_memory=False,
    )


def fast_bfloat16() -> bool:
    """Whether the machine multiplies bfloat16 itself; a CPU that emulates it is 20 times slower."""
    return torch.cuda.is_available() or bool(torch.cpu._is_avx512_bf16_supported())


def run_stage(
    model: TrainedNetwork,
    config: Config,
    stage: Stage,
    dev: Sequence[AnnotatedReport],
    tokenizer: Tokenizer,
    folder: Path,
    resume: bool = False,
) -> dict[str, Any]:
    """Train ``model`` in place through one stage, to its best epoch, and return the record."""
    dataset = build_dataset(read_all(stage.data), tokenizer, config.settings)
    steps = stage.epochs * -(-len(dataset) // stage.batch)
    trainer = DevTrainer(
        dev,
        tokenizer,
        config.settings,
        model=model,
        args=arguments(config, stage, folder, steps),
        data_collator=collate,
        train_dataset=dataset,
        eval_dataset=dataset,  # named so that the trainer evaluates; `evaluate` reads dev
        optimizers=(optimizer(model, stage, config.weight_decay), None),
        callbacks=[EarlyStoppingCallback(stage.patience)] if stage.patience else None,
    )
    began = time.perf_counter()
    trainer.train(resume_from_checkpoint=resume and any(folder.glob("checkpoint-*")))
    seconds = time.perf_counter() - began
    pieces = sum(dataset["length"]) * trainer.state.epoch
    return {
        "name": stage.name,
        "windows": len(dataset),
        "steps": trainer.state.global_step,
        "seconds": round(seconds, 1),
        "pieces_per_second": round(pieces / seconds, 1),
        "best_score": trainer.state.best_metric,
        "history": trainer.state.log_history,
    }


def train(
    config: Path | Config, out: Path, threads: int | None = None, resume: bool = False
) -> Path:
    """Train as ``config`` says and fill the folder ``out``; returns ``out``.

    ``resume`` goes on from the last checkpoint of a run that broke off. Raises ValueError and
    FileNotFoundError for a bad configuration or missing data.
    """
    options = config if isinstance(config, Config) else read_config(config)
    check_inputs(options)
    if threads:
        torch.set_num_threads(threads)
    set_seed(options.seed)
    out.mkdir(parents=True, exist_ok=True)
    shape, source = shape_of(options)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    dev = read_all(options.dev)
    network = load_network(
        shape, options.link_size, options.dropout, options.mention_layers, not options.start
    )
    if options.start:
        load_start(network, start_weights(Path(options.start)))
    model = TrainedNetwork(network, options)
    stages = []
    for number, stage in enumerate(options.stages):
        folder = out / f"stage-{number}"
        stages.append(run_stage(model, options, stage, dev, tokenizer, folder, resume))
    figures = dev_figures(model.network, dev, tokenizer, options.settings)
    shutil.copyfile(shape if options.start else shape / "config.json", out / "encoder.json")
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")
    save_file(model.network.state_dict(), out / WEIGHTS)
    _write_record(out, options, stages, figures)
    return out


def shape_of(config: Config) -> tuple[Path, Path]:
    """Where the encoder's shape is read, and the folder of the tokenizer: of the model that
    training goes on from, or else of the pretrained encoder."""
    if config.start:
        return Path(config.start) / "encoder.json", Path(config.start)
    return Path(config.encoder), Path(config.encoder)


def start_weights(model: Path) -> dict[str, torch.Tensor]:
    """The weights of a model folder, in 32 bits."""
    halves = load_file(model / START_WEIGHTS)
    return {name: tensor.float() for name, tensor in halves.items()}


def load_start(network: TaggerNetwork, weights: dict[str, torch.Tensor]) -> None:
    """Load ``weights`` into ``network``, which may have mention layers that they lack.

    Raises ValueError naming any other weight that one side lacks.
    """
    odd = network.load_state_dict(weights, strict=False)
    names = [name for name in odd.missing_keys if not name.startswith("link.layers.")]
    names += odd.unexpected_keys
    if names:
        raise ValueError(f"the start model is of another shape: {', '.join(names[:3])}")


def start_of(config: Config) -> dict[str, str]:
    """The model that training goes on from: its version and the SHA-256 of its weights."""
    if not config.start:
        return {}
    folder = Path(config.start)
    weights = hashlib.sha256((folder / START_WEIGHTS).read_bytes()).hexdigest()
    meta = read_meta(folder)
    return {"name": meta.name, "version": meta.version, START_WEIGHTS: weights}


def check_inputs(config: Config) -> None:
    """Raise FileNotFoundError for an encoder or data that is not there, before hours are spent."""
    if not config.start and not (Path(config.encoder) / "tokenizer.json").is_file():
        raise FileNotFoundError(
            f"{config.encoder}: no tokenizer.json there; make it with python -m training.encoder"
        )
    if config.start and not (Path(config.start) / START_WEIGHTS).is_file():
        raise FileNotFoundError(f"{config.start}: no {START_WEIGHTS} there; name a model folder")
    for path in (*config.dev, *(path for stage in config.stages for path in stage.data)):
        if not Path(path).exists():
            raise FileNotFoundError(f"{path}: no such annotation file or folder")


def _write_record(
    out: Path, config: Config, stages: list[dict[str, Any]], figures: dict[str, float]
) -> None:
    record = {
        "config": config,
        "data": {stage.name: data_hashes(stage.data) for stage in config.stages},
        "dev": data_hashes(config.dev),
        "start": start_of(config),
        "figures": figures,
        "stages": stages,
        "versions": {"python": platform.python_version(), **{n: version(n) for n in LIBRARIES}},
        "threads": torch.get_num_threads(),
        "bfloat16": config.bfloat16 and fast_bfloat16(),
    }
    text = msgspec.json.format(msgspec.json.encode(record), indent=2)
    (out / RECORD).write_bytes(text + b"\n")


def load_trained(folder: Path) -> tuple[TaggerNetwork, Config, dict[str, Any]]:
    """The network of a folder that `train` filled, its configuration, and its record."""
    record = msgspec.json.decode((folder / RECORD).read_bytes())
    config = msgspec.convert(record["config"], Config)
    shape = folder / "encoder.json"
    network = load_network(
        shape, config.link_size, config.dropout, config.mention_layers, pretrained=False
    )
    network.load_state_dict(load_file(folder / WEIGHTS))
    return network.eval(), config, record


def main() -> None:
    """``python -m training.train``: training alone; `hasila train` exports too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    train(given.config, given.out, given.threads, given.resume)


if __name__ == "__main__":
    main()
