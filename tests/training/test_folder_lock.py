"""Folders in which one process at a time works."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge_training.folder_lock import LOCK_FILE, lock_folder

HOLDER = """
import pathlib, sys
from bachbridge_training.folder_lock import lock_folder
with lock_folder(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_folder_is_refused_until_its_process_is_dead(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=r"another process is at work in .*run: wait"), lock_folder(folder):
            pass
        holder.kill()
        holder.wait()
        with lock_folder(folder):
            assert (folder / LOCK_FILE).exists()


def test_new_folder_without_contents_is_taken_away(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no music"), lock_folder(tmp_path / "new"):
        raise ConfigError("no music")
    assert not (tmp_path / "new").exists()
    with lock_folder(tmp_path / "run"):
        (tmp_path / "run" / "recipe.toml").touch()
    assert (tmp_path / "run" / "recipe.toml").exists()
    (tmp_path / "old").mkdir()
    with lock_folder(tmp_path / "old"):
        pass
    assert (tmp_path / "old").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has locks on every file system")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_file_system_without_locks_is_no_hindrance(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def flock(_: int, __: int) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock_folder(tmp_path / "run"), lock_folder(tmp_path / "run"):
        (tmp_path / "run" / "recipe.toml").touch()
    assert (tmp_path / "run" / "recipe.toml").exists()


def test_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="choose another folder"), lock_folder(tmp_path / "file" / "run"):
        pass
