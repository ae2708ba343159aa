"""The command line as a person uses it: in a process of its own, judged by its output and exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge import __version__
from bachbridge.settings import SETTING_NAMES, option_name, spec_of

COMMANDS = (
    *("ports", "models", "continue", "harmonize", "mend", "vary", "text", "roll", "calibrate", "demo", "replay"),
    *("dream", "tune", "bench", "train", "evaluate", "export"),
)
HEAVY = ("numpy", "onnxruntime", "mido", "rtmidi", "rich", "PIL", "platformdirs", "tensorflow", "music21", "PyQt6")


def python(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the code under test, in an empty folder of a home without a settings file."""
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "APPDATA": str(home), "COLUMNS": "120"}
    inherited = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment = {**inherited, **own, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *arguments]
    folder = home / "folder"
    folder.mkdir(exist_ok=True)
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def bachbridge(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return python("-m", "bachbridge.cli.main", *arguments, home=home)


def test_help_lists_all_commands_and_settings(tmp_path: Path) -> None:
    done = bachbridge("--help", home=tmp_path)
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}
    assert listed.issuperset(COMMANDS)
    assert all(f"--{option_name(name)}" in done.stdout for name in SETTING_NAMES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    done = bachbridge(command, "--help", home=tmp_path)
    assert done.returncode == 0
    assert f"Usage: bachbridge {command}" in done.stdout


def test_help_explains_every_setting(tmp_path: Path) -> None:
    words = " ".join(bachbridge("--help", home=tmp_path).stdout.split())
    assert all(spec_of(name).help in words for name in SETTING_NAMES)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['bachbridge', '--help']\n"
        "from bachbridge.cli.main import main\n"
        "try: main()\n"
        f"finally: print('LOADED', *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = python("-c", program, home=tmp_path)
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def test_onnxruntime_writes_no_files_at_import(tmp_path: Path) -> None:
    done = python("-c", "import bachbridge, onnxruntime", home=tmp_path)
    assert done.returncode == 0
    assert [entry.name for entry in tmp_path.rglob("*")] == ["folder"]


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = bachbridge("--version", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"bachbridge {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mode", "waltz"], "continue, harmonize, trade, duet, off"),
        (["--temperature", "9"], "0.1 to 2"),
        (["--bpm", "7"], "20 to 300"),
        (["--channels", "1,2"], "1,2,3,4"),
        (["--headless", "--model", "nobody"], "there is no model"),
        (["demo", "--model", "nobody"], "there is no model"),
        (["evaluate", "nobody"], "there is no model"),
        (["replay", "none.log"], "none.log"),
        (["continue", "none.mid", "-o", "out.mid"], "none.mid"),
        (["harmonize", "none.mid", "-o", "out.mid"], "none.mid"),
        (["harmonize", "in.mid", "-o", "out.mid", "--voice", "mezzo"], "soprano, alto, tenor or bass"),
        (["text", "none.mid"], "none.mid"),
        (["train", "nobody"], "nobody"),
        (["continue", "in.mid", "-o", "out.mid", "--temperature", "0"], "0.1 to 2"),
        (["continue", "in.mid", "-o", "out.mid", "--seed", "-7"], "seed"),
        (["demo", "--temperature", "nan"], "0.1 to 2"),
        (["--child", "butler"], "engine, model, preview, replay-window"),
    ],
)
def test_wrong_value_is_reported_in_one_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = bachbridge(*arguments, home=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("bachbridge: ")
    assert says in done.stderr
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("command", [["continue"], ["harmonize"], ["mend", "--bars", "2"], ["vary"]])
def test_seed_minus_one_prints_a_new_seed(command: list[str], tmp_path: Path) -> None:
    done = bachbridge(*command, "none.mid", "-o", "out.mid", "--seed", "-1", home=tmp_path)
    assert done.stdout.startswith("the seed is ")
    assert 0 <= int(done.stdout.split()[-1]) < 2**31
    assert len(done.stderr.splitlines()) == 1
    assert "none.mid" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--tempo", "90"], ["compose"], ["--bpm", "fast"], ["continue"], ["bench", "--notes", "0"]]
)
def test_wrong_call_is_a_usage_error(arguments: list[str], tmp_path: Path) -> None:
    done = bachbridge(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert "Usage: bachbridge" in done.stderr
    assert "Traceback" not in done.stderr


def test_damaged_settings_file_is_named(tmp_path: Path) -> None:
    printed = python("-c", "from bachbridge.settings_file import settings_path; print(settings_path())", home=tmp_path)
    path = Path(printed.stdout.strip())
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("bpm = 7", encoding="utf-8")
    done = bachbridge("--headless", home=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr


@pytest.mark.parametrize(
    ("missing", "extra"), [("tensorflow", "train"), ("music21", "train"), ("PyQt6", "gui"), ("verovio", "score")]
)
def test_missing_extra_is_named_with_install_line(missing: str, extra: str, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from bachbridge.cli import main\n"
        f"def fail(*_, **__): raise ModuleNotFoundError('no', name='{missing}.part')\n"
        "main.command_line = lambda: fail\n"
        "main.main()"
    )
    done = python("-c", program, home=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f'pip install "bachbridge[{extra}]"' in done.stderr


def test_bench_times_a_step_of_each_shipped_model(tmp_path: Path) -> None:
    done = bachbridge("bench", "--steps", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["step_ms"]
    assert {"chorale-lstm", "keys88, after 128 symbols", "keys88, after 1024 symbols"} <= figures.keys()
    assert all(0 < step["p50"] <= step["p95"] for step in figures.values())
