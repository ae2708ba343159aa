"""The rules of the design that a reader cannot see in one file: which package imports which, and what stays pure."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "bachbridge": ROOT / "bridge/bachbridge",
    "bachbridge_gui": ROOT / "gui/bachbridge_gui",
    "bachbridge_training": ROOT / "training/bachbridge_training",
}
PURE = {
    *(
        "music",
        "region",
        "walk",
        "events",
        "midi",
        "tempo",
        "grid",
        "phrase",
        "exchange",
        "scrutiny",
        "respondent",
        "rows",
        "touch",
        "task",
        "pace",
        "infill",
        "lookahead",
        "agenda",
        "session",
        "listener",
        "thru",
        "pulse",
        "piece",
        "harmonizer",
        "chorus",
        "clock",
        "metre",
        "playback",
        "voicing",
    ),
    *("codecs", "sampling", "planner", "ranking", "steering", "measures", "voiceleading"),
    *("beam", "score", "performance", "rehearsal", "smf", "gibbs", "drawing", "masks", "transitions"),
    *("stream", "dream", "instruments", "pieces", "tunewriter"),
}
"""Modules and packages of `bachbridge` that know no clock, thread, port, file or global random state."""
DATA = {
    *("abc", "bisect", "collections", "copy", "dataclasses", "difflib", "enum", "fractions", "functools", "hashlib"),
    *("heapq", "itertools", "json", "math", "operator", "re", "statistics", "string", "struct", "types", "typing"),
    "xml",
}
"""Modules of the standard library that they may import."""
VALUES = {"bachbridge", "bachbridge.config", "bachbridge.errors"}
"""What they may import of ours besides each other: the settings as a value, and the errors."""
WINDOW_MAY = {"bachbridge"} | {
    f"bachbridge.{name}"
    for name in (
        *("config", "errors", "events", "instruments", "link", "music", "midi", "performance", "score"),
        *("engraving", "library", "melody", "midifile", "record", "sheet", "sound", "wholefile"),
    )
}
"""The pipe to the engine and values; what reads and writes files. Never what plays."""
HANDOVERS = {
    **dict.fromkeys(
        ("bachbridge.cli.train", "bachbridge.cli.evaluate", "bachbridge.cli.export"), "bachbridge_training"
    ),
    "bachbridge.cli.window": "bachbridge_gui",
}
"""Commands whose work is in another package."""


def name_of(path: Path) -> str:
    for package, folder in PACKAGES.items():
        if path.is_relative_to(folder):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            return ".".join(part for part in parts if part != "__init__")
    raise ValueError(path)


MODULES = {name_of(path): path for folder in PACKAGES.values() for path in sorted(folder.rglob("*.py"))}


@cache
def imports(module: str) -> frozenset[str]:
    """Modules that a module imports anywhere in it, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= (inner & MODULES.keys()) or {base}
    return frozenset(found)


def reached(module: str) -> set[str]:
    """Everything that importing a module may bring in, by way of our own modules."""
    seen: set[str] = set()
    open_ = [module]
    while open_:
        for name in imports(open_.pop()) - seen:
            seen.add(name)
            if name in MODULES:
                open_.append(name)
    return seen


def tops(names: set[str] | frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def is_pure(module: str) -> bool:
    return module.startswith("bachbridge.") and module.split(".")[1] in PURE


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_one_way(module: str) -> None:
    package = module.partition(".")[0]
    foreign = {name for name in imports(module) if name in MODULES and name.partition(".")[0] != package}
    match package:
        case "bachbridge":
            assert tops(foreign) <= {HANDOVERS.get(module, "")}
        case "bachbridge_gui":
            assert foreign <= WINDOW_MAY
        case _:
            assert "bachbridge_gui" not in tops(foreign)


@pytest.mark.parametrize("module", sorted(filter(is_pure, MODULES)))
def test_pure_modules_import_data_only(module: str) -> None:
    others = {name for name in imports(module) if not is_pure(name) and name not in VALUES}
    assert tops(others) <= DATA | {"numpy"}, others


@pytest.mark.parametrize("module", sorted(filter(is_pure, MODULES)))
def test_pure_modules_draw_from_no_global_chance(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("np.random.", "numpy.random.")):
            assert node.attr in {"Generator", "default_rng", "PCG64", "SeedSequence"}, ast.unparse(node)


def test_the_engine_process_loads_neither_qt_nor_the_networks() -> None:
    assert not tops(reached("bachbridge.engine")) & {"PyQt6", "onnxruntime", "tensorflow", "bachbridge_gui"}


def test_data_modules_are_of_the_standard_library() -> None:
    assert sys.stdlib_module_names >= DATA
