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

from bachbridge.cli.bench.rehearsal import ExchangeRecording, record_exchange, wait_until_ready
from bachbridge.cli.bench.stage import open_player_connection
from bachbridge.engine.session_log import SessionLog, read_log
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_writer import write_midi
from bachbridge.files.piano_roll_png import write_png
from bachbridge.files.wav import write_wav
from bachbridge.inference.runtime import library
from bachbridge.music.example_phrase import ExamplePhrase, as_timed_notes, load_example
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_from_step_ns, step_ns_from_bpm
from bachbridge.music.performance import PLAYER, Part, notes_from_messages, shift_part
from bachbridge.protocol.events import Answer, AnswerStarted, Ask, PhraseEnded, Sent
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
) -> None:
    """Play `melody` (the bundled one) and write `FILES` into the directory; `ports` allows real MIDI ports."""
    library.find_checked_card(model)
    melody = melody or load_example()
    console = Console()
    with _scratch_folder(directory) as scratch:
        _play_and_write(Path(scratch), console, melody, _demo_settings(melody, model, temperature, seed), ports=ports)
        for name in DEMO_FILES:
            _move_file(Path(scratch) / name, directory / name)
    console.print("wrote " + ", ".join(str(directory / name) for name in DEMO_FILES), soft_wrap=True)


def _scratch_folder(directory: Path) -> TemporaryDirectory[str]:
    """A folder inside the directory, which is made if need be."""
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
        beats_per_bar=phrase.steps_per_bar // STEPS_PER_BEAT,
        phrase_end="bars",
        phrase_bars=phrase.steps // phrase.steps_per_bar,
    )


def _play_and_write(folder: Path, console: Console, melody: ExamplePhrase, settings: Settings, *, ports: bool) -> None:
    """Play, and write the files into `folder`."""
    log = folder / "session.log"
    step_ns = step_ns_from_bpm(melody.bpm)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with progress, open_player_connection(settings, log, use_ports=ports) as stage:
        task = progress.add_task("starting", total=None)
        wait_until_ready(stage, time.monotonic_ns)
        progress.update(task, description=f"{melody.work} and an answer", total=1.0)
        rehearsal = record_exchange(
            stage,
            as_timed_notes(melody.phrase, step_ns),
            melody.phrase.steps * step_ns,
            time.monotonic_ns,
            lambda share: progress.update(task, completed=share),
        )
    came = stage.received_midi or [(sent.sent_ns, sent.data) for sent in rehearsal.sent_reports]
    parts = recorded_parts(rehearsal, came, settings.channels)
    title = f"Bach, {melody.work}: a phrase played, and the answer of {settings.model}"
    write_midi(folder / DEMO_FILES[0], parts, bpm=melody.bpm, beats_per_bar=settings.beats_per_bar, title=title)
    sound = write_wav(folder / DEMO_FILES[1], parts)
    write_png(folder / DEMO_FILES[2], parts, bpm=melody.bpm, beats_per_bar=settings.beats_per_bar, title=title)
    console.print(_result_table(rehearsal, read_log(log), stage.description, sound))


def recorded_parts(
    recording: ExchangeRecording, received_midi: Sequence[tuple[int, bytes]], channels: Sequence[int]
) -> list[Part]:
    """The player's part and, from the messages that came, each voice's; time 0 is where the engine heard it begin."""
    assert recording.phrase_ended is not None
    last_ns = max(time_ns for time_ns, _ in received_midi)
    player = notes_from_messages(recording.played_midi, last_ns).get(0, ())
    answers = notes_from_messages(received_midi, last_ns)
    voices = [Part(voice, answers.get(channel - 1, ())) for voice, channel in enumerate(channels)]
    return [shift_part(part, -recording.phrase_ended.origin_ns) for part in (Part(PLAYER, player), *voices)]


def _result_table(recording: ExchangeRecording, log: SessionLog, connection: str, sound_text: str) -> Table:
    """What was heard and answered, and the latencies."""
    heard, answered = recording.phrase_ended, recording.answer_ended
    assert heard is not None
    assert answered is not None
    table = Table(show_header=False)
    table.add_row("heard", _phrase_text(heard))
    voices = len({note.voice for note in answered.notes})
    bars = _bars_text(max(note.end for note in answered.notes), heard.phrase.steps_per_bar)
    table.add_row("answered", f"{len(answered.notes)} notes in {voices} voices, {bars}")
    table.add_row("first note ready", f"{_milliseconds_text([first_answer_delay_ns(log)])} after it was asked for")
    late = sorted(_note_lateness_ns(recording.sent_reports))
    names = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    words = ", ".join(f"{name} {_milliseconds_text([late[round(q * (len(late) - 1))]])}" for name, q in names.items())
    table.add_row("notes late by", words)
    table.add_row("by way of", connection)
    table.add_row("sound", sound_text)
    return table


def _phrase_text(phrase_ended: PhraseEnded) -> str:
    phrase = phrase_ended.phrase
    bpm = bpm_from_step_ns(phrase_ended.step_ns)
    return f"{len(phrase.notes)} notes, {_bars_text(phrase.steps, phrase.steps_per_bar)} at {bpm:.4g} bpm"


def _bars_text(steps: int, steps_per_bar: int) -> str:
    return f"{steps / steps_per_bar:.4g} bar" + ("" if steps == steps_per_bar else "s")


def first_answer_delay_ns(log: SessionLog) -> int:
    """From the ask to the first part of its answer, of the ask that counted in the end; -1: never."""
    counted = next((entry.message.ask for entry in log.entries if isinstance(entry.message, AnswerStarted)), None)
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


def _note_lateness_ns(sent: Iterable[Sent]) -> list[int]:
    """How late each note began, in ns."""
    return [message.sent_ns - message.due_ns for message in sent if message.data[0] & 0xF0 == 0x90]


def _milliseconds_text(times_ns: Sequence[int]) -> str:
    return f"{times_ns[0] / 1e6:.2f} ms"
