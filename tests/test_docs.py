"""Links and names in the documentation lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {"bachbridge": "bridge", "bachbridge_gui": "gui", "bachbridge_training": "training", "tests": "."}
ENTRY_POINT_GROUPS = ("bachbridge.commands", "bachbridge.window", "bachbridge.processes")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
_NAME = re.compile(r"`((?:bachbridge|bachbridge_gui|bachbridge_training|tests)(?:\.\w+)+)`")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_docs_links_lead_to_files(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md"], ids=page_id)
def test_docs_names_exist_in_the_code(page: Path) -> None:
    names = set(_NAME.findall(page.read_text(encoding="utf-8")))
    assert names
    assert not sorted(name for name in names if not _exists(name))


def _exists(name: str) -> bool:
    """Return True if the dotted name is an entry-point group, a module, or a name defined in one."""
    if name in ENTRY_POINT_GROUPS:
        return True
    parts = name.split(".")
    folder = ROOT / SOURCES[parts[0]]
    for length in range(len(parts), 0, -1):
        base = folder.joinpath(*parts[:length])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                tree = ast.parse(path.read_text(encoding="utf-8"))
                return length == len(parts) or _defines(tree.body, parts[length:])
    return False


def _defines(body: list[ast.stmt], names: list[str]) -> bool:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == names[0]:
            return len(names) == 1 or _defines(node.body, names[1:])
        if names[0] in _assigned_names(node):
            return True
    return False


def _assigned_names(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        yield from (child.id for child in ast.walk(target) if isinstance(child, ast.Name))
