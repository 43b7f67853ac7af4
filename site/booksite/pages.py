"""Mends of each page, made as the page is rendered: so every written page has them, once.

The theme of Jupyter Book links scripts from elsewhere, ships an icon font of half a megabyte, and
leaves some controls without a name for screen readers. The page is parsed, mended and serialised
before it reaches the disk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.jinja2glue import BuiltinTemplateLoader

if TYPE_CHECKING:
    from bs4 import Tag
    from sphinx.application import Sphinx

PARTS = ("concepts", "backprop", "mnist", "bert", "deployment", "appendix")

# Decides light or dark before anything is painted; the theme's own script decides later, which
# shows a white page for a moment to those who read in the dark.
EARLY_THEME = """
(() => {
  let mode = null;
  try { mode = localStorage.getItem("mode"); } catch { /* storage is off: follow the system */ }
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode || "auto";
  root.dataset.theme = mode === "dark" || mode === "light" ? mode : dark ? "dark" : "light";
})();
"""

UNWANTED_SCRIPTS = re.compile(r"thebe|fontawesome\.js|togglebutton\.js|vendor/mathjax")
SEARCH_SCRIPTS = re.compile(r"searchindex\.js|searchtools\.js|language_data\.js")
# The line that names the exception: ValueError: …, torch.OutOfMemoryError: …
ERROR_LINE = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\b")
UNWANTED_CODE = ("THEBE_JS_URL", "kernelName", "window.MathJax", "toggle")
UNWANTED_STYLES = re.compile(r"thebe|fontawesome|togglebutton|exercise\.css")


def part_of(pagename: str) -> str:
    """Return the part of the book a page belongs to, or ``front``.

    >>> part_of("chapters/mnist/cnn"), part_of("chapters/index")
    ('mnist', 'front')
    """
    pieces = pagename.split("/")
    return pieces[1] if len(pieces) > 2 and pieces[1] in PARTS else "front"


def describe(doctree: nodes.document, limit: int = 160) -> str:
    """Return the first paragraph of a page, cut at a word, as its description."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            text = " ".join(paragraph.astext().split())
            if len(text) <= limit:
                return text
            return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return ""


def add_page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give templates the page's description, part and whether it has formulas."""
    math = app.env.get_domain("math")
    context["booksite"] = {
        "part": part_of(pagename),
        "root": pagename == app.config.root_doc,
        "math": math.has_equations(pagename) if doctree else False,
        "search": pagename == "search",
    }
    if doctree is not None and 'name="description"' not in context.get("metatags", ""):
        text = nodes.Text(describe(doctree)).astext().replace("&", "&amp;").replace('"', "&quot;")
        if text:
            tag = f'<meta name="description" content="{text}" />\n'
            context["metatags"] = context.get("metatags", "") + tag


class MendingTemplates(BuiltinTemplateLoader):
    """Sphinx's templates, with every rendered page mended."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        """Render a template; mend the result if it is a page."""
        html = super().render(template, context)
        return mend(html, context) if "booksite" in context else html


def mend(html: str, context: dict[str, Any]) -> str:
    """Return a page without outside requests, with names for all its controls.

    Parameters
    ----------
    html
        The page as the theme renders it.
    context
        The template context, with ``booksite`` from :func:`add_page_context`.
    """
    page = BeautifulSoup(html, "html.parser")
    facts = context["booksite"]
    _mend_head(page, context)
    _mend_frame(page, facts)
    _mend_cells(page)
    _mend_article(page)
    return str(page)


def _mend_head(page: BeautifulSoup, context: dict[str, Any]) -> None:
    facts = context["booksite"]
    content_root = context["content_root"]
    for script in page.find_all("script"):
        source, body = script.get("src", ""), script.string or ""
        unused = SEARCH_SCRIPTS.search(source) and not facts["search"]
        if (
            unused
            or UNWANTED_SCRIPTS.search(source)
            or any(word in body for word in UNWANTED_CODE)
            or script.get("type") == "text/x-thebe-config"
        ):
            script.decompose()
        elif "document.documentElement.dataset.mode" in body:
            script.string = EARLY_THEME
        elif body.startswith("DOCUMENTATION_OPTIONS."):
            script["type"] = "module"  # in turn with the deferred script that it completes
        elif source and script.get("type") != "module":
            script["defer"] = ""
            script.attrs.pop("async", None)
    for link in page.find_all("link"):
        href = link.get("href", "")
        if UNWANTED_STYLES.search(href) or link.get("rel") == ["preload"]:
            link.decompose()
    icon = page.find("link", rel="icon")
    if icon is not None and icon.get("href", "").split("?")[0].endswith(".svg"):
        icon["type"] = "image/svg+xml"
    if facts["math"]:
        # book.js loads the typesetter from here when the first formula comes near.
        base = f"{content_root}_static/vendor/mathjax"
        page.html["data-mathjax"] = base
    if page.head is not None and not page.head.find("meta", attrs={"name": "color-scheme"}):
        scheme = page.new_tag("meta", attrs={"name": "color-scheme", "content": "light dark"})
        page.head.append(scheme)


def _mend_frame(page: BeautifulSoup, facts: dict[str, Any]) -> None:
    body = page.body
    if body is None:
        return
    body["class"] = [*body.get("class", []), f"part-{facts['part']}"]
    if facts["root"]:
        body["class"].append("landing")
    main = page.find(id="main-content")
    if main is not None:
        main["tabindex"] = "-1"  # so that the skip link moves the keyboard's focus too
    for icon in page.select("i[class*=fa-], span[class*=fa-]"):
        icon["aria-hidden"] = "true"
        icon.attrs.pop("title", None)
    _name(page, "dialog#pst-search-dialog", "Search")
    _name(page, "dialog#pst-primary-sidebar-modal", "Book navigation")
    _name(page, "dialog#pst-secondary-sidebar-modal", "On this page")
    _name(page, "nav.bd-docs-nav", "Book")
    for sidebar in page.select("#pst-primary-sidebar"):
        sidebar["role"] = "complementary"
        sidebar["aria-label"] = "Sidebar"
    for caption in page.select("p.caption[aria-level]"):
        del caption["aria-level"]
    for button in page.select("button.search-button-field"):
        button.attrs.pop("aria-label", None)  # its own text is its name
        button.attrs.pop("title", None)
    # The copy of the page's contents that only print shows would be a second navigation.
    copy = page.find(id="jb-print-docs-body")
    if copy is not None:
        copy.decompose()
    for control in page.select("button[title], a.btn[title], label[title]"):
        if not control.get("aria-label") and not control.get_text(strip=True):
            control["aria-label"] = control["title"]
    for button in page.select("button[onclick*=toggleFullScreen]"):
        button["type"] = "button"
    for item in page.select("nav [role=heading]"):
        item.attrs.pop("role", None)
    for place in page.select(".bd-footer-content, .bd-footer, .bd-footer-article"):
        if not place.get_text(strip=True):
            place.decompose()


def _name(page: BeautifulSoup, selector: str, label: str) -> None:
    for tag in page.select(selector):
        tag["aria-label"] = label


def _mend_article(page: BeautifulSoup) -> None:
    article = page.find("article", class_="bd-article")
    if article is None:
        return
    for link in article.select("a.headerlink"):
        heading = link.parent
        text = heading.get_text(" ", strip=True).replace("#", "").strip() if heading else ""
        link["aria-label"] = f"Link to “{text[:80]}”" if text else "Link to this place"
        link.attrs.pop("title", None)
    for image in article.find_all("img"):
        image["loading"] = "lazy"
        image["decoding"] = "async"
    for table in article.find_all("table"):
        table.attrs.pop("border", None)
        holder = table.parent
        if holder is None or "table-scroll" not in (holder.get("class") or []):
            wrapper = page.new_tag("div", attrs={"class": "table-scroll"})
            table.wrap(wrapper)
        for cell in table.select("thead th"):
            if not cell.get_text(strip=True):
                cell.name = "td"  # an empty header names nothing
        for cell in table.select("tbody th"):
            cell["scope"] = "row"
    # Sphinx gives citations roles that may not stand outside the lists it does not make.
    for entry in article.select("[role=doc-biblioentry], [role=doc-endnote]"):
        entry.attrs.pop("role")
    for holder in article.select("div.citation-list[role=list], aside.footnote-list"):
        holder.attrs.pop("role", None)
    for box in article.select("input[type=checkbox].task-list-item-checkbox"):
        box["aria-label"] = box.parent.get_text(" ", strip=True)[:80] if box.parent else "task"


def _mend_cells(page: BeautifulSoup) -> None:
    """Say what toggles hold, make hidden solutions work without scripts, tidy outputs."""
    wording = {"cell source": "the code", "cell content": "this cell", "cell output": "the output"}
    for summary in page.select("div.cell details > summary[aria-label]"):
        del summary["aria-label"]  # its own words are its name
    for text in page.select("div.cell details > summary > p"):
        said = text.get_text(strip=True).replace(" code ", " ").replace("outputs", "output")
        for theirs, ours in wording.items():
            said = said.replace(theirs, ours)
        text.string = said
        text["class"] = [c for c in text["class"] if c != "admonition-title"]
        text.name = "span"  # no paragraph may stand in a summary
    for box in page.select("div.admonition.dropdown"):
        title = box.find("p", class_="admonition-title", recursive=False)
        if title is None:
            continue
        box.name, title.name = "details", "summary"
        box["class"] = [c for c in box["class"] if c not in ("dropdown", "toggle")]
        title["class"] = ["admonition-title"]
        for link in title.find_all("a"):
            link.unwrap()  # a link inside what opens the box cannot be told from it by keyboard
    # sphinx-exercise gives every exercise's content the same identifier.
    for section in page.select("section#exercise-content, section#solution-content"):
        section.name = "div"
        del section["id"]
    for output in page.select("div.cell_output > div.output.traceback"):
        _fold_traceback(page, output)
    for style in page.select(".cell_output style[scoped]"):
        style.decompose()  # a data frame's own style; book.css has it
    for table in page.select("table.dataframe"):
        _join_header_rows(table)


def _fold_traceback(page: BeautifulSoup, output: Tag, longest: int = 16) -> None:
    """Show what a long traceback says at its end, and fold its frames."""
    lines = output.get_text().rstrip().splitlines()
    if len(lines) <= longest:
        return
    last = max((i for i, line in enumerate(lines) if ERROR_LINE.match(line)), default=-1)
    short = page.new_tag("div", attrs={"class": "output traceback message"})
    message = page.new_tag("pre")
    message.string = "\n".join(lines[last:])
    short.append(message)
    output.insert_before(short)
    details = page.new_tag("details", attrs={"class": "hide frames"})
    summary = page.new_tag("summary")
    for state, verb in (("collapsed", "Show"), ("expanded", "Hide")):
        text = page.new_tag("span", attrs={"class": state})
        text.string = f"{verb} the whole traceback"
        summary.append(text)
    output.wrap(details)
    details.insert(0, summary)


def _join_header_rows(table: Tag) -> None:
    """Put a data frame's index name into the header row, instead of a row of its own."""
    rows = table.select("thead > tr")
    if len(rows) != 2:
        return
    first, second = (row.find_all(["th", "td"], recursive=False) for row in rows)
    named = [i for i, cell in enumerate(second) if cell.get_text(strip=True)]
    if len(first) == len(second) and named == [0] and not first[0].get_text(strip=True):
        first[0].replace_with(second[0])
        rows[1].decompose()
