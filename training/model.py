"""The network: one encoder, a head that tags tokens, a head that links mentions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from pipeline.pairs import ANCHORS, FEATURES, LINKS, TAGS
from pipeline.schema import MENTION_LABELS
from pipeline.tag import Floats, Ints
from pipeline.tokens import BOS_ID, EOS_ID

MENTION_REACH = 24  # mentions to each side that a mention looks at
ATTENTION_RANGE = 5.0  # a piece between two mentions weighs e^-5 to e^5 before normalisation


class BetweenPool(nn.Module):
    """A learned weighted mean of the pieces between two mentions, a few heads of it.

    Sums run once over the text, so that a pair costs two look-ups, however far apart it stands.
    """

    def __init__(self, hidden: int, heads: int, size: int) -> None:
        super().__init__()
        self.heads = heads
        self.value = nn.Linear(hidden, heads * size)
        self.weight = nn.Linear(hidden, heads)

    def forward(self, states: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """Pieces ``[low, high)`` of ``states`` pooled, a row each pair; zeros where none is."""
        weight = torch.exp(ATTENTION_RANGE * torch.tanh(self.weight(states)))
        value = nn.functional.gelu(self.value(states)).unflatten(1, (self.heads, -1))
        rows = torch.cat([weight.unsqueeze(2), weight.unsqueeze(2) * value], dim=2).flatten(1)
        # Doubles, since differences of long sums lose digits.
        sums = nn.functional.pad(rows.double().cumsum(0), (0, 0, 1, 0))
        pooled = (sums[torch.maximum(low, high)] - sums[low]).float()
        pooled = pooled.unflatten(1, (self.heads, -1))
        return (pooled[:, :, 1:] / pooled[:, :, :1].clamp(min=1e-3)).flatten(1)


class MentionLayer(nn.Module):
    """Mentions look at the mentions around them: a transformer layer whose attention knows how many
    mentions stand between, and in which order."""

    def __init__(self, size: int, dropout: float, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.attended, self.fed = nn.LayerNorm(size), nn.LayerNorm(size)
        self.queries = nn.Linear(size, 3 * size)
        self.steps = nn.Embedding(2 * MENTION_REACH + 1, heads)
        self.mix = nn.Linear(size, size)
        self.feed = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.dropout = nn.Dropout(dropout)
        # At first the layer changes nothing, so that it can be added to a trained model.
        for last in (self.mix, self.feed[2]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, spans: Tensor, groups: Tensor) -> Tensor:
        """``spans``, a row a mention in text order; those of one ``groups`` number are one text."""
        queries, keys, values = (
            part.unflatten(1, (self.heads, -1)).transpose(0, 1)
            for part in self.queries(self.attended(spans)).chunk(3, dim=1)
        )
        order = torch.arange(spans.shape[0], device=spans.device)
        steps = order[None] - order[:, None]
        apart = (groups[None] != groups[:, None]) | (steps.abs() > MENTION_REACH)
        bias = self.steps(steps.clamp(-MENTION_REACH, MENTION_REACH) + MENTION_REACH)
        scores = queries @ keys.transpose(1, 2) / queries.shape[-1] ** 0.5 + bias.permute(2, 0, 1)
        weights = scores.masked_fill(apart[None], -1e4).softmax(2)
        mixed = self.mix((weights @ values).transpose(0, 1).flatten(1))
        spans = spans + self.dropout(mixed)
        return spans + self.dropout(self.feed(self.fed(spans)))


class LinkPart(nn.Module):
    """Which mentions are anchors, and what each pair is to the other."""

    def __init__(self, hidden: int, size: int, dropout: float, layers: int = 0) -> None:
        super().__init__()
        labels = len(MENTION_LABELS)
        self.first = nn.Linear(hidden, size)
        self.last = nn.Linear(hidden, size)
        self.mean = nn.Linear(hidden, size)
        self.label = nn.Embedding(labels, size)
        self.norm = nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(MentionLayer(size, dropout) for _ in range(layers))
        self.anchor = nn.Sequential(nn.Linear(size, size), nn.GELU(), nn.Linear(size, len(ANCHORS)))
        self.head = nn.Linear(size, size)
        self.tail = nn.Linear(size, size)
        self.product = nn.Linear(size, size, bias=False)
        self.between = BetweenPool(hidden, heads=4, size=size // 4)
        self.context = nn.Linear(size // 4 * 4, size, bias=False)
        self.features = nn.ModuleList(nn.Embedding(n, size) for n in FEATURES.values())
        self.label_pair = nn.Embedding(labels * labels, size)
        self.output = nn.Sequential(nn.LayerNorm(size), nn.GELU(), nn.Linear(size, len(LINKS)))

    def spans(self, states: Tensor, first: Tensor, last: Tensor, labels: Tensor) -> Tensor:
        """A vector a mention: its first, last and mean piece, and its label."""
        sums = nn.functional.pad(states.double().cumsum(0), (0, 0, 1, 0))
        lengths = (last - first + 1).unsqueeze(1)
        mean = ((sums[last + 1] - sums[first]) / lengths).float()
        joint = self.first(states[first]) + self.last(states[last]) + self.mean(mean)
        return self.dropout(nn.functional.gelu(self.norm(joint + self.label(labels))))

    def forward(
        self,
        states: Tensor,
        first: Tensor,
        last: Tensor,
        labels: Tensor,
        heads: Tensor,
        tails: Tensor,
        features: Tensor,
        groups: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits over ANCHORS a mention, and over LINKS a pair.

        ``states`` are the encoder's vectors, a row a piece; ``first`` and ``last`` the pieces at
        the ends of each mention, both within; ``heads`` and ``tails`` index the mentions.
        ``groups`` numbers the text of each mention, where there are several.
        """
        spans = self.spans(states, first, last, labels)
        for layer in self.layers:
            spans = layer(spans, torch.zeros_like(labels) if groups is None else groups)
        low = torch.minimum(last[heads], last[tails]) + 1
        high = torch.maximum(first[heads], first[tails])
        joint = self.head(spans)[heads] + self.tail(spans)[tails]
        joint = joint + self.product(spans[heads] * spans[tails])
        joint = joint + self.context(self.dropout(self.between(states, low, high)))
        joint = joint + self.label_pair(labels[heads] * len(MENTION_LABELS) + labels[tails])
        for column, embedding in enumerate(self.features):
            joint = joint + embedding(features[:, column])
        return self.anchor(spans), self.output(self.dropout(joint))


class TagPart(nn.Module):
    """The encoder and the tag head: what runs once a window of text."""

    def __init__(self, encoder: nn.Module, hidden: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.tags = nn.Linear(hidden, len(TAGS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits over TAGS and the encoder's vectors, a row a piece."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        states = output.last_hidden_state
        return self.tags(self.dropout(states)), states


class TaggerNetwork(nn.Module):
    """Both parts, as they are trained together."""

    def __init__(
        self,
        encoder: nn.Module,
        hidden: int,
        link_size: int,
        dropout: float,
        mention_layers: int = 0,
    ) -> None:
        super().__init__()
        self.tag = TagPart(encoder, hidden, dropout)
        self.link = LinkPart(hidden, link_size, dropout, mention_layers)


def load_network(
    encoder: str | Path,
    link_size: int,
    dropout: float,
    mention_layers: int = 0,
    pretrained: bool = True,
) -> TaggerNetwork:
    """A network on the encoder of a folder in Hugging Face form, heads untrained.

    Without ``pretrained`` only the encoder's configuration is read.
    """
    config = AutoConfig.from_pretrained(encoder)
    options = {"add_pooling_layer": False} if config.model_type == "bert" else {}
    # No dropout of attention: with it a CPU takes the slow way, five times as long there.
    config.update({"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": 0.0})
    if pretrained:
        body = AutoModel.from_pretrained(encoder, config=config, **options)
    else:
        body = AutoModel.from_config(config, **options)
    return TaggerNetwork(body, config.hidden_size, link_size, dropout, mention_layers)


class TorchNetwork:
    """`pipeline.tag.Network` over the trained modules, for figures on dev."""

    def __init__(self, network: TaggerNetwork) -> None:
        self.network = network.eval()
        self.device = next(network.parameters()).device

    def _tensor(self, values: Ints | Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    @torch.inference_mode()
    def read(self, ids: Ints) -> tuple[Floats, Floats]:
        """As `pipeline.tag.Network.read`."""
        row = self._tensor(np.concatenate([[BOS_ID], ids, [EOS_ID]])[None])
        logits, states = self.network.tag(row, torch.ones_like(row))
        return logits[0, 1:-1].cpu().numpy(), states[0, 1:-1].cpu().numpy()

    @torch.inference_mode()
    def link(
        self, states: Floats, ends: tuple[Ints, Ints], labels: Ints, pairs: tuple[Ints, Ints, Ints]
    ) -> tuple[Floats, Floats]:
        """As `pipeline.tag.Network.link`."""
        values = (self._tensor(v) for v in (states, *ends, labels, *pairs))
        anchors, links = self.network.link(*values)
        return anchors.cpu().numpy(), links.cpu().numpy()
