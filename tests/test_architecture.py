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
    "bachbridge.cli.bench.exchange",
    "bachbridge.codecs",
    "bachbridge.codecs.abc",
    "bachbridge.codecs.abc.bars",
    "bachbridge.codecs.abc.codec",
    "bachbridge.codecs.abc.grammar",
    "bachbridge.codecs.abc.header",
    "bachbridge.codecs.abc.normal_form",
    "bachbridge.codecs.abc.prompt",
    "bachbridge.codecs.abc.reader",
    "bachbridge.codecs.abc.repeats",
    "bachbridge.codecs.abc.rhythm",
    "bachbridge.codecs.abc.score_writer",
    "bachbridge.codecs.abc.shortest_end",
    "bachbridge.codecs.abc.spelling",
    "bachbridge.codecs.abc.tokens",
    "bachbridge.codecs.abc.writer",
    "bachbridge.codecs.base",
    "bachbridge.codecs.chords",
    "bachbridge.codecs.chords.codec",
    "bachbridge.codecs.chords.names",
    "bachbridge.codecs.chords.onsets",
    "bachbridge.codecs.chords.options",
    "bachbridge.codecs.infill_grid",
    "bachbridge.codecs.keys88",
    "bachbridge.codecs.satb",
    "bachbridge.engine.accompaniment.accompanist",
    "bachbridge.engine.accompaniment.harmony_history",
    "bachbridge.engine.accompaniment.melody",
    "bachbridge.engine.accompaniment.voices",
    "bachbridge.engine.active_settings",
    "bachbridge.engine.answering.dream",
    "bachbridge.engine.answering.phrase_detector",
    "bachbridge.engine.answering.phrase_recorder",
    "bachbridge.engine.answering.responder",
    "bachbridge.engine.answering.response",
    "bachbridge.engine.modes",
    "bachbridge.engine.output.playback",
    "bachbridge.engine.output.scheduler",
    "bachbridge.engine.output.thru",
    "bachbridge.engine.output.voice_output",
    "bachbridge.engine.session",
    "bachbridge.engine.tempo.bar_reports",
    "bachbridge.engine.tempo.beat_counter",
    "bachbridge.engine.tempo.midi_clock",
    "bachbridge.engine.tempo.tracker",
    "bachbridge.files.musicxml",
    "bachbridge.files.smf",
    "bachbridge.inference.chorale.beam_search",
    "bachbridge.inference.chorale.candidates",
    "bachbridge.inference.chorale.generator",
    "bachbridge.inference.chorale.planner",
    "bachbridge.inference.codec_registry",
    "bachbridge.inference.infill.budget",
    "bachbridge.inference.infill.generator",
    "bachbridge.inference.infill.gibbs",
    "bachbridge.inference.infill.joint_sampling",
    "bachbridge.inference.infill.lookahead",
    "bachbridge.inference.infill.remasking",
    "bachbridge.inference.infill.windows",
    "bachbridge.inference.runtime.ask_canvas",
    "bachbridge.inference.runtime.expression",
    "bachbridge.inference.runtime.families",
    "bachbridge.inference.runtime.protocols",
    "bachbridge.inference.runtime.row_cache",
    "bachbridge.inference.runtime.sampling",
    "bachbridge.inference.runtime.style",
    "bachbridge.inference.symbols.generator",
    "bachbridge.inference.symbols.tunes",
    "bachbridge.midi.messages",
    "bachbridge.music.bar_ranges",
    "bachbridge.music.cadences",
    "bachbridge.music.endless",
    "bachbridge.music.example_phrase",
    "bachbridge.music.frames",
    "bachbridge.music.general_midi",
    "bachbridge.music.keys",
    "bachbridge.music.metrics",
    "bachbridge.music.note_values",
    "bachbridge.music.notes",
    "bachbridge.music.performance",
    "bachbridge.music.timeline",
    "bachbridge.music.voice_assignment",
    "bachbridge.music.voice_leading",
    "bachbridge.music.voice_leading_pairs",
    "bachbridge.protocol",
    "bachbridge.protocol.effects",
    "bachbridge.protocol.events",
    "bachbridge.protocol.field_types",
    "bachbridge.protocol.former_logs",
    "bachbridge.protocol.latency",
    "bachbridge.protocol.style",
    "bachbridge.protocol.validation",
    "bachbridge.protocol.wire",
}
"""Modules and packages of `bachbridge` that know no clock, thread, port, file or global random state."""
DATA = {
    *("abc", "array", "ast", "bisect", "collections", "copy", "dataclasses", "difflib", "enum", "fractions"),
    *("functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "random", "re", "statistics"),
    *("string", "struct", "types", "typing", "xml"),
}
"""Modules of the standard library that they may import."""
VALUES = {"bachbridge", "bachbridge.settings", "bachbridge.errors"}
"""What they may import of ours besides each other: the settings as a value, and the errors."""
WINDOW_MAY = {
    "bachbridge",
    "bachbridge.atomic_files",
    "bachbridge.errors",
    "bachbridge.files.engraving",
    "bachbridge.files.midi_reader",
    "bachbridge.files.midi_writer",
    "bachbridge.files.musicxml",
    "bachbridge.files.score_layout",
    "bachbridge.files.wav",
    "bachbridge.inference.runtime.library",
    "bachbridge.midi.messages",
    "bachbridge.music.example_phrase",
    "bachbridge.music.frames",
    "bachbridge.music.general_midi",
    "bachbridge.music.keys",
    "bachbridge.music.notes",
    "bachbridge.music.performance",
    "bachbridge.process.ipc",
    "bachbridge.process.restart",
    "bachbridge.protocol.effects",
    "bachbridge.protocol.events",
    "bachbridge.protocol.field_types",
    "bachbridge.settings",
    "bachbridge.settings_file",
}
"""The pipe to the engine and values; what reads and writes files. Never what plays."""

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
    return module in PURE


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_one_way(module: str) -> None:
    package = module.partition(".")[0]
    foreign = {name for name in imports(module) if name in MODULES and name.partition(".")[0] != package}
    match package:
        case "bachbridge":
            assert not foreign
        case "bachbridge_gui":
            assert foreign <= WINDOW_MAY
        case _:
            assert "bachbridge_gui" not in tops(foreign)


@pytest.mark.parametrize("module", sorted(filter(is_pure, MODULES)))
def test_pure_modules_import_data_only(module: str) -> None:
    others = {name for name in imports(module) if not is_pure(name) and name not in VALUES}
    assert tops(others) <= DATA | {"msgspec", "numpy"}, others


@pytest.mark.parametrize("module", sorted(filter(is_pure, MODULES)))
def test_pure_modules_draw_from_no_global_chance(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("np.random.", "numpy.random.")):
            assert node.attr in {"Generator", "default_rng", "PCG64", "SeedSequence"}, ast.unparse(node)
        assert not isinstance(node, ast.Import) or "random" not in {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            assert {alias.name for alias in node.names} == {"Random"}


def test_the_engine_process_loads_neither_qt_nor_the_networks() -> None:
    assert not tops(reached("bachbridge.engine.main")) & {"PyQt6", "onnxruntime", "tensorflow", "bachbridge_gui"}


def test_data_modules_are_of_the_standard_library() -> None:
    assert sys.stdlib_module_names >= DATA
