"""`bachbridge demo`: plays a bundled phrase to the live engine and writes the phrase and its answer to three files.

The engine is the one that a player uses, in a process of its own and in real time. If the machine has MIDI ports, the
phrase goes through them like a DAW's; otherwise the messages go through the pipe. The files are written to a scratch
folder and moved to their places together at the end.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bachbridge.cli.bench.exchange import (
    ExchangeRecording,
    is_note_on,
    lateness_ns,
    record_exchange,
    wait_until_ready,
)
from bachbridge.cli.bench.fake_daw import open_player_connection
from bachbridge.cli.bench.report import percentiles_ms
from bachbridge.cli.output_paths import free_paths
from bachbridge.console import make_console
from bachbridge.engine.session_log import SessionLog, read_log
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_writer import write_midi
from bachbridge.files.piano_roll_png import write_png
from bachbridge.files.wav import write_wav
from bachbridge.inference.runtime import library
from bachbridge.music.example_phrase import ExamplePhrase, as_timed_notes, load_example
from bachbridge.music.notes import bpm_from_step_ns, step_ns_from_bpm
from bachbridge.music.performance import PLAYER, Part, notes_from_messages, shift_part
from bachbridge.music.timeline import meter_from_steps
from bachbridge.protocol.effects import AnswerStarted, Ask, PhraseEnded
from bachbridge.protocol.events import Answer
from bachbridge.settings import Settings

DEMO_FILES = ("demo.mid", "demo.wav", "demo.png")


def run_demo(
    directory: Path,
    *,
    model: str,
    temperature: float,
    seed: int,
    melody: ExamplePhrase | None = None,
    ports: bool = True,
    force: bool = False,
) -> None:
    """Play the melody (by default the bundled one) and write `DEMO_FILES` to the directory.

    Files that exist stay, and these get a number, unless `force` replaces them. `ports` allows the use of real MIDI
    ports. Raises `BachBridgeError` before anything plays if the model or the folder
    cannot be used.
    """
    library.find_checked_card(model)
    melody = melody or load_example()
    console = make_console()
    with _scratch_folder(directory) as scratch:
        _play_and_write(Path(scratch), console, melody, _demo_settings(melody, model, temperature, seed), ports=ports)
        targets = [directory / name for name in DEMO_FILES]
        if not force:
            targets = free_paths(targets)
        for name, target in zip(DEMO_FILES, targets, strict=True):
            _move_file(Path(scratch) / name, target)
    console.print("wrote " + ", ".join(map(str, targets)), soft_wrap=True)


def _scratch_folder(directory: Path) -> TemporaryDirectory[str]:
    """Create a folder inside the directory, which is created if it does not exist."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(prefix=".demo-", dir=directory)
    except OSError as error:
        raise BachBridgeError(f"cannot write to {directory} ({error.strerror}): choose another folder.") from error


def _move_file(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        raise BachBridgeError(f"cannot write {target} ({error.strerror}): choose another folder.") from error


def _demo_settings(melody: ExamplePhrase, model: str, temperature: float, seed: int) -> Settings:
    phrase = melody.phrase
    return Settings(
        model=model,
        temperature=temperature,
        seed=seed,
        bpm=melody.bpm,
        meter=meter_from_steps(phrase.steps_per_bar).text,
        phrase_end="bars",
        phrase_bars=phrase.steps // phrase.steps_per_bar,
    )


def _play_and_write(folder: Path, console: Console, melody: ExamplePhrase, settings: Settings, *, ports: bool) -> None:
    log = folder / "session.log"
    step_ns = step_ns_from_bpm(melody.bpm)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with progress, open_player_connection(settings, log, use_ports=ports) as connection:
        task = progress.add_task("starting", total=None)
        wait_until_ready(connection, time.monotonic_ns)
        progress.update(task, description=f"{melody.work} and an answer", total=1.0)
        recording = record_exchange(
            connection,
            as_timed_notes(melody.phrase, step_ns),
            melody.phrase.steps * step_ns,
            time.monotonic_ns,
            lambda share: progress.update(task, completed=share),
        )
    received = connection.received_midi() or [(sent.sent_ns, sent.data) for sent in recording.sent_reports]
    parts = recorded_parts(recording, received, settings.channels)
    title = f"Bach, {melody.work}: a phrase played, and the answer of {settings.model}"
    meter = meter_from_steps(settings.steps_per_bar)
    write_midi(folder / DEMO_FILES[0], parts, bpm=melody.bpm, meter=meter, title=title)
    sound = write_wav(folder / DEMO_FILES[1], parts)
    write_png(folder / DEMO_FILES[2], parts, bpm=melody.bpm, meter=meter, title=title)
    console.print(_result_table(recording, read_log(log), connection.description, sound))


def recorded_parts(
    recording: ExchangeRecording, received_midi: Sequence[tuple[int, bytes]], channels: Sequence[int]
) -> list[Part]:
    """Return the player's part and, from the received messages, each voice's; time 0 is the phrase's first note."""
    assert recording.phrase_ended is not None
    last_ns = max(time_ns for time_ns, _ in received_midi)
    player = notes_from_messages(recording.played_midi, last_ns).get(0, ())
    answers = notes_from_messages(received_midi, last_ns)
    voices = [Part(voice, answers.get(channel - 1, ())) for voice, channel in enumerate(channels)]
    return [shift_part(part, -recording.phrase_ended.origin_ns) for part in (Part(PLAYER, player), *voices)]


def _result_table(recording: ExchangeRecording, log: SessionLog, connection: str, sound_text: str) -> Table:
    phrase_ended, answer_ended = recording.phrase_ended, recording.answer_ended
    assert phrase_ended is not None
    assert answer_ended is not None
    table = Table(show_header=False)
    table.add_row("phrase", _phrase_text(phrase_ended))
    voices = len({note.voice for note in answer_ended.notes})
    bars = _bars_text(max(note.end for note in answer_ended.notes), phrase_ended.phrase.steps_per_bar)
    table.add_row("answer", f"{len(answer_ended.notes)} notes in {voices} voices, {bars}")
    table.add_row("first note ready", f"{first_answer_delay_ns(log) / 1e6:.2f} ms after the request")
    late = percentiles_ms([lateness_ns(sent) for sent in recording.sent_reports if is_note_on(sent)])
    table.add_row("notes late by", ", ".join(f"{name} {late[name]:.2f} ms" for name in ("p50", "p99", "max")))
    table.add_row("played through", connection)
    table.add_row("sound", sound_text)
    return table


def _phrase_text(phrase_ended: PhraseEnded) -> str:
    phrase = phrase_ended.phrase
    bpm = bpm_from_step_ns(phrase_ended.step_ns)
    return f"{len(phrase.notes)} notes, {_bars_text(phrase.steps, phrase.steps_per_bar)} at {bpm:.4g} bpm"


def _bars_text(steps: int, steps_per_bar: int) -> str:
    return f"{steps / steps_per_bar:.4g} bar" + ("" if steps == steps_per_bar else "s")


def first_answer_delay_ns(log: SessionLog) -> int:
    """Return the time from the ask whose answer was played to the first part of that answer; -1: no answer."""
    played = next((entry.message.ask for entry in log.entries if isinstance(entry.message, AnswerStarted)), None)
    asked_ns = 0
    for entry in log.entries:
        match entry.message:
            case Ask(ask=number) if number == played:
                asked_ns = entry.at_ns
            case Answer(ask=number) if number == played:
                return entry.at_ns - asked_ns
            case _:
                pass
    return -1
