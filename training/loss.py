"""The network with its losses: what the trainer steps on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pipeline.pairs import ALLOWED, ANCHOR_LABEL_IDS, COUNT_ID, TO_ANCHOR, Spans, find_pairs
from pipeline.tag import Floats, best_tags, softmax, tag_spans
from pipeline.tokens import Ints, Tokens

from .config import Config
from .data import IGNORED, window_tokens
from .model import TaggerNetwork

UNK_ID = 3


class LinkTargets(Struct, frozen=True, eq=False):
    """The link part's input and targets for one window."""

    first: Ints
    last: Ints
    labels: Ints
    anchors: Ints
    heads: Ints
    tails: Ints
    features: Ints
    links: Ints
    allowed: NDArray[np.bool_]


def link_targets(tokens: Tokens, mentions: Ints, links: Ints, reach: int) -> LinkTargets:
    """Targets for ``mentions`` (start, end, label, anchor) and ``links`` (head, tail, type).

    Only pairs whose head is an anchor count; a mention whose anchor is `IGNORED` is one that the
    model made up, a tail that nothing links to.
    """
    spans = Spans(mentions[:, 0], mentions[:, 1], mentions[:, 2])
    pairs = find_pairs(tokens, spans, reach)
    anchors = mentions[:, 3]
    counted = anchors[pairs.heads] > 0
    heads, tails = pairs.heads[counted], pairs.tails[counted]
    table = np.zeros((len(spans), len(spans)), dtype=np.int64)
    table[links[:, 0], links[:, 1]] = links[:, 2]
    to_anchor = (anchors[tails] > 0)[:, None] | ~TO_ANCHOR
    allowed = ALLOWED[spans.label[tails]] & to_anchor
    wanted = table[heads, tails]
    return LinkTargets(
        first=tokens.first[spans.start],
        last=tokens.first[spans.end] - 1,
        labels=spans.label,
        anchors=_anchor_targets(spans.label, anchors),
        heads=heads,
        tails=tails,
        features=pairs.features[counted],
        links=np.where(allowed[np.arange(len(wanted)), wanted], wanted, 0),
        allowed=allowed,
    )


def _anchor_targets(labels: Ints, anchors: Ints) -> Ints:
    """`IGNORED` where the label never anchors, and for a COUNT that is no real one."""
    made_up = (anchors == IGNORED) & (labels == COUNT_ID)
    targets = np.where(anchors == IGNORED, 0, anchors)
    return np.where(np.isin(labels, ANCHOR_LABEL_IDS) & ~made_up, targets, IGNORED)


def disturb(mentions: Ints, links: Ints, extra: Ints, drop: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Gold without the dropped mentions, and with ``extra`` ones where they overlap none."""
    kept = mentions[~drop]
    number = np.cumsum(~drop) - 1
    alive = ~drop[links[:, 0]] & ~drop[links[:, 1]]
    moved = np.stack([number[links[alive, 0]], number[links[alive, 1]], links[alive, 2]], axis=1)
    free = [not ((kept[:, 0] < e[1]) & (e[0] < kept[:, 1])).any() for e in extra]
    merged = np.concatenate([kept, extra[np.array(free, dtype=bool)]])
    order = np.argsort(merged[:, 0], kind="stable")
    rank = np.argsort(order, kind="stable")
    moved[:, :2] = rank[moved[:, :2]]
    return merged[order], moved


class TrainedNetwork(nn.Module):
    """`TaggerNetwork` with the three losses of one configuration."""

    def __init__(self, network: TaggerNetwork, config: Config) -> None:
        super().__init__()
        self.network, self.options = network, config
        self.random = np.random.default_rng(config.seed)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, tags: Tensor, rows: list[dict[str, Any]]
    ) -> dict[str, Tensor]:
        """The weighted ``loss`` of a batch, and its parts."""
        config = self.options
        if self.training and config.piece_dropout:
            input_ids = self._hidden(input_ids)
        logits, states = self.network.tag(input_ids, attention_mask)
        tag_loss = cross_entropy(
            logits.flatten(0, 1), tags.flatten(), label_smoothing=config.label_smoothing
        )
        anchor_loss, link_loss = self._link_losses(logits, states, rows)
        loss = tag_loss + config.anchor_weight * anchor_loss + config.link_weight * link_loss
        parts = {"tag_loss": tag_loss, "anchor_loss": anchor_loss, "link_loss": link_loss}
        return {"loss": loss, **{name: part.detach() for name, part in parts.items()}}

    def _hidden(self, ids: Tensor) -> Tensor:
        """``ids`` with a share of the pieces behind the unknown one; marks and padding stay."""
        hide = torch.rand(ids.shape, device=ids.device) < self.options.piece_dropout
        return torch.where(hide & (ids > UNK_ID), UNK_ID, ids)

    def _link_losses(
        self, logits: Tensor, states: Tensor, rows: list[dict[str, Any]]
    ) -> tuple[Tensor, Tensor]:
        targets = [self._targets(row, logits[i]) for i, row in enumerate(rows)]
        width = states.shape[1]
        pieces = np.arange(len(rows)) * width + 1  # the mark at the start of each row
        counts = np.cumsum([0, *(len(t.labels) for t in targets)])

        def joined(name: str, shifts: Ints | None = None) -> Tensor:
            parts = [getattr(t, name) for t in targets]
            if shifts is not None:
                parts = [p + s for p, s in zip(parts, shifts, strict=False)]
            return torch.from_numpy(np.concatenate(parts)).to(states.device)

        anchor_logits, link_logits = self.network.link(
            states.flatten(0, 1),
            joined("first", pieces),
            joined("last", pieces),
            joined("labels"),
            joined("heads", counts),
            joined("tails", counts),
            joined("features"),
            torch.from_numpy(np.repeat(np.arange(len(rows)), np.diff(counts))).to(states.device),
        )
        link_logits = link_logits.masked_fill(~joined("allowed"), -1e4)
        return mean_loss(anchor_logits, joined("anchors")), mean_loss(link_logits, joined("links"))

    def _targets(self, row: dict[str, Any], logits: Tensor) -> LinkTargets:
        tokens = window_tokens(row)
        mentions = np.array(row["mentions"], dtype=np.int64).reshape(-1, 4)
        links = np.array(row["links"], dtype=np.int64).reshape(-1, 3)
        if self.training and (self.options.mention_drop or self.options.mention_noise):
            drop = self.random.random(len(mentions)) < self.options.mention_drop
            extra = self._made_up(tokens, logits.detach().float().cpu().numpy())
            mentions, links = disturb(mentions, links, extra, drop)
        return link_targets(tokens, mentions, links, self.options.settings.reach)

    def _made_up(self, tokens: Tokens, logits: Floats) -> Ints:
        """Some of the mentions that the model sees at present, with no anchor."""
        if not self.options.mention_noise or not len(tokens):
            return np.zeros((0, 4), dtype=np.int64)
        found = tag_spans(best_tags(softmax(logits[tokens.first[:-1] + 1])), tokens)
        chosen = self.random.random(len(found)) < self.options.mention_noise
        columns = [found.start, found.end, found.label, np.full(len(found), IGNORED)]
        return np.stack(columns, axis=1)[chosen]


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over the targets that count; zero where none does."""
    total = cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
    return total / (targets != IGNORED).sum().clamp(min=1)
