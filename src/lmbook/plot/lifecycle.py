"""Figures of concepts/lifecycle: the loop, two decision flows, distances to the nearest image."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.style import BLACK, BLUE, FULL, GREEN, GREY, ORANGE, VERMILLION, styled


def loop() -> Figure:
    """Draw the life of a model as a loop, from the question to the decision to retrain."""

    def box(x: float, y: float, text: str, colour: str = BLUE) -> Box:
        return Box(x, y, text, width=2.0, height=0.85, colour=colour)

    boxes = {
        "pose": box(1.1, 4.4, "pose the problem,\nstate the target", colour=GREEN),
        "gather": box(3.9, 4.4, "gather, clean,\nsplit the data"),
        "choose": box(6.7, 4.4, "choose a model,\ntrain it"),
        "evaluate": box(6.7, 2.5, "evaluate\nagainst the target", colour=ORANGE),
        "package": box(6.7, 0.6, "package"),
        "serve": box(3.9, 0.6, "serve"),
        "watch": box(1.1, 0.6, "watch", colour=ORANGE),
        "decide": box(1.1, 2.5, "decide", colour=GREEN),
    }
    arrows = [
        Arrow("pose", "gather"), Arrow("gather", "choose"), Arrow("choose", "evaluate"),
        Arrow("evaluate", "package", "good\nenough"), Arrow("package", "serve"),
        Arrow("serve", "watch"), Arrow("watch", "decide", "drift"),
        Arrow("evaluate", "gather", "not good\nenough", dashed=True),
        Arrow("decide", "gather", "retrain", dashed=True),
        Arrow("decide", "pose", "the world\nhas changed", dashed=True),
    ]  # fmt: skip
    return diagram(boxes, arrows, size=8)


def choice_flow() -> Figure:
    """Draw the questions of `lmbook.planning.choose`, each with the answer that ends it."""
    questions = [
        ("can you write\nthe rule down?", "a written rule"),
        ("must it write\nfree text?", "an API; an open model on your\nmachines, if data must stay"),
        ("too few labels?", "photo or text that may leave: an API;\nelse gather labels"),
        ("is it a table?", "a linear model, then trees"),
        ("a small signal\nof fixed size?", "a small network"),
        ("millions of labels,\nand the budget?", "build your own"),
    ]
    boxes, arrows = {}, []
    for index, (question, answer) in enumerate(questions):
        y = -1.3 * index
        boxes[f"q{index}"] = Box(1.3, y, question, width=2.5, height=0.8, colour=ORANGE, round=True)
        boxes[f"a{index}"] = Box(6.0, y, answer, width=3.6, height=0.75, colour=GREEN)
        arrows.append(Arrow(f"q{index}", f"a{index}", "yes"))
        if index:
            arrows.append(Arrow(f"q{index - 1}", f"q{index}", "no"))
    last = len(questions)
    boxes["end"] = Box(
        1.3, -1.3 * last, "fine-tune a\npretrained model", width=2.5, height=0.75, colour=GREEN
    )
    arrows.append(Arrow(f"q{last - 1}", "end", "no"))
    return diagram(boxes, arrows, size=8)


def quality_flow() -> Figure:
    """Draw the questions of `lmbook.planning.next_step`."""

    def ask(x: float, y: float, text: str) -> Box:
        return Box(x, y, text, width=2.3, height=0.85, colour=ORANGE, round=True)

    def do(x: float, y: float, text: str, colour: str = BLUE) -> Box:
        return Box(x, y, text, width=2.0, height=0.75, colour=colour)

    boxes = {
        "low": ask(1.3, 2.6, "whole interval\nabove the target?"),
        "high": ask(1.3, 1.3, "part of it\nabove the target?"),
        "train": ask(1.3, 0.0, "above it on the\ntraining data?"),
        "deploy": do(5.0, 2.6, "deploy", colour=GREEN),
        "test": do(5.0, 1.3, "test on\nmore examples"),
        "gather": do(5.0, 0.0, "gather\nmore data"),
        "change": do(1.3, -1.3, "change the model"),
    }
    arrows = [
        Arrow("low", "deploy", "yes"), Arrow("low", "high", "no"),
        Arrow("high", "test", "yes"), Arrow("high", "train", "no"),
        Arrow("train", "gather", "yes"), Arrow("train", "change", "no"),
    ]  # fmt: skip
    return diagram(boxes, arrows, size=7)


@styled
def distances(groups: Mapping[str, ArrayLike], limit: float) -> Figure:
    """Draw how far images are from the nearest other one, a histogram for each group.

    Parameters
    ----------
    groups : mapping of str to array_like, shape (n,)
        Relative distances; those below 0.001 are drawn there.
    limit : float
        Drawn as a dashed vertical.
    """
    figure, axes = plt.subplots(figsize=(FULL, 3.0), layout="constrained")
    bins = np.geomspace(1e-3, 2, 45)
    top = 0.0
    for (name, values), colour in zip(groups.items(), (BLUE, VERMILLION, GREEN), strict=False):
        near = np.clip(np.asarray(values, dtype=float), bins[0], None)
        counts, _ = np.histogram(near, bins)
        axes.stairs(counts, bins, fill=True, color=colour, alpha=0.55)
        peak = int(np.argmax(counts))
        top = max(top, float(np.max(counts)))
        side = "left" if peak < 3 else "right" if bins[peak] < limit else "center"
        axes.annotate(
            name, (float(np.sqrt(bins[peak] * bins[peak + 1])), float(counts[peak])),
            xytext=(0, 3), textcoords="offset points", ha=side,
            va="bottom", color=BLACK, fontweight="bold",
        )  # fmt: skip
    axes.axvline(limit, color=GREY, linestyle="--", linewidth=1)
    axes.annotate(
        "limit", (limit, 1), xycoords=("data", "axes fraction"), xytext=(-4, -2),
        textcoords="offset points", va="top", ha="right", color=GREY,
    )  # fmt: skip
    axes.set(
        xscale="log", ylim=(0, 1.15 * top), ylabel="images",
        xlabel="distance to the nearest other image (as a share of its length)",
    )  # fmt: skip
    return figure
