"""``python -m bookbuild``: the steps of the build and the checks of sources, each alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bookbuild.project import PROFILES, BuildError, Project


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        project = Project.find(options.root)
        return int(_COMMANDS[options.command](project, options))
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bookbuild", description=__doc__)
    parser.add_argument(
        "--root", type=Path, help="the checkout (default: the one around this folder)"
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, *, profile: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        if profile:
            command.add_argument("--profile", default="book", help=" | ".join(PROFILES))
        return command

    build = add("build", "execute and render whatever changed")
    build.add_argument("--jobs", "-j", type=int, default=2, help="chapters at once (default 2)")
    add("assets", "fetch and check what chapters yet to run need")
    execute = add("execute", "execute one chapter")
    execute.add_argument("chapter", help="mnist/cnn")
    execute.add_argument("--force", action="store_true", help="even if nothing changed")
    add("html", "stage the executed chapters and render the pages")
    contract = add("contract", "check source notebooks against the chapter contract", profile=False)
    contract.add_argument("chapter", nargs="?", help="mnist/cnn (default: every chapter)")
    text = "store the outputs that nbval compares with in the source of a chapter"
    add("store-outputs", text, profile=False).add_argument("chapter", help="mnist/cnn")
    reached = add("reached-by", "list the chapters that an edit of a module touches", profile=False)
    reached.add_argument("module", help="lmbook.plot or src/lmbook/plot.py")
    return parser


def _build(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.build import build

    return build(project, options.profile, options.jobs)


def _assets(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.assets import fetch_pending

    return fetch_pending(project, options.profile)


def _execute(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.execute import execute

    execute(project, options.chapter, options.profile, force=options.force)
    return 0


def _html(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.project import check_profile
    from bookbuild.render import render

    render(project, check_profile(options.profile))
    return 0


def _contract(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.contract import check

    names = [project.chapter(options.chapter).name] if options.chapter else list(project.chapters)
    violations = [v for name in names for v in check(project, name)]
    for violation in violations:
        print(violation)
    if not violations:
        print(f"The contract holds: {', '.join(names) or 'no chapter yet'}")
    return 1 if violations else 0


def _store_outputs(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.stored import store_outputs

    count = store_outputs(project, options.chapter)
    print(f"{options.chapter}: {count} cell{'s' * (count != 1)} with stored output")
    return 0


def _reached_by(project: Project, options: argparse.Namespace) -> int:
    from bookbuild.fingerprint import reached_by

    for name in reached_by(project, options.module):
        print(name)
    return 0


_COMMANDS = {
    "build": _build,
    "assets": _assets,
    "execute": _execute,
    "html": _html,
    "contract": _contract,
    "store-outputs": _store_outputs,
    "reached-by": _reached_by,
}

if __name__ == "__main__":
    sys.exit(main())
