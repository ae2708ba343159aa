"""The rules that keep the house in order and that import-linter (see pyproject.toml) cannot say.

They are about purity, the size of folders, one meaning for a class name, and docstrings that stand alone.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {"bachbridge": "bridge", "bachbridge_gui": "gui", "bachbridge_training": "training"}
"""The distributions and the folders that they lie in."""
MAX_MODULES = 15

PURE = (
    "bachbridge.codecs",
    "bachbridge.data_errors",
    "bachbridge.engine",
    "bachbridge.inference.chorale",
    "bachbridge.inference.infill",
    "bachbridge.inference.phrasing",
    "bachbridge.inference.symbols",
    "bachbridge.midi.messages",
    "bachbridge.music",
    "bachbridge.protocol",
)
"""Packages and modules that know no clock, thread, port, file or global random state."""
NOT_PURE = (
    "bachbridge.engine.link_presence",
    "bachbridge.engine.link_session",
    "bachbridge.engine.main",
    "bachbridge.engine.loop",
    "bachbridge.engine.model_client",
    "bachbridge.engine.ports.broker",
    "bachbridge.engine.ports.left_links",
    "bachbridge.engine.ports.client",
    "bachbridge.engine.session_log",
)
"""The shell of the engine: it owns the thread, the port, the child process, the Link session and the log."""
PURE_MAY = ("bachbridge", "bachbridge.errors", "bachbridge.settings", "bachbridge.inference.runtime")
"""Values that pure packages may import besides each other; of the run-time only what draws and ranks."""
DATA_MODULES = {
    *("abc", "array", "ast", "bisect", "collections", "contextlib", "copy", "dataclasses", "difflib", "enum"),
    *("fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "random", "re"),
    *("statistics", "string", "struct", "types", "typing", "unicodedata", "xml"),
}
"""Modules of the standard library that only hold or transform data."""
PURE_PACKAGES = {"numpy", "msgspec"}

BAD_METHOD_NAMES = {"take", "told", "said", "read", "say", "tell", "heard", "noted", "of"}
"""Verbs that do not say what a function does; a search for them finds everything."""
BAD_DOCSTRING_STARTS = ("Of ", "The same", "What ", "By ", "As ", "Whether ")
"""A first line that begins like this does not stand alone."""


def _name_of(path: Path, distribution: str) -> str:
    parts = path.relative_to(ROOT / SOURCES[distribution]).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {
    _name_of(path, distribution): path
    for distribution, folder in SOURCES.items()
    for path in sorted((ROOT / folder / distribution).rglob("*.py"))
}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def _imports(module: str) -> set[str]:
    """Modules that a module imports anywhere in it, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            inner = {f"{base}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inner or {base}
    return found


def _is_inside(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


PURE_MODULES = [name for name in MODULES if _is_inside(name, PURE) and name not in NOT_PURE]


@pytest.mark.parametrize("module", PURE_MODULES)
def test_pure_module_imports_data_only(module: str) -> None:
    for name in _imports(module):
        if name.partition(".")[0] == "bachbridge":
            assert _is_inside(name, PURE) or name == "bachbridge" or _is_inside(name, PURE_MAY[1:]), name
        else:
            assert name.partition(".")[0] in DATA_MODULES | PURE_PACKAGES, name


@pytest.mark.parametrize("module", PURE_MODULES)
def test_pure_module_uses_no_global_random_state(module: str) -> None:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("np.random.", "numpy.random.")):
            assert node.attr in {"Generator", "default_rng", "PCG64", "SeedSequence"}, ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            assert {alias.name for alias in node.names} == {"Random"}


def test_data_modules_belong_to_the_standard_library() -> None:
    assert sys.stdlib_module_names >= DATA_MODULES


def test_folder_holds_at_most_fifteen_modules() -> None:
    counts: dict[Path, int] = defaultdict(int)
    others = (path for folder in ("scripts", "tests") for path in (ROOT / folder).rglob("*.py"))
    for path in [*MODULES.values(), *others]:
        counts[path.parent] += path.name != "__init__.py"
    assert not {str(folder): count for folder, count in counts.items() if count > MAX_MODULES}


def _classes(distribution: str) -> Iterator[tuple[str, str]]:
    for module in MODULES:
        if module.partition(".")[0] == distribution:
            for node in ast.walk(_tree(module)):
                if isinstance(node, ast.ClassDef):
                    yield node.name, module


@pytest.mark.parametrize("distribution", SOURCES)
def test_class_name_has_one_meaning(distribution: str) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for name, module in _classes(distribution):
        places[name].append(module)
    assert not {name: modules for name, modules in places.items() if len(modules) > 1}


@pytest.mark.parametrize("module", MODULES)
def test_function_name_says_what_it_does(module: str) -> None:
    names = {n.name for n in ast.walk(_tree(module)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not {name for name in names if name.strip("_") in BAD_METHOD_NAMES}


def _docstrings(module: str) -> Iterator[str]:
    """Docstrings of the module, its classes and functions, and the strings under attributes."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


@pytest.mark.parametrize("module", MODULES)
def test_docstring_stands_alone(module: str) -> None:
    assert not [text for text in _docstrings(module) if text.strip().startswith(BAD_DOCSTRING_STARTS)]


@pytest.mark.parametrize("module", MODULES)
def test_function_has_at_most_fifty_lines(module: str) -> None:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            assert node.end_lineno - node.lineno < 50, node.name


def _switches_on_codec_name(node: ast.AST) -> bool:
    """Return True for a comparison of a codec's name, or a `match` on it with names as cases."""
    if isinstance(node, ast.Compare):
        return bool(re.search(r"\bcodec (==|!=|in) ['\"(]", ast.unparse(node)))
    return (
        isinstance(node, ast.Match)
        and bool(re.search(r"\bcodec\b", ast.unparse(node.subject)))
        and any(isinstance(case.pattern, ast.MatchValue) for case in node.cases)
    )


def test_only_the_registry_switches_on_the_codec_name() -> None:
    """The table of families decides what a codec's name means; what differs within a family stands in tables."""
    switching = {module for module in MODULES if any(map(_switches_on_codec_name, ast.walk(_tree(module))))}
    assert switching == {"bachbridge.inference.runtime.families"}


def _test_names() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield str(path.relative_to(ROOT)), node.name


def test_test_names_are_short() -> None:
    assert not [name for name in _test_names() if len(name[1]) > 60]
