"""Five ways to read an image, and the cells they are made of: chapter concepts/architectures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rnn_step(x: Tensor, h: Tensor, W_in: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """Take one step of a simple recurrent network.

    The network of Elman (1990), with the hyperbolic tangent: equal to `torch.nn.RNN` when `b` is
    the sum of its two biases. Taught in concepts/architectures.

    Parameters
    ----------
    x : Tensor, shape (n, inputs)
        What arrives at this step.
    h : Tensor, shape (n, width)
        The state after the step before.
    W_in : Tensor, shape (width, inputs)
    W_h : Tensor, shape (width, width)
    b : Tensor, shape (width,)

    Returns
    -------
    Tensor, shape (n, width)
        The new state.
    """
    return torch.tanh(x @ W_in.T + h @ W_h.T + b)


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, W_in: Tensor, W_h: Tensor, b: Tensor
) -> tuple[Tensor, Tensor]:
    """Take one step of a long short-term memory with a forget gate.

    Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000): equal to
    `torch.nn.LSTM` when `b` is the sum of its two biases. Taught in concepts/architectures.

    Parameters
    ----------
    x : Tensor, shape (n, inputs)
        What arrives at this step.
    h, c : Tensor, shape (n, width)
        The output and the cell after the step before.
    W_in : Tensor, shape (4 width, inputs)
        Rows of the input gate, the forget gate, the proposal and the output gate, in this order.
    W_h : Tensor, shape (4 width, width)
    b : Tensor, shape (4 width,)

    Returns
    -------
    h, c : Tensor, shape (n, width)
    """
    gates = x @ W_in.T + h @ W_h.T + b  # (n, 4 width)
    write, keep, proposal, show = gates.chunk(4, dim=1)
    c = keep.sigmoid() * c + write.sigmoid() * proposal.tanh()
    return show.sigmoid() * c.tanh(), c


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Give each query the average of the values, weighted by how well the keys fit it.

    Scaled dot-product attention, equation 1 of Vaswani et al. (2017), without a mask. Taught in
    concepts/architectures.

    Parameters
    ----------
    queries : Tensor, shape (..., tokens, width)
    keys : Tensor, shape (..., others, width)
    values : Tensor, shape (..., others, value width)

    Returns
    -------
    Tensor, shape (..., tokens, value width)
    """
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    return scores.softmax(-1) @ values


class VectorNet(nn.Module):
    """A multilayer perceptron that reads images (n, 1, 28, 28) as 784 numbers; logits (n, 10).

    Taught in concepts/architectures.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits; shape (n, 1, 28, 28) to (n, 10)."""
        return self.layers(images)  # type: ignore[no-any-return]


class ConvNet(nn.Module):
    """Two convolutions, each with pooling, and a hidden layer; images (n, 1, 28, 28) to (n, 10).

    Taught in concepts/architectures.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),  # (n, 8, 14, 14)
            nn.Conv2d(8, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),  # (n, 16, 7, 7)
            nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits; shape (n, 1, 28, 28) to (n, 10)."""
        return self.layers(images)  # type: ignore[no-any-return]


class RecurrentNet(nn.Module):
    """A recurrent layer that reads images row by row, and a classifier on its last output.

    Taught in concepts/architectures.

    Parameters
    ----------
    layer : nn.RNN, nn.LSTM or nn.GRU
        From rows (n, rows, pixels) to (n, rows, hidden_size); made with ``batch_first=True``.
    classes : int
        Answers to choose from.
    """

    def __init__(self, layer: nn.RNNBase, classes: int = 10) -> None:
        super().__init__()
        self.layer = layer
        self.classify = nn.Linear(layer.hidden_size, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits; shape (n, 1, rows, pixels) to (n, classes)."""
        states, _ = self.layer(images[:, 0])  # (n, rows, width)
        return self.classify(states[:, -1])  # type: ignore[no-any-return]


class EncoderBlock(nn.Module):
    """A block of a Transformer encoder: attention, then two layers for each row alone.

    Both are added to what comes in, after a normalisation (the pre-norm order). Taught in
    concepts/architectures.

    Parameters
    ----------
    width : int
        Numbers for each row; a multiple of `heads`.
    heads : int
        Attentions side by side.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.expand = nn.Linear(width, 4 * width)
        self.shrink = nn.Linear(4 * width, width)

    def forward(self, rows: Tensor) -> Tensor:
        """Let rows exchange information; shape (n, rows, width) to the same."""
        n, count, width = rows.shape
        parts = self.project(self.norms[0](rows)).view(n, count, 3, self.heads, -1)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)  # (n, heads, rows, part)
        mixed = attend(queries, keys, values).transpose(1, 2).reshape(n, count, width)
        rows = rows + self.merge(mixed)
        return rows + self.shrink(F.relu(self.expand(self.norms[1](rows))))  # type: ignore[no-any-return]


class TransformerNet(nn.Module):
    """A Transformer encoder over the rows of images (n, 1, 28, 28), averaged; logits (n, 10).

    Taught in concepts/architectures.

    Parameters
    ----------
    width, heads, blocks : int
        Numbers for each row, attentions side by side, blocks on top of each other.
    positions : bool
        Add a learned vector for each place: without it the order of the rows has no effect.
    """

    def __init__(
        self, width: int = 40, heads: int = 4, blocks: int = 2, positions: bool = True
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(28, width)
        places = 0.02 * torch.randn(28, width)
        self.places = nn.Parameter(places, requires_grad=positions)
        if not positions:
            nn.init.zeros_(self.places)
        stack = [EncoderBlock(width, heads) for _ in range(blocks)]
        self.blocks = nn.Sequential(*stack)
        self.classify = nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits; shape (n, 1, 28, 28) to (n, 10)."""
        rows = self.embed(images[:, 0]) + self.places  # (n, rows, width)
        return self.classify(self.blocks(rows).mean(1))  # type: ignore[no-any-return]


class Autoencoder(nn.Module):
    """An encoder to a narrow code and a decoder back; images (n, 784) to the same shape.

    Taught in concepts/architectures.

    Parameters
    ----------
    code : int
        Numbers that an image is squeezed into.
    hidden : int
        Units of the layer on either side of the code.
    """

    def __init__(self, code: int, hidden: int = 128) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decode = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 784))

    def forward(self, pixels: Tensor) -> Tensor:
        """Reconstruct; shape (n, 784) to (n, 784)."""
        return self.decode(self.encode(pixels))  # type: ignore[no-any-return]


class DeepLayer(nn.Module):
    """A dense layer with a ReLU, with or without normalisation and a residual connection.

    Maps (n, width) to (n, width). Taught in concepts/architectures.

    Parameters
    ----------
    width : int
    norm : bool
        Normalise what comes in, as Ba et al. (2016).
    residual : bool
        Add what comes in to what goes out, as He et al. (2016).
    """

    def __init__(self, width: int, norm: bool = False, residual: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if norm else nn.Identity()
        self.linear = nn.Linear(width, width)
        self.residual = residual

    def forward(self, hidden: Tensor) -> Tensor:
        """Apply the layer; shape (n, width) to (n, width)."""
        change = F.relu(self.linear(self.norm(hidden)))
        return hidden + change if self.residual else change
