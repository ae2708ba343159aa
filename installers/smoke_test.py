"""Try a frozen program as a first user would: `python installers/smoke_test.py PROGRAM`.

It needs Python's standard library alone, and works on Linux, macOS and Windows. It looks at the version, lists the
ports, has the live engine answer a phrase, harmonizes a tune, draws its score and renders its sound, and opens the
window offscreen until the engine and the model are ready. It exits with 1 at the first thing that is wrong, and says
what.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 300.0
READY_S = 180.0
"""Time in which the window has to be there, its engine and its model ready."""
TUNE = "X:1\nT:Smoke\nM:4/4\nL:1/4\nK:G\nGABc|dcBA|BAGF|G4|]\n"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class SmokeTest:
    """A program, and a home of its own in which it is tried."""

    def __init__(self, program: Path, home: Path) -> None:
        self._program, self._home = program, home
        names = ("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "JACK_DEFAULT_SERVER")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        folders = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME"), str(home))
        self._environment = {**kept, **folders, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}

    def run(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> str:
        """Run a command; returns its standard output. Fails on another exit code, and on a traceback."""
        done = subprocess.run(
            [self._program, *arguments],
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
        output = done.stdout + done.stderr
        require(done.returncode in expected, f"{arguments} ended with {done.returncode}: {output}")
        require("Traceback" not in output, f"{arguments} raised: {output}")
        return done.stdout

    def check_version(self) -> None:
        require(self.run("--version").startswith("bachbridge "), "--version does not name the program")

    def check_ports(self) -> None:
        """List the ports. A machine without a MIDI system has none, and the command fails with a sentence."""
        output = self.run("ports", "--json", expected=(0, 1))
        listed = json.loads(output)
        require(listed.keys() >= {"system", "in", "out"}, f"ports lists nothing: {output}")

    def check_models(self) -> None:
        found = {model["name"] for model in json.loads(self.run("models", "--json"))["models"]}
        missing = {"chorale-lstm", "coconet", "play-bach", "abc", "keys88"} - found
        require(not missing, f"models are missing: {missing}")

    def check_answer(self) -> None:
        """Have the live engine and its model process answer the bundled phrase."""
        self.run("demo", "-o", "demo", "--seed", "1")
        answered = (self._home / "demo" / "demo.mid").read_bytes()
        require(answered[:4] == b"MThd" and len(answered) > 500, "the demo's answer has no notes")

    def check_score(self) -> None:
        (self._home / "tune.abc").write_text(TUNE, encoding="utf-8")
        self.run("harmonize", "tune.abc", "-o", "tune.mid", "--score", "tune.png", "--seed", "1")
        require((self._home / "tune.mid").read_bytes()[:4] == b"MThd", "the harmony is no MIDI file")
        picture = (self._home / "tune.png").read_bytes()
        require(picture[:8] == PNG_SIGNATURE and len(picture) > 10_000, "the score is no picture")
        self.run("harmonize", "tune.abc", "-o", "again.mid", "--score", "tune.pdf", "--seed", "1")
        document = (self._home / "tune.pdf").read_bytes()
        require(document[:5] == b"%PDF-" and b"DCTDecode" in document, "the score is no document with a picture")

    def check_roll(self) -> None:
        """Draw a piano roll, whose letters come from Pillow."""
        self.run("roll", "tune.mid", "-o", "roll.png")
        picture = (self._home / "roll.png").read_bytes()
        require(picture[:8] == PNG_SIGNATURE and len(picture) > 10_000, "the piano roll is no picture")

    def check_sound(self) -> None:
        """Render a harmony by the built-in instruments."""
        self.run("harmonize", "tune.abc", "-o", "tune.wav", "--seed", "1")
        with wave.open(str(self._home / "tune.wav")) as file:
            duration_s, samples = file.getnframes() / file.getframerate(), file.readframes(file.getnframes())
        require(duration_s > 4, f"the sound lasts {duration_s:.1f} s")
        require(any(samples), "the sound is silent")

    def check_missing_part(self) -> None:
        """Look at a missing part: one sentence has to say what to do."""
        self.run("train", "chorale-lstm", expected=(1,))

    def check_window(self) -> None:
        """Open the window, wait until the engine and the model are ready, and end it by a signal."""
        log = self._home / "session.log"
        # Windows sends Ctrl+Break to a group of processes only.
        flags = 0 if os.name == "posix" else subprocess.CREATE_NEW_PROCESS_GROUP
        process = subprocess.Popen(
            [self._program, "play", "--log", str(log)], cwd=self._home, env=self._environment, creationflags=flags
        )
        try:
            wait_until(lambda: log.exists() and b'"ModelUp"' in log.read_bytes(), process)
        finally:
            process.send_signal(signal.SIGTERM if os.name == "posix" else signal.CTRL_BREAK_EVENT)
            process.wait(timeout=TIMEOUT_S)
        require(os.name != "posix" or process.returncode == 0, f"the window ended with {process.returncode}")


def require(condition: bool, message: str) -> None:
    """End the program with the message unless the condition holds."""
    if not condition:
        sys.exit(f"smoke test failed: {message}")


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait for a condition while the process runs; fails after `READY_S`."""
    deadline = time.monotonic() + READY_S
    while not condition():
        require(process.poll() is None, f"the window ended with {process.returncode}")
        require(time.monotonic() < deadline, f"the window was not ready after {READY_S:.0f} s")
        time.sleep(0.1)


def main() -> None:
    """Run all checks on the program that the first argument names."""
    require(len(sys.argv) == 2, "name the program: python installers/smoke_test.py PROGRAM")
    with tempfile.TemporaryDirectory() as home:
        test = SmokeTest(Path(sys.argv[1]).resolve(), Path(home))
        for check in (
            *(test.check_version, test.check_ports, test.check_models, test.check_answer, test.check_score),
            *(test.check_roll, test.check_sound, test.check_missing_part, test.check_window),
        ):
            started = time.monotonic()
            check()
            print(f"ok: {check.__name__.removeprefix('check_')}, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
