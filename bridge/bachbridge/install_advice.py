"""Advice on how to install what a part of the program lacks, in words that fit how the program itself was installed.

BachBridge is on no package index, so `pip install bachbridge[link]` would not find it. The advice therefore names the
packages of the extra, which are on the index, or the checkout that the program runs from. Each installer has its way:

- a frozen program (Debian package, Windows, macOS) cannot be added to,
- a checkout is installed again with the extra,
- pipx and uv keep a program in an environment of its own and add packages to it with commands of their own,
- everything else is done by the Python that runs the program.

pipx and uv leave a file each in the environments that they make (`pipx_metadata.json`, `uv-receipt.toml`); PEP 610
(`direct_url.json`) names the folder of a checkout, PEP 376 (`INSTALLER`) the installer, PEP 668 (`EXTERNALLY-MANAGED`)
a Python that belongs to the operating system.
"""

import json
import re
import shlex
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

InstallKind = Literal["frozen", "checkout", "pipx", "uv tool", "uv", "pip"]

_FROZEN_EXTRAS = frozenset({"gui", "link", "score"})
"""Extras that the frozen program contains; if one of them is missing there, files are missing."""
_PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"\bextra\s*==\s*['\"]([^'\"]+)['\"]")
_SOURCE_FOLDER = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Installation:
    """How the program was installed; `find_installation` finds it out."""

    kind: InstallKind
    python: str = "python"
    """The interpreter, as one types it."""
    environment: str = ""
    """Folder of the virtual environment."""
    checkout: str = ""
    """Folder with `pyproject.toml`, if the program runs from there."""
    is_system_python: bool = False
    """True if pip has to be told that it may change the operating system's Python."""
    platform: str = sys.platform

    @property
    def is_checkout(self) -> bool:
        """True if installing the checkout again is the way; pipx and uv's tools add packages instead."""
        return bool(self.checkout) and self.kind in ("checkout", "uv", "pip")


def install_advice(extra: str, installation: Installation | None = None) -> str:
    """Return what to do to have an extra, as the second half of a sentence, without its full stop."""
    found = installation or find_installation()
    if found.kind == "frozen":
        if extra in _FROZEN_EXTRAS:
            return "files of BachBridge are missing, so install BachBridge again"
        return (
            "the installed program does not contain it, so run BachBridge from its source folder, where "
            f'pip install -e ".[{extra}]" adds it'
        )
    return _run_advice(install_command(extra, found), found)


def reinstall_advice(installation: Installation | None = None) -> str:
    """Return what to do about missing parts of BachBridge itself, as the second half of a sentence."""
    found = installation or find_installation()
    if found.is_checkout:
        return _run_advice(_command(found, "-e", found.checkout), found)
    return "install BachBridge again"


def install_command(extra: str, installation: Installation) -> str:
    """Return the command that adds an extra to an installation, quoted for its shell."""
    if installation.is_checkout:
        return _command(installation, "-e", f"{installation.checkout}[{extra}]")
    return _command(installation, *missing_projects(extra))


def missing_projects(extra: str) -> list[str]:
    """Return the names of the extra's distributions that are not installed; all of them if none is missing."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        requirements = requires("bachbridge") or []
    except PackageNotFoundError:
        requirements = []
    names = projects_of_extra(requirements, extra)

    def is_missing(name: str) -> bool:
        try:
            version(name)
        except PackageNotFoundError:
            return True
        return False

    return [name for name in names if is_missing(name)] or names


def projects_of_extra(requirements: list[str], extra: str) -> list[str]:
    """Return the names in those lines of `Requires-Dist` that belong to an extra."""
    found = [line for line in requirements if extra in _EXTRA.findall(line.partition(";")[2])]
    return [match.group() for line in found if (match := _PROJECT_NAME.match(line))]


def find_installation() -> Installation:
    """Return how the running program was installed."""
    if getattr(sys, "frozen", False):
        return Installation("frozen")
    prefix = Path(sys.prefix)
    checkout, installer = _read_metadata()
    return Installation(
        _kind(prefix, installer, is_checkout=bool(checkout)),
        _typed_python(sys.executable, shutil.which("python")),
        sys.prefix,
        checkout,
        is_system_python=sys.prefix == sys.base_prefix
        and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists(),
    )


def _kind(prefix: Path, installer: str, *, is_checkout: bool) -> InstallKind:
    if (prefix / "pipx_metadata.json").exists():
        return "pipx"
    if (prefix / "uv-receipt.toml").exists():
        return "uv tool"
    if installer == "uv":
        return "uv"
    return "checkout" if is_checkout else "pip"


def _read_metadata() -> tuple[str, str]:
    """Return the folder of the checkout ("" if the program does not run from one) and the name of the installer."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("bachbridge")
    except PackageNotFoundError:
        return str(_SOURCE_FOLDER), ""
    return checkout_folder(found.read_text("direct_url.json") or ""), (found.read_text("INSTALLER") or "").strip()


def checkout_folder(direct_url: str) -> str:
    """Return the folder of an editable installation, from the text of `direct_url.json`; "" for any other."""
    try:
        origin = json.loads(direct_url)
        if not origin["dir_info"]["editable"]:
            return ""
        return url2pathname(urlsplit(str(origin["url"])).path)
    except (ValueError, KeyError, TypeError):
        return ""


def _typed_python(executable: str, found: str | None) -> str:
    """Return "python" if that word starts this interpreter, else its path."""
    return "python" if found is not None and Path(found) == Path(executable) else executable


def _command(installation: Installation, *arguments: str) -> str:
    match installation.kind:
        case "pipx":
            is_global = installation.environment.startswith("/opt/pipx/")
            start = ["sudo", "pipx", "inject", "--global"] if is_global else ["pipx", "inject"]
            words = [*start, re.split(r"[/\\]", installation.environment)[-1]]
        case "uv tool" | "uv":
            words = ["uv", "pip", "install", "--python", installation.environment]
        case _:
            allowed = ["--break-system-packages"] if installation.is_system_python else []
            words = [installation.python, "-m", "pip", "install", *allowed]
    return _quoted([*words, *arguments], installation.platform)


def _quoted(words: list[str], platform: str) -> str:
    """Return the words as a command of a POSIX shell, or of both shells of Windows."""
    if platform == "win32":
        return " ".join(f'"{word}"' if re.search(r"[^\w.:\\/-]", word) else word for word in words)
    return shlex.join(words)


def _run_advice(command: str, installation: Installation) -> str:
    """Return the advice to run a command. PowerShell would take a quoted program for a text."""
    if installation.platform == "win32" and command.startswith('"'):
        return f"run in the Command Prompt {command} and start BachBridge again"
    return f"run {command} and start BachBridge again"
