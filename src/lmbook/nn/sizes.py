"""How large a network is: parameters, memory, computation, money, by formula.

Everything here is arithmetic on plain numbers, so that a reader can follow it with a pencil and a
page can do it in the browser. Taught in concepts/networks.

>>> from lmbook.nn import sizes
>>> sizes.dense_parameters([784, 128, 10])
101770
>>> sizes.BERT_BASE.parameters
109482240
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["encoder", "decoder", "gated"]
KINDS = ("encoder", "decoder", "gated")

Recompute = Literal["none", "attention", "all"]
RECOMPUTE = ("none", "attention", "all")


def _whole(name: str, value: int, least: int = 1) -> None:
    """Raise unless a number is whole and large enough."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")


def _positive(name: str, value: float, *, zero: bool = False) -> None:
    """Raise unless a number is finite and above zero, or zero where that is allowed."""
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        raise ValueError(f"{name} is {value!r}; expected a finite number of {least}")


def dense_parameters(widths: Sequence[int]) -> int:
    """Count the weights and biases of a dense network.

    A layer from ``m`` to ``n`` units has ``m · n`` weights and ``n`` biases. Taught in
    concepts/networks.

    Parameters
    ----------
    widths : sequence of int
        Units of each layer, the inputs first: ``[784, 128, 10]``.

    Raises
    ------
    ValueError
        There are fewer than two widths, or one is no positive whole number.
    """
    if len(widths) < 2:
        raise ValueError(
            f"widths has {len(widths)} entries; expected at least two, inputs and outputs: "
            "[784, 10] is the smallest kind of network"
        )
    for width in widths:
        _whole("each width", width)
    return sum((m + 1) * n for m, n in itertools.pairwise(widths))


@dataclass(frozen=True)
class Transformer:
    """The settings of a Transformer that decide its size.

    Taught in concepts/networks.

    Attributes
    ----------
    layers : int
        Blocks, each of one attention and one feed-forward part.
    width : int
        Numbers that stand for one token.
    heads : int
        Attention heads a block; they share out the width, so that they change no count.
    feedforward : int
        Hidden units of the feed-forward part.
    vocabulary : int
        Different tokens.
    positions : int
        Longest text in tokens. Each has a learned vector, but not in a ``gated`` model, which
        turns queries and keys instead.
    segments : int
        Kinds of text part with a learned vector; 2 in BERT, 0 elsewhere.
    kind : str
        ``encoder``: as BERT (Devlin et al. 2019), with the pooler and without the heads used in
        pretraining. ``decoder``: as GPT-2 and GPT-3 (Radford et al. 2019, Brown et al. 2020), whose
        output layer is the table of token vectors once more and adds nothing. ``gated``: as
        LLaMA (Touvron et al. 2023): no biases, norms with a scale alone, three feed-forward
        matrices, an output layer of its own.

    Raises
    ------
    ValueError
        A number is no positive whole one (``segments`` may be 0), the heads do not divide the
        width, or the kind is unknown.
    """

    layers: int
    width: int
    heads: int
    feedforward: int
    vocabulary: int
    positions: int
    segments: int = 0
    kind: Kind = "encoder"

    def __post_init__(self) -> None:
        for name in ("layers", "width", "heads", "feedforward", "vocabulary", "positions"):
            _whole(name, getattr(self, name))
        _whole("segments", self.segments, least=0)
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; expected one of {', '.join(KINDS)}")
        if self.width % self.heads:
            raise ValueError(
                f"a width of {self.width} cannot be shared out among {self.heads} heads; "
                "choose heads that divide the width"
            )

    @property
    def parts(self) -> dict[str, int]:
        """Parameters by part: embeddings, attention, feedforward, norms, head."""
        d, f = self.width, self.feedforward
        gated = self.kind == "gated"
        learned_positions = 0 if gated else self.positions
        norms = 2 * self.layers + 1  # two a block, and one before or after all of them
        return {
            "embeddings": (self.vocabulary + learned_positions + self.segments) * d,
            "attention": self.layers * (4 * d * d + (0 if gated else 4 * d)),
            "feedforward": self.layers * (3 * d * f if gated else 2 * d * f + f + d),
            "norms": norms * (d if gated else 2 * d),
            "head": {"encoder": d * d + d, "decoder": 0, "gated": self.vocabulary * d}[self.kind],
        }

    @property
    def parameters(self) -> int:
        """All parameters."""
        return sum(self.parts.values())


BERT_BASE = Transformer(12, 768, 12, 3072, 30_522, 512, 2, "encoder")
"""Devlin et al. 2019: 109,482,240 parameters."""
GPT2 = Transformer(12, 768, 12, 3072, 50_257, 1024, 0, "decoder")
"""Radford et al. 2019, the smallest of the four: 124,439,808 parameters."""
GPT3 = Transformer(96, 12_288, 96, 4 * 12_288, 50_257, 2048, 0, "decoder")
"""Brown et al. 2020, table 2.1: 174,604,259,328 parameters."""
LLAMA_7B = Transformer(32, 4096, 32, 11_008, 32_000, 2048, 0, "gated")
"""Touvron et al. 2023: 6,738,415,616 parameters."""


def rule_of_thumb(layers: int, width: int) -> int:
    """Estimate a Transformer's parameters without its embeddings: 12 · layers · width².

    Four square matrices in attention and two of 4 · width² in the feed-forward part make
    12 · width² a block (Kaplan et al. 2020, section 2.1). Taught in concepts/networks.

    Raises
    ------
    ValueError
        A number is no positive whole one.
    """
    _whole("layers", layers)
    _whole("width", width)
    return 12 * layers * width**2


def activation_memory(
    model: Transformer, batch: int, tokens: int, recompute: Recompute = "none"
) -> float:
    """Compute the memory of what the blocks keep for the backward pass.

    Korthikanti et al. 2022 ("Reducing Activation Recomputation in Large Transformer Models",
    equation 2) count ``s·b·h·(34 + 5·a·s/h)`` bytes a block, for ``s`` tokens, a batch of ``b``,
    width ``h``, ``a`` heads and a feed-forward part four times as wide. By the same count a
    feed-forward part of ``f`` units makes it ``s·b·(18·h + 4·f + 5·a·s)``, and a gated block, which
    has no dropout masks, ``s·b·(16·h + 8·f + 2·a·s)``. Activations are in 16 bits, masks in 8.
    Left out: the few numbers that norms keep, the embeddings and the logits.
    Taught in concepts/networks.

    Parameters
    ----------
    model : Transformer
    batch : int
        Texts that one device handles at once.
    tokens : int
        Tokens of each.
    recompute : str
        ``none``: keep all; ``attention``: compute the tables of attention weights again, as
        kernels such as FlashAttention do, which leaves out the term with ``a``; ``all``: keep
        the input of each block alone, ``2·s·b·h`` bytes.

    Returns
    -------
    float
        Bytes.

    Raises
    ------
    ValueError
        A number is no positive whole one, or `recompute` is unknown.
    """
    _whole("batch", batch)
    _whole("tokens", tokens)
    if recompute not in RECOMPUTE:
        raise ValueError(f"recompute is {recompute!r}; expected one of {', '.join(RECOMPUTE)}")
    if recompute == "all":
        kept = 2 * model.width
    elif model.kind == "gated":
        kept = 16 * model.width + 8 * model.feedforward
        kept += 2 * model.heads * tokens if recompute == "none" else 0
    else:
        kept = 18 * model.width + 4 * model.feedforward
        kept += 5 * model.heads * tokens if recompute == "none" else 0
    return float(model.layers * tokens * batch * kept)


def training_memory(
    parameters: float,
    *,
    weight: float = 2,
    gradient: float = 2,
    optimizer: float = 12,
    activations: float = 0,
) -> dict[str, float]:
    """Compute the memory that training takes, by part.

    The defaults are AdamW in mixed precision: weights and gradients in 16 bits, and for the
    optimiser a copy of the weights and two running averages in 32 bits: 16 bytes a parameter
    (Rajbhandari et al. 2020, "ZeRO", section 3.1). In 32 bits throughout they are 4, 4 and 8; for
    plain gradient descent 4, 4 and 0. Taught in concepts/networks.

    Parameters
    ----------
    parameters : float
    weight, gradient, optimizer : float
        Bytes a parameter.
    activations : float
        Bytes in all, such as `activation_memory` gives.

    Returns
    -------
    dict
        Bytes of ``weights``, ``gradients``, ``optimizer``, ``activations``.

    Raises
    ------
    ValueError
        A number is negative or not finite, or there are no parameters.
    """
    _positive("parameters", parameters)
    for name, value in (
        ("weight", weight),
        ("gradient", gradient),
        ("optimizer", optimizer),
        ("activations", activations),
    ):
        _positive(name, value, zero=True)
    return {
        "weights": weight * parameters,
        "gradients": gradient * parameters,
        "optimizer": optimizer * parameters,
        "activations": activations,
    }


def cache_memory(model: Transformer, batch: int, tokens: int, value: float = 2) -> float:
    """Compute the memory of the keys and values that generation keeps: two vectors a token a block.

    Taught in concepts/networks.

    Parameters
    ----------
    model : Transformer
    batch : int
        Texts generated at once.
    tokens : int
        Tokens of each, so far.
    value : float
        Bytes a number.

    Returns
    -------
    float
        Bytes.

    Raises
    ------
    ValueError
        A number is not positive, or batch or tokens is not whole.
    """
    _whole("batch", batch)
    _whole("tokens", tokens)
    _positive("value", value)
    return float(2 * model.layers * model.width * batch * tokens * value)


def training_flops(parameters: float, tokens: float) -> float:
    """Estimate the floating-point operations of training: 6 a parameter a token.

    A weight takes part in a multiplication and an addition forward, and in twice as many
    backward (Kaplan et al. 2020, section 2.1). Left out: attention between tokens, norms,
    activations. Taught in concepts/networks.

    Raises
    ------
    ValueError
        A number is not positive.
    """
    _positive("parameters", parameters)
    _positive("tokens", tokens)
    return 6.0 * parameters * tokens


def inference_flops(parameters: float, tokens: float = 1) -> float:
    """Estimate the floating-point operations of using a model: 2 a parameter a token.

    Taught in concepts/networks.

    Raises
    ------
    ValueError
        A number is not positive.
    """
    _positive("parameters", parameters)
    _positive("tokens", tokens)
    return 2.0 * parameters * tokens


def chinchilla_tokens(parameters: float, ratio: float = 20) -> float:
    """Estimate the tokens that make the best of a training budget: about 20 a parameter.

    Hoffmann et al. 2022 ("Training Compute-Optimal Large Language Models", table 3).
    Taught in concepts/networks.

    Raises
    ------
    ValueError
        A number is not positive.
    """
    _positive("parameters", parameters)
    _positive("ratio", ratio)
    return float(ratio * parameters)


def training_seconds(
    flops: float, *, peak: float, utilisation: float = 0.4, devices: int = 1
) -> float:
    """Compute how long devices take for so many operations.

    Taught in concepts/networks.

    Parameters
    ----------
    flops : float
        Operations, such as `training_flops` gives.
    peak : float
        Operations a second that a data sheet promises for one device.
    utilisation : float
        Share of the peak that is reached, above 0, at most 1.
    devices : int

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    ValueError
        A number is not positive, or the utilisation is above 1.
    """
    _positive("flops", flops)
    _positive("peak", peak)
    _positive("utilisation", utilisation)
    if utilisation > 1:
        raise ValueError(
            f"utilisation is {utilisation}; expected at most 1: a share, where 0.4 is 40 %"
        )
    _whole("devices", devices)
    return flops / (peak * utilisation * devices)


def training_cost(seconds: float, *, devices: int, hourly: float) -> float:
    """Compute what renting devices for so long costs, in the currency of the hourly price.

    Taught in concepts/networks.

    Parameters
    ----------
    seconds : float
    devices : int
    hourly : float
        Price of one device for one hour; may be 0.

    Raises
    ------
    ValueError
        A number is not positive (the price: negative).
    """
    _positive("seconds", seconds)
    _whole("devices", devices)
    _positive("hourly", hourly, zero=True)
    return seconds / 3600 * devices * hourly
