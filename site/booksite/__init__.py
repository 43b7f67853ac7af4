"""The book's Sphinx extension: what Jupyter Book and its theme leave to be done.

=================  ==========================================================================
module             what it does
=================  ==========================================================================
``builder``        writes only the pages whose content changed; copies the site's own files
``pages``          mends every page as it is written: no outside request, accessible, light
``directives``     ``{widget}`` (a live figure with a static fallback) and ``{bookmap}``
``bookmap``        draws the map of the book from ``_toc.yml``, the notebooks and ``plan.toml``
``filterfigure``   draws the fallback of the filter widget from the widget's own data; so do the
                   other ``…figure`` modules for theirs
=================  ==========================================================================
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booksite.builder import BookBuilder
from booksite.directives import (
    BookMap,
    MapNode,
    Widget,
    WidgetNode,
    depart_widget_html,
    skip_widget,
    visit_map_html,
    visit_widget_html,
)
from booksite.pages import add_page_context

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

SITE = Path(__file__).resolve().parents[1]


def site_digest(site: Path = SITE) -> str:
    """Return a digest of everything in ``site/`` that shapes every page.

    Artifacts are left out: they belong to single pages, which name them as dependencies.
    """
    digest = hashlib.sha256()
    for path in sorted(site.rglob("*")):
        inside = path.relative_to(site)
        if path.is_file() and inside.parts[0] != "artifacts" and "__pycache__" not in path.parts:
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def configure(app: Sphinx, config: Config) -> None:
    """Point the launch buttons at this fork, and rewrite every page when ``site/`` changed."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository:
        config.html_theme_options["repository_url"] = f"https://github.com/{repository}"
    config.booksite_digest = site_digest()
    config.template_bridge = "booksite.pages.MendingTemplates"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_config_value("booksite_digest", "", "html", types=[str])
    app.add_builder(BookBuilder, override=True)
    app.add_directive("widget", Widget)
    app.add_directive("bookmap", BookMap)
    app.add_node(
        WidgetNode,
        html=(visit_widget_html, depart_widget_html),
        latex=(skip_widget, None),
        text=(skip_widget, None),
    )
    app.add_node(
        MapNode,
        html=(visit_map_html, None),
        latex=(skip_widget, None),
        text=(skip_widget, None),
    )
    app.add_css_file("book.css", priority=900)
    app.add_js_file("book.js", priority=900)
    # After the theme's own handlers, which fill the context that this one tidies.
    app.connect("config-inited", configure, priority=900)
    app.connect("html-page-context", add_page_context, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
