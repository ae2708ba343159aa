"""`bachbridge demo`: a bundled phrase is played to the live engine, and what was heard is written down.

The engine is the one that a player uses, in its own process, at its own pace. Where the machine has MIDI ports, the
phrase goes through them like a DAW's; elsewhere the messages take the pipe. The three files are made beside their
place and moved there together at the end.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bachbridge.cli.bench.rehearsal import Rehearsal, await_ready, rehearse
from bachbridge.cli.bench.stage import open_stage
from bachbridge.engine.session_log import Log, read_log, write_midi
from bachbridge.errors import BachBridgeError
from bachbridge.files.piano_roll_png import write_png
from bachbridge.files.wav import write_wav
from bachbridge.inference.runtime import library
from bachbridge.music.example_phrase import Melody, bundled, performed
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_of, step_ns_of
from bachbridge.music.performance import PLAYER, Part, from_messages, shifted
from bachbridge.protocol.events import Answer, Answering, Ask, Heard, Sent
from bachbridge.settings import Settings

FILES = ("demo.mid", "demo.wav", "demo.png")


def demo(
    directory: Path, *, model: str, temperature: float, seed: int, melody: Melody | None = None, ports: bool = True
) -> None:
    """Play `melody` (the bundled one) and write `FILES` into the directory; `ports` allows real MIDI ports."""
    library.find(model)
    melody = melody or bundled()
    console = Console()
    with _scratch(directory) as scratch:
        _demo(Path(scratch), console, melody, _settings(melody, model, temperature, seed), ports=ports)
        for name in FILES:
            _move(Path(scratch) / name, directory / name)
    console.print("wrote " + ", ".join(str(directory / name) for name in FILES), soft_wrap=True)


def _scratch(directory: Path) -> TemporaryDirectory[str]:
    """A folder inside the directory, which is made if need be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(prefix=".demo-", dir=directory)
    except OSError as error:
        raise BachBridgeError(f"cannot write to {directory} ({error.strerror}): choose another folder.") from error


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        raise BachBridgeError(f"cannot write {target} ({error.strerror}): choose another folder.") from error


def _settings(melody: Melody, model: str, temperature: float, seed: int) -> Settings:
    phrase = melody.phrase
    return Settings(
        model=model,
        temperature=temperature,
        seed=seed,
        bpm=melody.bpm,
        beats_per_bar=phrase.steps_per_bar // STEPS_PER_BEAT,
        phrase_end="bars",
        phrase_bars=phrase.steps // phrase.steps_per_bar,
    )


def _demo(folder: Path, console: Console, melody: Melody, settings: Settings, *, ports: bool) -> None:
    """Play, and write the files into `folder`."""
    log = folder / "session.log"
    step_ns = step_ns_of(melody.bpm)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with progress, open_stage(settings, log, ports=ports) as stage:
        task = progress.add_task("starting", total=None)
        await_ready(stage, time.monotonic_ns)
        progress.update(task, description=f"{melody.work} and an answer", total=1.0)
        rehearsal = rehearse(
            stage,
            performed(melody.phrase, step_ns),
            melody.phrase.steps * step_ns,
            time.monotonic_ns,
            lambda share: progress.update(task, completed=share),
        )
    came = stage.received or [(sent.sent_ns, sent.data) for sent in rehearsal.sent]
    parts = parts_of(rehearsal, came, settings.channels)
    title = f"Bach, {melody.work}: a phrase played, and the answer of {settings.model}"
    write_midi(folder / FILES[0], parts, bpm=melody.bpm, beats_per_bar=settings.beats_per_bar, title=title)
    sound = write_wav(folder / FILES[1], parts)
    write_png(folder / FILES[2], parts, bpm=melody.bpm, beats_per_bar=settings.beats_per_bar, title=title)
    console.print(_table(rehearsal, read_log(log), stage.way, sound))


def parts_of(rehearsal: Rehearsal, came: Sequence[tuple[int, bytes]], channels: Sequence[int]) -> list[Part]:
    """The player's part and, from the messages that came, each voice's; time 0 is where the engine heard it begin."""
    assert rehearsal.heard is not None
    last_ns = max(time_ns for time_ns, _ in came)
    player = from_messages(rehearsal.played, last_ns).get(0, ())
    answers = from_messages(came, last_ns)
    voices = [Part(voice, answers.get(channel - 1, ())) for voice, channel in enumerate(channels)]
    return [shifted(part, -rehearsal.heard.origin_ns) for part in (Part(PLAYER, player), *voices)]


def _table(rehearsal: Rehearsal, log: Log, way: str, sound: str) -> Table:
    """What was heard and answered, and the latencies."""
    heard, answered = rehearsal.heard, rehearsal.answered
    assert heard is not None
    assert answered is not None
    table = Table(show_header=False)
    table.add_row("heard", _in_words(heard))
    voices = len({note.voice for note in answered.notes})
    bars = _bars(max(note.end for note in answered.notes), heard.phrase.steps_per_bar)
    table.add_row("answered", f"{len(answered.notes)} notes in {voices} voices, {bars}")
    table.add_row("first note ready", f"{_milliseconds([first_ready_ns(log)])} after it was asked for")
    late = sorted(_lateness(rehearsal.sent))
    names = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    words = ", ".join(f"{name} {_milliseconds([late[round(q * (len(late) - 1))]])}" for name, q in names.items())
    table.add_row("notes late by", words)
    table.add_row("by way of", way)
    table.add_row("sound", sound)
    return table


def _in_words(heard: Heard) -> str:
    phrase = heard.phrase
    bpm = bpm_of(heard.step_ns)
    return f"{len(phrase.notes)} notes, {_bars(phrase.steps, phrase.steps_per_bar)} at {bpm:.4g} bpm"


def _bars(steps: int, steps_per_bar: int) -> str:
    return f"{steps / steps_per_bar:.4g} bar" + ("" if steps == steps_per_bar else "s")


def first_ready_ns(log: Log) -> int:
    """From the ask to the first part of its answer, of the ask that counted in the end; -1: never."""
    counted = next((entry.message.ask for entry in log.entries if isinstance(entry.message, Answering)), None)
    asked_ns = 0
    for entry in log.entries:
        match entry.message:
            case Ask(ask=number) if number == counted:
                asked_ns = entry.at_ns
            case Answer(ask=number) if number == counted:
                return entry.at_ns - asked_ns
            case _:
                pass
    return -1


def _lateness(sent: Iterable[Sent]) -> list[int]:
    """How late each note began, in ns."""
    return [message.sent_ns - message.due_ns for message in sent if message.data[0] & 0xF0 == 0x90]


def _milliseconds(times_ns: Sequence[int]) -> str:
    return f"{times_ns[0] / 1e6:.2f} ms"
