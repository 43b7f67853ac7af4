"""Directives of the book: ``{widget}`` and ``{bookmap}``.

A live figure, driven by an artifact that a chapter wrote::

    ```{widget} filter
    :artifact: mnist/cnn/digits.json
    A caption, in which *markup* works.
    ```

A network that the figure runs is named by ``:model:``, another file that the chapter wrote.

The map of the book, drawn from ``_toc.yml``, the chapters' metadata and ``site/plan.toml``::

    ```{bookmap}
    ```
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from booksite import (
    bookmap,
    calculatorfigure,
    drawfigure,
    filterfigure,
    racefigure,
    stepperfigure,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.writers.html5 import HTML5Translator

SITE = Path(__file__).resolve().parents[1]
LOGGER = logging.getLogger(__name__)

# Each widget: site/widgets/<name>.js and .css, and what draws its static form from its artifact.
FALLBACKS: dict[str, Callable[[Any], str]] = {
    "calculator": calculatorfigure.draw,
    "draw": drawfigure.draw,
    "filter": filterfigure.draw,
    "race": racefigure.draw,
    "stepper": stepperfigure.draw,
}


class WidgetNode(nodes.General, nodes.Element):
    """A live figure: its name, its artifact, its static form; children are the caption."""


class Widget(SphinxDirective):
    """Place a live figure with a static fallback."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "artifact": directives.unchanged_required,
        "class": directives.class_option,
        "model": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Read the artifact, draw the static form, parse the caption."""
        name = self.arguments[0]
        if name not in FALLBACKS:
            known = ", ".join(sorted(FALLBACKS))
            raise self.error(f"there is no widget {name!r}; there are: {known}")
        if "artifact" not in self.options:
            raise self.error(f"widget {name!r} needs an :artifact:, a file that a chapter wrote")
        files = {
            option: SITE / "artifacts" / self.options[option]
            for option in ("artifact", "model")
            if option in self.options
        }
        for option, path in files.items():
            self.env.note_dependency(str(path))
            if not path.is_file():
                LOGGER.warning(
                    "widget %r: no artifact %s; the chapter that writes it has not been executed",
                    name,
                    self.options[option],
                    location=self.get_location(),
                )
                return []
        static = FALLBACKS[name](json.loads(files["artifact"].read_text(encoding="utf-8")))
        node = WidgetNode(
            name=name,
            artifact=self.options["artifact"],
            model=self.options.get("model"),
            static=static,
            classes=["widget", *self.options.get("class", [])],
        )
        self.state.nested_parse(self.content, self.content_offset, node)
        self.set_source_info(node)
        return [node]


def visit_widget_html(self: HTML5Translator, node: WidgetNode) -> None:
    """Open the figure: what scripts need as data attributes, and the static form."""
    page = self.builder.get_target_uri(self.builder.current_docname)
    data = {
        f"data-{name}": relative_uri(page, f"_static/artifacts/{node[name]}")
        for name in ("artifact", "model")
        if node[name]
    }
    code = relative_uri(page, f"_static/widgets/{node['name']}")
    self.body.append(
        self.starttag(
            node,
            "figure",
            **{
                "data-widget": node["name"],
                **data,
                "data-script": f"{code}.js",
                "data-style": f"{code}.css",
            },
        )
    )
    self.body.append(
        f'<div class="widget-static">{node["static"]}</div>\n'
        '<noscript><p class="widget-note">This figure comes alive where scripts are allowed. What '
        "you see is a drawing of it.</p></noscript>\n<figcaption>"
    )


def depart_widget_html(self: HTML5Translator, node: WidgetNode) -> None:
    """Close the figure."""
    self.body.append("</figcaption>\n</figure>\n")


def skip_widget(self: Any, node: WidgetNode) -> None:
    """Leave a widget out of formats that have no scripts and no SVG."""
    raise nodes.SkipNode


class MapNode(nodes.General, nodes.Element):
    """The place of the book map; drawn when the page is written, once all titles are known."""


class BookMap(SphinxDirective):
    """Place the map of the book."""

    def run(self) -> list[nodes.Node]:
        """Note the plan as a dependency, and mark the place."""
        self.env.note_dependency(str(SITE / "plan.toml"))
        return [MapNode()]


def visit_map_html(self: HTML5Translator, node: MapNode) -> None:
    """Draw the map with links relative to the page it stands on."""
    builder = self.builder
    page = builder.get_target_uri(builder.current_docname)
    plan = bookmap.read_plan(SITE / "plan.toml")
    written = {}
    for docname in builder.env.found_docs:
        key = docname.removeprefix("chapters/")
        written[key] = bookmap.Written(
            title=builder.env.titles[docname].astext(),
            link=relative_uri(page, builder.get_target_uri(docname)),
            needs=bookmap.necessary(builder.env.metadata[docname].get("lmbook")),
        )
    self.body.append(bookmap.draw(bookmap.merge(plan, written)))
    raise nodes.SkipNode
