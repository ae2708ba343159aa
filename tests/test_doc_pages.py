"""The documentation's commands exist, its generated pages are up to date, and its links within pages lead somewhere."""

import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bachbridge.cli.main import command_line
from tests.test_docs import PAGES, ROOT, page_id

_CODE_LINE = re.compile(r"^(?: {4,}|\t)(\S.*)$", re.MULTILINE)
_ANCHOR_LINK = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_PLAYERS_PAGES = [page for page in PAGES if not {"decisions", "experiments"} & set(page.parts)]


def _script(name: str) -> dict[str, Any]:
    """Run a generator of pages, which finds its neighbours as if it were called from the command line."""
    folder = ROOT / "scripts/pages"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        return runpy.run_path(str(folder / f"{name}.py"))


def _commands(page: Path) -> Iterator[list[str]]:
    """Find the calls of BachBridge in a page's blocks of code."""
    for line in _CODE_LINE.findall(page.read_text(encoding="utf-8")):
        match = re.match(r"(?:\S*[/\\])?bachbridge(?: (.*))?$", line.split("  #")[0].strip())
        if match and "[OPTIONS]" not in line:
            yield shlex.split((match[1] or "").split(" >")[0])


@pytest.mark.parametrize("page", _PLAYERS_PAGES, ids=page_id)
def test_docs_commands_are_understood(page: Path) -> None:
    group: Any = typer.main.get_command(command_line())
    context = typer.Context(group, info_name="bachbridge")
    for words in _commands(page):
        if words[:1] in ([], ["--help"], ["--version"]) or "COMMAND" in words:
            continue
        name, rest = ("play", words) if words[0].startswith("-") else (words[0], words[1:])
        command = group.get_command(context, name)
        assert command is not None, words
        own = typer.Context(command, info_name=name, parent=context)
        command.make_parser(own).parse_args(args=list(rest))


def test_docs_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {match for page in _PLAYERS_PAGES for match in re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8"))}
    assert "docs" in named
    assert not named - targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_docs_anchors_are_headings(page: Path) -> None:
    for target, anchor in _ANCHOR_LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            text = (page.parent / target if target else page).read_text(encoding="utf-8")
            assert anchor in {_slug(heading) for heading in _HEADING.findall(text)}, f"{target}#{anchor}"


def _slug(heading: str) -> str:
    words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"[\s]+", "-", words)


def test_site_lists_every_page() -> None:
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [page.relative_to(ROOT / "docs") for page in PAGES if page.is_relative_to(ROOT / "docs")]
    hidden = {"decisions", "experiments"}
    assert not [page for page in pages if page.parts[0] not in hidden and page.as_posix() not in config]


def test_command_page_is_up_to_date() -> None:
    expected = _script("command_page")["command_page"]()
    found = (ROOT / "docs/command-line.md").read_text("utf-8")
    assert found == expected, "run python scripts/pages/command_page.py > docs/command-line.md"


def test_man_page_is_up_to_date() -> None:
    expected = _script("man_page")["man_page"]()
    found = (ROOT / "docs/bachbridge.1").read_text("utf-8")
    assert found == expected, "run python scripts/pages/man_page.py > docs/bachbridge.1"


def test_daw_pages_are_up_to_date() -> None:
    script = _script("daw_pages")
    for daw in script["DAWS"]:
        found = (ROOT / "docs/start" / script["page_name"](daw)).read_text("utf-8")
        assert found == script["daw_page"](daw), "run python scripts/pages/daw_pages.py docs/start"


def test_package_diagram_is_up_to_date() -> None:
    script = _script("package_diagram")
    columns = script["layer_columns"](tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8")))
    assert script["diagram_svg"](columns) == (ROOT / "docs/packages.svg").read_text("utf-8")


def test_site_pages_rewrite_links_that_leave_the_docs() -> None:
    pytest.importorskip("mkdocs", reason="the documentation site is built with the extra docs")
    rewrite = _script("site_pages")["with_site_links"]
    assert rewrite("[a](../../SECURITY.md)", "docs/start/linux.md", "start/linux.md") == "[a](../project/security.md)"
    assert rewrite("[b](docs/play/time.md#x)", "README.md", "project/readme.md") == "[b](../play/time.md#x)"


def test_readme_is_short_enough_for_players() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150
