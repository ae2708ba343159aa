"""Outputs that appear whole or not at all, and what killed processes leave of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge import atomic_files
from bachbridge.atomic_files import atomic_folder, atomic_output, read_limited_bytes, scratch_prefix
from bachbridge.errors import BachBridgeError, MidiFileError
from bachbridge.settings import Settings
from bachbridge.settings_file import save_settings

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot be asked for a process")


@pytest.fixture(autouse=True)
def _first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test be a process that looks into its folder for the first time."""
    monkeypatch.setattr(atomic_files, "_tidied_folders", set())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ended_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@posix_only
def test_output_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    program = (
        "import os, signal\nfrom pathlib import Path\n"
        "from bachbridge.atomic_files import atomic_folder, atomic_output\n"
        f"with atomic_folder(Path({str(tmp_path)!r}) / 'page'), atomic_output(Path({str(tmp_path)!r}) / 'curve.png'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name.partition("-bachbridge-")[0] for name in names(tmp_path)] == [".curve", ".page"]
    with atomic_output(tmp_path / "history.csv") as scratch:
        scratch.write_text("1")
    assert names(tmp_path) == ["history.csv"]


@posix_only
def test_outputs_of_others_stay(tmp_path: Path) -> None:
    other_host = (
        scratch_prefix("a")
        .replace(f"-{os.getpid()}-", f"-{ended_pid()}-")
        .replace("-bachbridge-", "-bachbridge-elsewhere")
    )
    living = [f"{scratch_prefix('b')}1234.mid", f"{other_host}1234.mid", ".notes-1234.mid", ".x-bachbridge-y"]
    for name in living:
        (tmp_path / name).touch()
    with atomic_folder(tmp_path / "page"):
        pass
    assert names(tmp_path) == sorted([*living, "page"])
    os.utime(tmp_path / living[1], (0, 0))
    atomic_files._tidied_folders.clear()
    with atomic_output(tmp_path / "c.mid"):
        pass
    assert names(tmp_path) == sorted([living[0], *living[2:], "c.mid", "page"])


@posix_only
def test_settings_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    (tmp_path / scratch_prefix("settings").replace(f"-{os.getpid()}-", f"-{ended_pid()}-ab.toml")).touch()
    save_settings(Settings(), path)
    assert names(tmp_path) == ["settings.toml"]


def test_output_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match="free some space"), atomic_output(tmp_path / "a.mid"):
        raise OSError(28, "No space left on device")
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "page"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(MidiFileError, match="too large"):
        read_limited_bytes(path, 1 << 20, MidiFileError)
