"""The command line as a person uses it: in a process of its own, judged by its output and exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from bachbridge import __version__
from bachbridge.cli.command_group import SECTIONS, example_of
from bachbridge.cli.main import command_line, run
from bachbridge.cli.play import ports
from bachbridge.errors import PortError
from bachbridge.install_advice import install_advice
from bachbridge.midi.midi_system import PortListing
from bachbridge.settings import SETTING_NAMES, option_name, spec_of

COMMANDS = (
    *("play", "ports", "models", "continue", "harmonize", "mend", "vary", "text", "roll", "calibrate", "demo"),
    *("replay", "dream", "tune", "bench", "train", "evaluate", "export", "completion", "trust", "listen", "doctor"),
    "prepare",
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


def call(*arguments: str) -> int:
    """Run a command in this process and return its exit code."""
    with pytest.raises(SystemExit) as exit_info:
        run(arguments)
    return int(exit_info.value.code or 0)


def test_help_lists_commands_in_sections_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    out = capsys.readouterr().out
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ") and line.strip()]
    assert set(listed).issuperset(COMMANDS)
    places = [out.index(f"\n{section}:\n") for section in (*SECTIONS, "Options")]
    assert places == sorted(places)
    assert all(f"  bachbridge {command}" in out for command in COMMANDS)
    assert "Exit codes: 0 done" in out
    assert "--temperature" not in out


def test_every_command_has_a_section_and_an_example() -> None:
    group: Any = typer.main.get_command(command_line())
    visible = {name: command for name, command in group.commands.items() if not command.hidden}
    assert set(visible) == set(COMMANDS)
    assert not [name for name, command in visible.items() if command.rich_help_panel not in SECTIONS]
    assert not [name for name, command in visible.items() if not example_of(command).startswith(f"bachbridge {name}")]
    assert not [name for name, command in visible.items() if not (command.help or "").strip()]


def test_module_bachbridge_is_the_program(tmp_path: Path) -> None:
    done = python("-m", "bachbridge", "--version", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"bachbridge {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    out = capsys.readouterr().out
    assert f"Usage: bachbridge {command}" in out
    assert f"Example: bachbridge {command}" in out


def test_help_of_play_explains_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("play", "--help") == 0
    out = capsys.readouterr().out
    words = "".join(out.split())
    assert all(f"--{option_name(name)}" in out for name in SETTING_NAMES)
    assert not [name for name in SETTING_NAMES if spec_of(name).help.replace(" ", "") not in words]


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
        (["bench", "--notes", "0"], "a number from 1 on"),
        (["play", "--mode", "waltz"], "continue, harmonize, trade, duet, off"),
        (["--child", "butler"], "engine, ports, model, preview, replay-window"),
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
    ("arguments", "says"),
    [
        (["completion", "tcsh"], "bash, zsh or fish"),
        (["calibrate", "--wait", "0"], "1 to 600"),
        (["harmonize", "in.mid", "--key", "waltz"], "Fis-Moll"),
        (["train", "abc", "--epochs", "0"], "a number from 1 on"),
        (["train", "abc", "--seed", "4294967296"], "a number from 0 to 2147483647"),
    ],
)
def test_value_out_of_range_is_no_usage_error(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("bachbridge: ")
    assert says in sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tempo", "90"], "did you mean --bpm?"),
        (["--temperatur", "1"], "did you mean --temperature?"),
        (["compose"], 'did you mean "continue"?'),
        (["harmonie"], 'did you mean "harmonize"?'),
        (["xyzzy"], "bachbridge --help"),
        (["--bpm", "fast"], '--bpm cannot be "fast"'),
        (["continue"], "IN.mid is missing"),
        (["continue", "a.mid", "b.mid"], 'no use for "b.mid"'),
        (["train", "abc", "--epochs", "x"], "a whole number"),
        (["--mode", "harmonize", "continue", "a.mid"], "no use for"),
    ],
)
def test_wrong_call_is_a_usage_error(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 2
    usage, sentence = capsys.readouterr().err.splitlines()
    assert usage.startswith("Usage: bachbridge")
    assert sentence.startswith("bachbridge: ")
    assert says in sentence
    assert "Input should" not in sentence


@pytest.mark.parametrize("arguments", [["harmonise", "-h"], ["Harmonize", "-h"], ["help", "harmonize"]])
def test_command_is_found_by_other_spellings(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 0
    assert "Usage: bachbridge harmonize" in capsys.readouterr().out


def test_models_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("models", "--json") == 0
    found = {model["name"]: model for model in json.loads(capsys.readouterr().out)["models"]}
    assert found["chorale-lstm"]["codec"] == "satb"
    assert found["coconet"]["tasks"]
    assert Path(found["abc"]["folder"]).is_dir()


def test_ports_are_printed_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    listing = PortListing("ALSA", ("Keyboard [1]",), ("Synth", "DAW"))
    monkeypatch.setattr(ports, "list_ports", lambda: listing)
    assert call("ports", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"system": "ALSA", "in": ["Keyboard [1]"], "out": ["Synth", "DAW"]}


def test_ports_without_a_midi_system_are_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> PortListing:
        raise PortError("This machine has no MIDI system: install one.")

    monkeypatch.setattr(ports, "list_ports", fail)
    assert call("ports", "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"system": None, "in": [], "out": []}
    assert printed.err == "bachbridge: This machine has no MIDI system: install one.\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_asks_the_program(
    shell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_BACHBRIDGE_COMPLETE", "")
    assert call("completion", shell) == 0
    assert f"_BACHBRIDGE_COMPLETE=complete_{shell}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("bachbridge har", ["harmonize"]),
        ("bachbridge --mode har", ["harmonize"]),
        ("bachbridge play --start do", ["downbeat"]),
        ("bachbridge continue --model choral", ["chorale-lstm"]),
        ("bachbridge --split-p", ["--split-point"]),
    ],
)
def test_shell_asks_for_completions(
    words: str, completions: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_BACHBRIDGE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    call()
    assert capsys.readouterr().out.split() == completions


def test_damaged_settings_file_is_named(tmp_path: Path) -> None:
    printed = python("-c", "from bachbridge.settings_file import settings_path; print(settings_path())", home=tmp_path)
    path = Path(printed.stdout.strip())
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("bpm = 7", encoding="utf-8")
    done = bachbridge("--headless", "--model", "none", home=tmp_path)
    assert done.returncode == 1
    sentence, refusal = done.stderr.splitlines()
    assert "bpm cannot be 7" in sentence
    assert "settings.1.old.toml" in sentence
    assert "there is no model 'none'" in refusal


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
    assert f"this command needs the package {missing}.part: {install_advice(extra)}.\n" in done.stderr


@pytest.mark.soak
def test_bench_times_a_step_of_each_shipped_model(tmp_path: Path) -> None:
    done = bachbridge("bench", "--steps", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["step_ms"]
    names = {"chorale-lstm, nothing repeated", "chorale-lstm, with copies", "keys88, after 128 symbols"}
    assert names | {"keys88, after 1024 symbols"} <= figures.keys()
    assert all(0 < step["p50"] <= step["p95"] for step in figures.values())
