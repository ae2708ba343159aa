"""The advice after a missing package fits how the program was installed, and its commands can be typed."""

import importlib.metadata
import json
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from bachbridge import install_advice as advice
from bachbridge.install_advice import Installation

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [
    "mido>=1.3",
    'linkpython-extern>=1.3; extra == "link"',
    "linkpython-extern>=1.3 ; extra == 'test'",
    'pyqt6>=6.8; (sys_platform != "emscripten") and extra == "gui"',
    "resvg-py (>=0.2) ; extra=='score'",
    "pyright[nodejs]>=1.1.390; extra == 'test'",
]
WINDOWS = "C:\\Users\\Jo Li\\.venv"


class FakeDistribution:
    """The metadata of an installed BachBridge."""

    entry_points = ()

    def __init__(self, direct_url: str = "", installer: str = "pip\n") -> None:
        self._files = {"direct_url.json": direct_url, "INSTALLER": installer}

    def read_text(self, name: str) -> str | None:
        return self._files[name] or None


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know what the extras require, with none of it installed."""

    def fail(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", lambda _: REQUIREMENTS)
    monkeypatch.setattr(importlib.metadata, "version", fail)


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ("link", ["linkpython-extern"]),
        ("gui", ["pyqt6"]),
        ("score", ["resvg-py"]),
        ("test", ["linkpython-extern", "pyright"]),
        ("nothing", []),
    ],
)
def test_projects_of_extra_reads_every_spelling(extra: str, names: list[str]) -> None:
    assert advice.projects_of_extra(REQUIREMENTS, extra) == names


@pytest.mark.parametrize(
    ("installation", "command"),
    [
        (Installation("pip", platform="linux"), "python -m pip install linkpython-extern"),
        (Installation("pip", "/a b/python", platform="linux"), "'/a b/python' -m pip install linkpython-extern"),
        (
            Installation("pip", "/usr/bin/python3", is_system_python=True, platform="linux"),
            "/usr/bin/python3 -m pip install --break-system-packages linkpython-extern",
        ),
        (
            Installation("checkout", checkout="/home/jo/bach bridge", platform="linux"),
            "python -m pip install -e '/home/jo/bach bridge[link]'",
        ),
        (
            Installation("pipx", environment="/home/jo/.local/share/pipx/venvs/bachbridge", platform="linux"),
            "pipx inject bachbridge linkpython-extern",
        ),
        (
            Installation("pipx", environment="/opt/pipx/venvs/bachbridge-2", checkout="/src", platform="linux"),
            "sudo pipx inject --global bachbridge-2 linkpython-extern",
        ),
        (
            Installation("pipx", environment="C:\\Users\\Jo\\pipx\\venvs\\bachbridge", platform="win32"),
            "pipx inject bachbridge linkpython-extern",
        ),
        (
            Installation("uv tool", environment="/home/jo/.local/share/uv/tools/bachbridge", platform="linux"),
            "uv pip install --python /home/jo/.local/share/uv/tools/bachbridge linkpython-extern",
        ),
        (
            Installation("uv", environment="/src/.venv", checkout="/src", platform="linux"),
            "uv pip install --python /src/.venv -e '/src[link]'",
        ),
        (
            Installation("pip", f"{WINDOWS}\\Scripts\\python.exe", WINDOWS, platform="win32"),
            f'"{WINDOWS}\\Scripts\\python.exe" -m pip install linkpython-extern',
        ),
        (
            Installation("checkout", "C:\\b\\python.exe", checkout="C:\\bach", platform="win32"),
            'C:\\b\\python.exe -m pip install -e "C:\\bach[link]"',
        ),
    ],
)
def test_install_command_fits_the_installation(
    installation: Installation, command: str, nothing_installed: None
) -> None:
    assert advice.install_command("link", installation) == command
    if installation.platform == "linux":
        assert shlex.split(command)


def test_install_advice_names_no_project_that_is_on_no_index(nothing_installed: None) -> None:
    for kind in ("pip", "uv", "uv tool", "pipx"):
        words = advice.install_command("link", Installation(kind, environment="/e")).split()
        assert "bachbridge" not in " ".join(words[3:])


def test_install_command_leaves_out_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "pyright":
            return "1"
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", lambda _: REQUIREMENTS)
    monkeypatch.setattr(importlib.metadata, "version", version)
    assert advice.missing_projects("test") == ["linkpython-extern"]
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1")
    assert advice.missing_projects("test") == ["linkpython-extern", "pyright"]


def test_frozen_program_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert advice.find_installation() == Installation("frozen")
    assert "does not contain it" in advice.install_advice("train")
    assert "install BachBridge again" in advice.install_advice("link")
    assert advice.reinstall_advice() == "install BachBridge again"


def test_quoted_program_is_for_the_command_prompt(nothing_installed: None) -> None:
    spaced = Installation("pip", f"{WINDOWS}\\python.exe", platform="win32")
    assert advice.install_advice("link", spaced).startswith('run in the Command Prompt "C:')
    assert advice.install_advice("link", Installation("pip", platform="win32")).startswith("run python -m pip")


@pytest.mark.parametrize(
    ("marker", "direct_url", "installer", "kind"),
    [
        ("pipx_metadata.json", "", "pip", "pipx"),
        ("uv-receipt.toml", "", "uv", "uv tool"),
        ("", "", "uv", "uv"),
        ("", "", "pip", "pip"),
        ("", "", "conda", "pip"),
        ("", "not json", "pip", "pip"),
        ("", '{"url": "file:///a/b.whl", "archive_info": {}}', "pip", "pip"),
        ("", '{"url": "file:///a%20b", "dir_info": {"editable": true}}', "pip", "checkout"),
        ("", '{"url": "file:///a%20b", "dir_info": {}}', "pip", "pip"),
        ("pipx_metadata.json", '{"url": "file:///a%20b", "dir_info": {"editable": true}}', "pip", "pipx"),
    ],
)
def test_find_installation_recognises_the_installer(
    marker: str, direct_url: str, installer: str, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if marker:
        (tmp_path / marker).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: FakeDistribution(direct_url, installer))
    found = advice.find_installation()
    assert (found.kind, found.environment) == (kind, str(tmp_path))
    assert found.is_checkout == (kind == "checkout")
    if found.is_checkout:
        assert found.checkout == str(Path("/a b"))


def test_uninstalled_checkout_is_found_by_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(importlib.metadata, "distribution", fail)
    found = advice.find_installation()
    assert (Path(found.checkout) / "pyproject.toml").exists()
    assert f"{found.checkout}[train]" in advice.install_command("train", found)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"dir_info": null}', json.dumps({"dir_info": {"editable": 1}})])
def test_checkout_folder_is_empty_for_other_texts(text: str) -> None:
    assert advice.checkout_folder(text) == ""


def test_every_extra_named_in_advice_exists() -> None:
    from bachbridge.cli.main import EXTRA_BY_MODULE

    assert {*EXTRA_BY_MODULE.values(), "link", "gui", "score", "train"} <= EXTRAS.keys()
