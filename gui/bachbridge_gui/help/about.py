"""Facts about this installation: version, license, the versions of its parts, folders, and the documents."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bachbridge import __version__
from bachbridge.settings_file import settings_path
from bachbridge_gui.translation import tr, translatable

_PARTS = ("PyQt6", "onnxruntime", "numpy", "mido", "python-rtmidi", "miniaudio", "verovio", "linkpython-extern")
_DOCUMENTS = {
    translatable("Settings"): "settings.md",
    translatable("Models"): "models.md",
    translatable("Words"): "glossary.md",
    translatable("Reliability"): "reliability.md",
}
"""Titles of the documents for players, and their files."""


def part_versions() -> dict[str, str]:
    """Return the version of each library that the program uses, "not installed" for those that are missing."""
    found = {"Python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = tr("not installed")
    return found


def about_markdown() -> str:
    """Return the page about the program."""
    rows = "\n".join(f"| {name} | {number} |" for name, number in part_versions().items())
    return tr(
        "# BachBridge {version}\n\nContinues and harmonizes what you play, live over MIDI, "
        "with small neural networks that run on this computer. Nothing that you play "
        "leaves it.\n\nFree software under the GNU General Public License, version 3 or "
        "later, without any warranty: see <https://www.gnu.org/licenses/gpl-3.0.html>.\n\n"
        "Settings, presets and profiles are in `{folder}`. A session log is written if "
        "you start with `bachbridge play --log FILE`.\n\n| Part | Version |\n|---|---|\n"
        "{rows}\n\n{platform}\n",
        version=__version__,
        folder=settings_path().parent,
        rows=rows,
        platform=platform.platform(),
    )


def documents() -> dict[str, Path]:
    """Return the documents that came with the program, by title."""
    found = {title: _shipped_file(f"docs/{name}") for title, name in _DOCUMENTS.items()}
    return {tr(title): path for title, path in found.items() if path is not None}


def site_page() -> Path | None:
    """Return the first page of the documentation site, None if this program came without it (`make docs` builds it)."""
    return _shipped_file("site/index.html")


def _shipped_file(name: str) -> Path | None:
    """Find a file that came with the window's package, or that lies in the checkout of it."""
    package = Path(__file__).resolve().parents[1]
    return next((folder / name for folder in (package, package.parents[1]) if (folder / name).is_file()), None)


def doctor_command() -> list[str]:
    """Return the command that examines this installation."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "bachbridge"]
    return [*program, "doctor", "--json"]
