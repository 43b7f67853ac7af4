"""An HTML builder that writes only what changed.

Sphinx rewrites the root page and every page with a table of contents whenever any page changed,
since their sidebars might show another title. Here the things that all pages share (titles, order,
prerequisites) are digested: when the digest is as before, only the changed pages are written;
when it is not, all are, because every sidebar shows them.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util.display import progress_message

from booksite import bookmap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SITE = Path(__file__).resolve().parents[1]
STATE = "booksite.json"

# {glue:text}`mnist/cnn.ipynb::cnn-accuracy`: a number that another chapter measured.
_GLUED_ELSEWHERE = re.compile(r"\{glue:\w*\}\s*`([^`:]+)::")

# Font Awesome: the theme's style sheet carries 2,500 icon rules and three fonts. book.css draws
# the few icons that pages use, so none of it is sent to readers.
_ICON_FONT = re.compile(r"@font-face\{[^}]*(?:Font ?Awesome|fontawesome)[^}]*\}", re.I)
_ICON_RULES = re.compile(r"(?<=[}])(?:\.fa-[a-z0-9-]+(?:::?before)?,?)+\{[^{}]*\}")


def slim_theme_css(css: str) -> str:
    """Return the theme's style sheet without its icon font, source map and icon rules."""
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    css = _ICON_FONT.sub("", css)
    return _ICON_RULES.sub("", css)


def copy_changed(source: Path, target: Path) -> None:
    """Copy a folder's files over, leaving those alone whose content is the same already."""
    if not source.is_dir():
        return
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        goal = target / path.relative_to(source)
        if not goal.exists() or goal.read_bytes() != path.read_bytes():
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, goal)


class BookBuilder(StandaloneHTMLBuilder):
    """Sphinx's HTML builder, writing no page whose content stayed the same."""

    name = "html"
    _all_pages = True

    def _structure(self) -> str:
        """Digest what pages show of one another: order, titles, sections, prerequisites."""
        env = self.env
        parts = [
            {doc: env.titles[doc].astext() for doc in sorted(env.found_docs)},
            {doc: env.tocs[doc].astext() for doc in sorted(env.found_docs)},
            {doc: env.toctree_includes.get(doc, []) for doc in sorted(env.found_docs)},
            sorted(env.toc_secnumbers.items()),
            {
                doc: bookmap.necessary(env.metadata[doc].get("lmbook"))
                for doc in sorted(env.found_docs)
            },
            self.config.external_site_map.as_json(),
        ]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()

    def _citing(self, changed: set[str]) -> set[str]:
        """Return the other pages that show a number glued in one of the changed chapters."""
        names = {Path(self.env.doc2path(doc)).name for doc in changed}
        citing = set()
        for doc in self.env.found_docs - changed:
            text = Path(self.env.doc2path(doc)).read_text(encoding="utf-8")
            if any(Path(path).name in names for path in _GLUED_ELSEWHERE.findall(text)):
                citing.add(doc)
        return citing

    def write(
        self,
        build_docnames: Iterable[str] | None,
        updated_docnames: Sequence[str],
        method: Literal["all", "specific", "update"] = "update",
    ) -> None:
        """Write the changed pages, or every page if what they share has changed."""
        self.events.emit("write-started", self)
        found = self.env.found_docs
        if build_docnames is None or list(build_docnames) == ["__all__"]:
            pages = set(found)
        else:
            pages = set(build_docnames)
        if method == "update":
            pages |= set(updated_docnames)
        state_file = Path(self.doctreedir) / STATE
        state = {"structure": self._structure()}
        known = json.loads(state_file.read_text()) if state_file.exists() else None
        if known != state:
            pages = set(found)
        else:
            pages |= self._citing(pages)
        # Gone until the pages are written, so that after a killed build all are written again.
        state_file.unlink(missing_ok=True)
        self._all_pages = pages == found

        with progress_message("preparing documents"):
            self.prepare_writing(pages)
        with progress_message("copying assets", nonl=False):
            self.copy_assets()
        if self.parallel_ok:
            self._write_parallel(sorted(pages), nproc=self.app.parallel - 1)
        else:
            self._write_serial(sorted(pages))
        self._write_entry()
        state_file.write_text(json.dumps(state))

    def _write_entry(self) -> None:
        """Write ``index.html``, which leads to the first page, if that lies elsewhere."""
        entry = Path(self.outdir) / "index.html"
        root = self.get_target_uri(self.config.root_doc)
        if root == entry.name:
            return
        title = html.escape(self.config.html_title)
        entry.write_text(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
            f'<meta http-equiv="refresh" content="0; url={root}"><link rel="canonical" '
            f'href="{root}"></head>\n<body><main><h1>{title}</h1><p><a href="{root}">Open the book'
            "</a></p></main></body></html>\n",
            encoding="utf-8",
        )

    def gen_additional_pages(self) -> None:
        """Write the search page, unless it is there and nothing it shows has changed."""
        if self._all_pages or not Path(self.get_outfilename("search")).exists():
            super().gen_additional_pages()

    def copy_assets(self) -> None:
        """Copy static files: the theme's, slimmed, then the site's own."""
        super().copy_assets()
        static = Path(self.outdir) / "_static"
        for folder in ("static", "widgets", "vendor", "artifacts"):
            target = static if folder == "static" else static / folder
            copy_changed(SITE / folder, target)
        theme = static / "styles" / "pydata-sphinx-theme.css"
        theme.write_text(slim_theme_css(theme.read_text(encoding="utf-8")), encoding="utf-8")
        unused = ("scripts/fontawesome.js*", "s*/*.map", "*webpack-macros.html")
        for path in [found for pattern in unused for found in static.glob(pattern)]:
            path.unlink(missing_ok=True)
        shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
