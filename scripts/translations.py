"""Collect the window's texts for translators and compile what they wrote: `python scripts/translations.py`.

It writes `bachbridge.pot`, the template, brings the catalogue of each language (`de.po`, …) up to date with it, and
compiles it for gettext (`de.mo`), all in `gui/bachbridge_gui/translations`. A new language is begun with
`python scripts/translations.py --new LANGUAGE`. A text that has changed keeps its old translation, marked as fuzzy:
it is not used until a person has looked at it.

The texts are the literal arguments of `tr` and its siblings in `bachbridge_gui.translation`, the words of the settings,
and the sentences of the engine and of other processes that the window repeats.
"""

import argparse
import ast
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bachbridge.settings import SETTING_NAMES, spec_of
from bachbridge_gui.translation import LANGUAGES, REPORT_CONTEXT, REPORTS_FILE, SETTING_CONTEXT

ROOT = Path(__file__).resolve().parent.parent
WINDOW = ROOT / "gui" / "bachbridge_gui"
FOLDER = WINDOW / "translations"
TEMPLATE = FOLDER / "bachbridge.pot"
MARKS = {"tr", "translatable"}
"""Functions whose first argument is a text."""
MARKS_IN_CONTEXT = {"tr_in", "translatable_in"}
"""Functions with a context and a text."""
MARKED_TABLES = {"SetupStep"}
"""Classes of which all literal arguments are texts."""
# fmt: off
REPORTERS = (
    "bridge/bachbridge/atomic_files.py", "bridge/bachbridge/install_advice.py", "bridge/bachbridge/settings.py",
    "bridge/bachbridge/engine/answering/responder.py", "bridge/bachbridge/engine/dialogue.py",
    "bridge/bachbridge/engine/link_session.py", "bridge/bachbridge/engine/main.py",
    "bridge/bachbridge/engine/model_client.py", "bridge/bachbridge/engine/ports/client.py",
    "bridge/bachbridge/files/engraving.py", "bridge/bachbridge/files/midi_reader.py",
    "bridge/bachbridge/files/sound/sound_fonts.py", "bridge/bachbridge/inference/host.py",
    "bridge/bachbridge/inference/loading.py", "bridge/bachbridge/inference/runtime/library.py",
    "bridge/bachbridge/inference/runtime/onnx_nets.py", "bridge/bachbridge/midi/jack.py",
    "bridge/bachbridge/midi/loopback.py", "bridge/bachbridge/midi/midi_system.py",
    "bridge/bachbridge/midi/port_names.py", "bridge/bachbridge/midi/ports.py",
    "bridge/bachbridge/process/entry_points.py", "bridge/bachbridge/process/limits.py",
    "bridge/bachbridge/protocol/instances.py", "gui/bachbridge_gui/preview/audio_device.py",
    "gui/bachbridge_gui/preview/font_synth.py", "gui/bachbridge_gui/preview/process.py",
    "gui/bachbridge_gui/preview/sound_source.py",
)
# fmt: on
"""Modules of other processes and of the bridge whose sentences the window repeats."""
HEADER = "# The words of BachBridge's window. They have the program's licence, GPL-3.0-or-later."
# fmt: off
UNSTABLE_FIELDS = tuple(
    f'"{field}' for field in (
        "Project-Id-Version", "Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date", "Last-Translator",
        "Language-Team", "Generated-By",
    )
)
# fmt: on
"""Fields of a catalogue's head that are left out: they change with every run, or say nothing."""
MIN_REPORT_WORDS = 3
"""A literal of fewer words in those modules is no sentence."""
_WORD = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be translated, with the file in which it stands."""

    file: str
    one: str
    many: str = ""
    context: str = ""


def window_texts() -> Iterator[Text]:
    """Yield the marked texts of the window's modules."""
    for path in sorted(WINDOW.rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield from _marked_texts(file, node.func.id, node.args)


def _marked_texts(file: str, function: str, arguments: list[ast.expr]) -> Iterator[Text]:
    words = [value.value if isinstance(value, ast.Constant) else None for value in arguments]
    texts = [word if isinstance(word, str) else "" for word in words]
    if function in MARKED_TABLES:
        yield from (Text(file, text) for text in texts if text)
    elif function in MARKS and texts[0]:
        yield Text(file, texts[0])
    elif function in MARKS_IN_CONTEXT and texts[1]:
        yield Text(file, texts[1], context=texts[0])
    elif function == "tr_count" and texts[0]:
        yield Text(file, texts[0], many=texts[1])


def setting_texts() -> Iterator[Text]:
    """Yield the words of the settings that the window shows."""
    for name in SETTING_NAMES:
        spec = spec_of(name)
        help_text = "" if name.endswith("_control") else spec.help
        special = spec.special.label if spec.special else ""
        for text in (spec.label, help_text, *spec.choices.values(), special):
            if text:
                yield Text("bridge/bachbridge/settings.py", text, context=SETTING_CONTEXT)


def report_texts() -> Iterator[Text]:
    """Yield the sentences of other processes; values that stand in them become placeholders."""
    for file in REPORTERS:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        ignored = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        ignored |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) not in ignored and (text := _report_template(node)):
                is_help = file.endswith("settings.py") and "{" not in text
                if not is_help and _is_sentence(text):
                    yield Text(file, text, context=REPORT_CONTEXT)


def _is_sentence(text: str) -> bool:
    words = [word for word in text.split() if _WORD.search(word) and "{" not in word]
    return len(words) >= MIN_REPORT_WORDS and not any(sign in text for sign in ("\\", "?P", '="', "(?"))


def _report_template(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.strip()
    if not isinstance(node, ast.JoinedStr):
        return ""
    template, names = "", set[str]()
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            name = _unused(_value_name(part.value), names)
            names.add(name)
            template += f"{{{name}}}"
        elif isinstance(part, ast.Constant):
            template += str(part.value).replace("{", "{{").replace("}", "}}")
    return template.strip()


def _value_name(value: ast.expr) -> str:
    """Return a name for a value of an f-string: the last name in it that says what it is."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]) | ast.Call(func=ast.Name(), args=[inner, *_]):
            return _value_name(inner)
        case ast.Call(func=function):
            return _value_name(function)
        case ast.Subscript(value=inner) | ast.BinOp(left=inner) | ast.IfExp(body=inner):
            return _value_name(inner)
        case _:
            return "value"


def _unused(name: str, names: set[str]) -> str:
    return name if name not in names else next(f"{name}{n}" for n in range(2, 10) if f"{name}{n}" not in names)


def reports_json() -> str:
    """Return the sentences of other processes that have placeholders as a list in JSON."""
    templates = dict.fromkeys(text.one for text in report_texts() if "{" in text.one)
    return json.dumps(list(templates), ensure_ascii=False, indent=0) + "\n"


def make_template() -> Catalog:
    """Return all texts as a catalogue without translations."""
    template = Catalog(project="BachBridge", charset="utf-8", copyright_holder="the authors of BachBridge")
    for text in (*window_texts(), *setting_texts(), *report_texts()):
        one_or_two = (text.one, text.many) if text.many else text.one
        template.add(one_or_two, locations=[(text.file, 0)], context=text.context or None)
    return template


def read_catalog(path: Path, language: str | None = None) -> Catalog:
    """Return a catalogue as it is in its file."""
    with path.open("rb") as stream:
        return read_po(stream, locale=language, charset="utf-8")


def po_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as a file; without dates, which would change with every run."""
    catalog.header_comment, catalog.fuzzy = HEADER, False
    for message in catalog:
        message.flags.discard("python-format")  # Babel takes "99 % sure" for a format of the old kind
    stream = io.BytesIO()
    write_po(stream, catalog, width=120, include_lineno=False, sort_output=False, ignore_obsolete=True)
    lines = stream.getvalue().decode("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(UNSTABLE_FIELDS)).encode("utf-8")


def mo_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue compiled for gettext, with a date that does not change with every run."""
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def update(language: str, template: Catalog) -> tuple[int, int]:
    """Bring the catalogue of a language up to date; return the numbers of its texts and of those translated."""
    path = FOLDER / f"{language}.po"
    catalog = read_catalog(path, language) if path.is_file() else Catalog(language, project="BachBridge")
    catalog.update(template)
    path.write_bytes(po_bytes(catalog))
    catalog = read_catalog(path, language)
    path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
    texts = [message for message in catalog if message.id]
    return len(texts), sum(
        bool(_is_translated(cast("str | Sequence[str]", message.string))) and not message.fuzzy for message in texts
    )


def _is_translated(string: str | Sequence[str]) -> bool:
    return bool(string) if isinstance(string, str) else all(string)


def main(arguments: list[str]) -> int:
    """Write the template and all catalogues."""
    parser = argparse.ArgumentParser(description="Collect and compile the window's translations.")
    parser.add_argument("--new", metavar="LANGUAGE", help="begin the catalogue of a language, such as it")
    new = parser.parse_args(arguments).new
    template = make_template()
    FOLDER.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(po_bytes(template))
    (FOLDER / REPORTS_FILE).write_text(reports_json(), encoding="utf-8")
    languages = sorted({path.stem for path in FOLDER.glob("*.po")} | ({new} if new else set()))
    for language in languages:
        count, translated = update(language, template)
        print(f"{language}: {translated} of {count} texts are translated")
        if language not in LANGUAGES:
            print(f"{language}: add it to LANGUAGES in bachbridge_gui/translation.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
