"""Figures of the book, in one style.

Each function returns its `Figure`; as the last line of a cell it is shown. Lines carry their names
at their ends, so that no legend is needed. `style` has the colours, `charts` what has axes,
`pictures` images, `diagrams` boxes and arrows. What one chapter alone draws is in a module of its
own, which that chapter imports.
"""

from lmbook.plot.charts import bars, confusion, lines, panels, reliability
from lmbook.plot.diagrams import Arrow, Box, diagram
from lmbook.plot.pictures import images, products, sliding
from lmbook.plot.style import FULL, HALF

__all__ = [
    "FULL", "HALF", "Arrow", "Box", "bars", "confusion", "diagram", "images", "lines", "panels",
    "products", "reliability", "sliding",
]  # fmt: skip
