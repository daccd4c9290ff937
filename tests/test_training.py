"""Data, losses, figures, a whole training run on two tiny reports, and its export."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort
import pytest
import torch
import typer
from click.testing import Result
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from annotations.form import AnnotatedReport, GoldMention, read_reports, write_reports
from eval.evaluate import gold_tagged
from pipeline.pairs import ANCHORS, LINKS, TAGS
from pipeline.schema import MENTION_LABELS, Tagged
from pipeline.tag import Settings, Tagger, read_meta
from pipeline.tokens import tokenize
from training.add import add_reports
from training.average import average
from training.card import averaged
from training.cli import train as command
from training.config import Config, Stage, read_config
from training.data import (
    IGNORED,
    build_dataset,
    collate,
    data_hashes,
    tag_targets,
    to_token_spans,
    to_windows,
    window_tokens,
)
from training.export import Agreement, check_export, export, export_reader
from training.loss import TrainedNetwork, disturb, link_targets, mean_loss
from training.metrics import found_facts, gold_facts, score, score_all
from training.model import BetweenPool, load_network
from training.quantise import scaled
from training.train import load_start, load_trained, optimizer, train

from .tiny import save_tiny_config, save_tiny_encoder, tiny_reports, tiny_tokenizer

BASE = Path(__file__).parent.parent / "training" / "configs" / "base.toml"
STAGE = Stage(name="one", data=(), epochs=1, encoder_rate=1e-4, head_rate=1e-3)
CONFIG = Config(name="t", encoder="", dev=(), stages=(STAGE,))


def report_of(text: str, *spans: tuple[int, int]) -> AnnotatedReport:
    mentions = tuple(
        GoldMention(id=f"l{k}", label="PLACE", start=a, end=b, text=text[a:b])
        for k, (a, b) in enumerate(spans)
    )
    return AnnotatedReport(
        id="r", text=text, published=None, country="SY", style="agency",
        points=(), mentions=mentions, links=(), records=(),
    )  # fmt: skip


class TestConfig:
    def test_the_released_configuration_reads(self) -> None:
        config = read_config(BASE)
        assert config.stages and config.settings.window <= 510

    def test_an_unknown_field_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "c.toml"
        path.write_text('name="a"\nencoder="b"\ndev=[]\nstages=[]\ndroput=0.1\n')
        with pytest.raises(ValueError, match="droput"):
            read_config(path)

    def test_a_share_above_one_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "c.toml"
        path.write_text('name="a"\nencoder="b"\ndev=[]\nstages=[]\ndropout=1.1\n')
        with pytest.raises(ValueError, match="dropout"):
            read_config(path)


class TestData:
    def test_tags_say_the_mentions(self) -> None:
        report = tiny_reports()[0]
        (row,) = to_windows(report, tiny_tokenizer(), Settings())
        targets = [t for t in tag_targets(row) if t != IGNORED]
        assert len(targets) == len(row["first"]) - 1
        begun = [TAGS[t][2:] for t in targets if TAGS[t].startswith("B-")]
        assert begun == [mention.label for mention in report.mentions]
        assert sum(TAGS[t] == "I-PARTY" for t in targets) == 1  # "طائرات حربية"

    def test_links_and_anchors_survive(self) -> None:
        report = tiny_reports()[1]
        (row,) = to_windows(report, tiny_tokenizer(), Settings())
        names = {
            (
                MENTION_LABELS[row["mentions"][h][2]],
                LINKS[kind],
                MENTION_LABELS[row["mentions"][t][2]],
            )
            for h, t, kind in row["links"]
        }
        assert ("COUNT", "outcome", "OUTCOME") in names and ("COUNT", "date", "DATE") in names
        assert len(row["links"]) == len(report.links)
        assert [ANCHORS[m[3]] for m in row["mentions"]].count("cumulative") == 1

    def test_spans_snap_outwards_and_the_later_of_two_gives_way(self) -> None:
        text = "مدينة حلب القديمة"
        report = report_of(text, (6, 8), (7, 12), (10, 17), (5, 6))
        spans = to_token_spans(report, tokenize(tiny_tokenizer(), text))
        assert spans == {"l0": (1, 2), "l2": (2, 3)}

    def test_a_long_report_makes_windows_that_share_mentions(self) -> None:
        text = "قتل في حلب. " * 200
        report = report_of(text, *[(12 * k + 7, 12 * k + 10) for k in range(200)])
        rows = list(to_windows(report, tiny_tokenizer(), Settings(window=128, overlap=40)))
        assert len(rows) > 5
        assert sum(len(row["mentions"]) for row in rows) > 200
        for row in rows:
            assert row["length"] == len(row["input_ids"]) <= 130
            assert [t for t in tag_targets(row) if t > 0].count(TAGS.index("B-PLACE")) == len(
                row["mentions"]
            )

    def test_a_dataset_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no text"):
            build_dataset([], tiny_tokenizer(), Settings())

    def test_building_twice_gives_the_same(self) -> None:
        first, second = (
            build_dataset(tiny_reports(), tiny_tokenizer(), Settings()) for _ in range(2)
        )
        assert list(first) == list(second)

    def test_batches_are_padded_with_what_no_loss_counts(self) -> None:
        rows = list(build_dataset(tiny_reports(), tiny_tokenizer(), Settings()))
        batch = collate(rows)
        padding = batch["attention_mask"] == 0
        assert padding.any()
        assert (batch["input_ids"][padding] == 1).all() and (
            batch["tags"][padding] == IGNORED
        ).all()

    def test_hashes_change_with_the_data(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text("{}\n")
        before = data_hashes([tmp_path])
        (tmp_path / "a.jsonl").write_text("{ }\n")
        assert before != data_hashes([tmp_path]) and len(before) == 1


class TestTargets:
    def row(self) -> dict[str, object]:
        (row,) = to_windows(tiny_reports()[0], tiny_tokenizer(), Settings())
        return row

    def test_gold_links_are_among_the_pairs_and_allowed(self) -> None:
        row = self.row()
        mentions, links = np.array(row["mentions"]), np.array(row["links"])
        targets = link_targets(window_tokens(row), mentions, links, reach=256)
        wanted = {tuple(link) for link in links.tolist()}
        rows = zip(
            targets.heads.tolist(), targets.tails.tolist(), targets.links.tolist(), strict=True
        )
        assert {pair for pair in rows if pair[2]} == wanted
        assert targets.allowed[np.arange(len(targets.links)), targets.links].all()
        assert (mentions[targets.heads, 3] > 0).all()

    def test_a_drop_takes_the_links_of_the_mention_along(self) -> None:
        mentions = np.array([[0, 1, 3, 1], [2, 3, 2, 0], [4, 5, 5, 0]])
        links = np.array([[0, 1, 4], [0, 2, 1]])
        drop = np.array([False, True, False])
        extra = np.array([[1, 2, 2, IGNORED], [4, 6, 2, IGNORED]])  # the second overlaps gold
        kept, moved = disturb(mentions, links, extra, drop)
        assert kept[:, 0].tolist() == [0, 1, 4]
        assert moved.tolist() == [[0, 2, 1]]

    def test_a_made_up_count_has_no_anchor_target(self) -> None:
        row = self.row()
        count, victim = (MENTION_LABELS.index(name) for name in ("COUNT", "VICTIM"))
        mentions = np.array([[0, 1, count, IGNORED], [1, 2, victim, IGNORED]])
        targets = link_targets(window_tokens(row), mentions, np.zeros((0, 3), int), reach=256)
        assert targets.anchors.tolist() == [IGNORED, 0]
        assert len(targets.heads) == 0

    def test_mean_loss_without_targets_is_zero(self) -> None:
        logits = torch.zeros(2, 3, requires_grad=True)
        loss = mean_loss(logits, torch.full((2,), IGNORED))
        loss.backward()
        assert loss.item() == 0 and logits.grad is not None

    def test_a_batch_without_mentions_trains(self, tmp_path: Path) -> None:
        network = TrainedNetwork(load_network(save_tiny_encoder(tmp_path), 16, 0.1), CONFIG)
        batch = collate(list(build_dataset([report_of("قتل")], tiny_tokenizer(), Settings())))
        losses = network(**batch)
        losses["loss"].backward()
        assert losses["link_loss"] == 0 and losses["loss"] > 0


class TestModel:
    def test_the_pool_is_a_weighted_mean_of_what_stands_between(self) -> None:
        torch.manual_seed(1)
        pool, states = BetweenPool(8, heads=2, size=3), torch.randn(10, 8)
        low, high = torch.tensor([2, 5, 7]), torch.tensor([6, 6, 7])
        pooled = pool(states, low, high)
        weight = torch.exp(5 * torch.tanh(pool.weight(states)))
        value = torch.nn.functional.gelu(pool.value(states)).unflatten(1, (2, 3))
        share = (weight[2:6] / weight[2:6].sum(0)).unsqueeze(2)
        torch.testing.assert_close(pooled[0], (share * value[2:6]).sum(0).flatten())
        torch.testing.assert_close(pooled[1], value[5].flatten())
        assert pooled[2].abs().sum() == 0

    def test_padding_beside_a_row_changes_nothing(self, tmp_path: Path) -> None:
        network = TrainedNetwork(load_network(save_tiny_encoder(tmp_path), 16, 0.0), CONFIG).eval()
        rows = list(build_dataset(tiny_reports(), tiny_tokenizer(), Settings()))
        short = min(rows, key=lambda row: row["length"])
        both = collate(rows)
        place = [row["id"] for row in rows].index(short["id"])
        alone = network.network.tag(**inputs(collate([short])))[0][0]
        beside = network.network.tag(**inputs(both))[0][place, : short["length"]]
        torch.testing.assert_close(alone, beside, atol=1e-4, rtol=1e-4)

    def test_heads_learn_faster_than_the_encoder(self, tmp_path: Path) -> None:
        network = TrainedNetwork(load_network(save_tiny_encoder(tmp_path), 16, 0.1), CONFIG)
        groups = optimizer(network, STAGE, 0.01).param_groups
        sizes = {(g["lr"], g["weight_decay"]): len(g["params"]) for g in groups}
        assert set(sizes) == {(1e-4, 0.01), (1e-4, 0.0), (1e-3, 0.01), (1e-3, 0.0)}
        assert sum(sizes.values()) == len(list(network.parameters()))


def inputs(batch: dict[str, object]) -> dict[str, object]:
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


class TestFigures:
    def test_perfect_tagging_scores_one(self) -> None:
        reports = tiny_reports()
        scores = score_all(reports, [gold_tagged(report) for report in reports])
        assert {one.f1 for one in scores.values()} == {1.0}

    def test_missed_and_invented_things_both_count(self) -> None:
        one = score([{1, 2, 3, 4}], [{1, 2, 9}])
        assert (one.precision, one.recall) == (2 / 3, 0.5)
        assert one.f1 == pytest.approx(4 / 7)

    def test_a_link_with_a_wrong_end_is_no_link(self) -> None:
        report = tiny_reports()[0]
        tagged = gold_tagged(report)
        moved = msgspec.structs.replace(tagged.mentions[0], end=tagged.mentions[0].end + 1)
        wrong = Tagged((moved, *tagged.mentions[1:]), tagged.links)
        lost = sum(link.tail == report.mentions[0].id for link in report.links)
        both = gold_facts(report)["links"] & found_facts(wrong)["links"]
        assert lost and len(both) == len(report.links) - lost


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    return train(save_tiny_config(folder, epochs=40), folder / "out", threads=1)


class TestTraining:
    def test_a_run_learns_and_records_what_it_did(self, trained: Path) -> None:
        network, config, record = load_trained(trained)
        assert record["figures"]["mentions_f1"] > 0.8
        assert record["stages"][0]["steps"] == 40 and config.seed == 0
        assert set(record["data"]["all"]) and record["versions"]["torch"]
        assert not network.training

    def test_the_same_seed_gives_the_same_weights(self, tmp_path: Path) -> None:
        weights = []
        for name in "ab":
            config = save_tiny_config(tmp_path / name, epochs=2)
            weights.append(
                load_file(train(config, tmp_path / f"{name}-out", 1) / "network.safetensors")
            )
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

    def test_stages_follow_each_other(self, tmp_path: Path) -> None:
        path = save_tiny_config(tmp_path, epochs=1)
        text = path.read_text(encoding="utf-8")
        head, stage = text.split("[[stages]]")
        path.write_text(f"{head}[[stages]]{stage}[[stages]]{stage}", encoding="utf-8")
        record = load_trained(train(path, tmp_path / "out", 1))[2]
        assert [stage["steps"] for stage in record["stages"]] == [1, 1]

    def test_a_run_goes_on_from_a_model(self, trained: Path, tmp_path: Path) -> None:
        model = export(trained, tmp_path / "model")
        path = save_tiny_config(tmp_path / "more", epochs=1)
        plain = path.read_text(encoding="utf-8")
        path.write_text(f'start = "{model}"\n{plain}', encoding="utf-8")
        record = load_trained(train(path, tmp_path / "out", 1))[2]
        assert (
            record["start"]["weights.safetensors"] == read_meta(model).files["weights.safetensors"]
        )
        assert record["figures"]["mentions_f1"] > 0.8
        path.write_text(f'start = "{tmp_path}"\n{plain}', encoding="utf-8")
        with pytest.raises(FileNotFoundError, match="name a model folder"):
            train(path, tmp_path / "none", 1)

    def test_mention_layers_added_to_a_model_change_nothing_at_first(self, trained: Path) -> None:
        network, config, _ = load_trained(trained)
        weights = network.state_dict()
        more = load_network(trained / "encoder.json", config.link_size, 0.0, 2, pretrained=False)
        load_start(more, weights)
        for one in (network, more):
            one.eval()
        states = torch.randn(9, network.tag.tags.in_features)
        first, last, labels = (torch.tensor(v) for v in ([1, 4, 7], [2, 4, 8], [0, 3, 5]))
        heads, tails = torch.tensor([1, 1]), torch.tensor([0, 2])
        rows = (states, first, last, labels, heads, tails, torch.zeros(2, 5, dtype=torch.long))
        for old, new in zip(network.link(*rows), more.link(*rows), strict=True):
            assert torch.allclose(old, new, atol=1e-6)
        with pytest.raises(ValueError, match="another shape"):
            load_start(more, {**weights, "link.unknown": torch.zeros(1)})
        del weights["tag.tags.bias"]
        with pytest.raises(ValueError, match="tag.tags.bias"):
            load_start(more, weights)

    def test_the_mean_of_two_runs_lies_between_them(self, trained: Path, tmp_path: Path) -> None:
        config = save_tiny_config(tmp_path, epochs=1)
        config.write_text(f"seed = 5\n{config.read_text()}")
        other = train(config, tmp_path / "run")
        mean = average([trained, other], tmp_path / "mean")
        first, second = (load_file(run / "network.safetensors") for run in (trained, other))
        network, _, record = load_trained(mean)
        for name, tensor in network.state_dict().items():
            assert torch.allclose(tensor, (first[name] + second[name]) / 2, atol=1e-6)
        assert len({origin["sha256"] for origin in record["averaged"]}) == 2
        assert export(mean, tmp_path / "model").is_dir()

    def test_the_card_says_what_a_mean_is_of(self) -> None:
        parts = [
            {"sha256": "a" * 64, "name": "hasila-ar", "version": "0.1.0"},
            {"sha256": "b" * 64, "config": {"seed": 5, "stages": [{"epochs": 2}, {"epochs": 1}]}},
        ]
        assert "hasila-ar 0.1.0 (`aaaaaaaaaaaa`); a run of 3 passes with seed 5" in averaged(parts)
        assert averaged([]) == ""

    def test_a_mean_needs_weights_of_one_shape(self, trained: Path, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"no network\.safetensors"):
            average([trained, tmp_path], tmp_path / "mean")
        save_file({"tag.tags.bias": torch.zeros(3)}, tmp_path / "network.safetensors")
        with pytest.raises(ValueError, match="not the same network"):
            average([trained, tmp_path], tmp_path / "mean")

    def test_new_reports_are_added_to_a_model(self, trained: Path, tmp_path: Path) -> None:
        model = export(trained, tmp_path / "model")
        new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
        first, second = tiny_reports()
        write_reports([first], new)
        write_reports([first, second], old)
        added = add_reports(model, [new], [old], tmp_path / "out", tmp_path / "work", 1)
        assert added.holds and added.new_after["mentions_f1"] > 0.8
        replayed = list(read_reports(tmp_path / "work" / "replayed.jsonl"))
        assert [r.id for r in replayed] == [second.id]  # the new one is not read twice
        assert len(read_meta(tmp_path / "out").training["averaged"]) == 2
        assert Tagger.load(tmp_path / "out").tag(first.text).mentions

    def test_a_model_that_forgets_is_not_written(
        self, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = export(trained, tmp_path / "model")
        write_reports(tiny_reports(), tmp_path / "new.jsonl")
        monkeypatch.setattr("training.add.ALLOWED_LOSS", -1.0)
        new = [tmp_path / "new.jsonl"]
        added = add_reports(model, new, new, tmp_path / "out", tmp_path / "work", 1)
        assert not added.holds and not (tmp_path / "out").exists()


class TestQuantise:
    def test_whole_numbers_times_scales_are_near(self) -> None:
        columns = np.array([[1, 2, 4, 8, 16, 0]], dtype=np.float32)
        values = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) * columns
        whole, scales = scaled(values, 0, 63)
        assert np.abs(whole).max() == 63 and scales.shape == (1, 6)
        assert (np.abs(whole * scales - values) <= scales / 2 + 1e-6).all()

    def test_a_row_does_not_depend_on_its_neighbours(self, trained: Path, tmp_path: Path) -> None:
        network, *_ = load_trained(trained)
        export_reader(network, tmp_path / "model.onnx")
        session = ort.InferenceSession(str(tmp_path / "model.onnx"))
        rows = np.random.default_rng(0).integers(4, 60, (5, 30))
        together = session.run(None, {"input_ids": rows})
        alone = [session.run(None, {"input_ids": row[None]}) for row in rows]
        for output in (0, 1):
            assert np.array_equal(together[output], np.concatenate([one[output] for one in alone]))
        exact = network.tag(torch.from_numpy(rows), None)[1].detach().numpy()
        error = np.square(together[1] - exact).sum() / np.square(exact - exact.mean()).sum()
        assert error < 0.01


class TestExport:
    def test_eight_bits_say_what_the_network_says(self, trained: Path, tmp_path: Path) -> None:
        exported = export(trained, tmp_path / "model")
        agreement = check_export(trained, exported, tiny_reports())
        assert agreement.holds
        assert agreement.int8["mentions"] > 0.8
        meta = read_meta(exported)
        assert set(meta.files) < {path.name for path in exported.iterdir()}
        assert meta.figures["dev"] == json.loads((trained / "training.json").read_text())["figures"]

    def test_a_loss_of_more_than_half_a_point_does_not_hold(self) -> None:
        fine = {"mentions": 0.8, "anchors": 0.5, "links": 0.6}
        assert Agreement(fine, fine | {"mentions": 0.796}).holds
        assert not Agreement(fine, fine | {"links": 0.594}).holds


class TestCommand:
    def run(self, *arguments: object) -> Result:
        app = typer.Typer()
        app.command()(command)
        return CliRunner().invoke(app, [str(a) for a in arguments])

    def test_trains_exports_and_prints_both_figures(self, tmp_path: Path) -> None:
        config, out = save_tiny_config(tmp_path / "tiny", epochs=40), tmp_path / "model"
        result = self.run(
            "--config", config, "--out", out, "--work", tmp_path / "runs", "--threads", 1
        )
        assert result.exit_code == 0, result.output
        assert '"int8"' in result.output
        assert Tagger.load(out).tag(tiny_reports()[0].text).mentions

    def test_a_missing_encoder_is_named(self, tmp_path: Path) -> None:
        config = save_tiny_config(tmp_path / "tiny")
        (tmp_path / "tiny" / "encoder" / "tokenizer.json").unlink()
        result = self.run("--config", config, "--out", tmp_path / "model")
        assert result.exit_code == 2 and "no tokenizer.json" in result.output

    def test_missing_data_is_named(self, tmp_path: Path) -> None:
        config = save_tiny_config(tmp_path / "tiny")
        (tmp_path / "tiny" / "data" / "reports.jsonl").unlink()
        (tmp_path / "tiny" / "data").rmdir()
        result = self.run(
            "--config", config, "--out", tmp_path / "model", "--work", tmp_path / "runs"
        )
        assert result.exit_code == 2
        assert "no such annotation" in result.output
