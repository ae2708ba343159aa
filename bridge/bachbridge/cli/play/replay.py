"""`bachbridge replay LOG`: feeds the events of a recorded session to a new session and reports differences."""

from collections.abc import Iterator
from pathlib import Path

from bachbridge.console import make_console
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import ReplayDifference, SessionLog, events_with_effects, read_log, replay
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_writer import write_midi
from bachbridge.music.performance import PLAYER, Part, TimedNote, notes_from_messages, shift_part
from bachbridge.music.timeline import meter_from_steps
from bachbridge.protocol.effects import PhraseEnded, Send
from bachbridge.protocol.events import Midi
from bachbridge.protocol.wire import dumps


def replay_session(log: Path, *, midi_path: Path | None) -> None:
    """Replay the log; with `midi_path`, also write the notes played in it as a MIDI file.

    Raises `BachBridgeError` if the new session differs from the recorded one.
    """
    recorded = read_log(log)
    console = make_console()
    if midi_path is not None:
        write_midi(
            midi_path,
            _played_parts(recorded),
            bpm=_first_phrase_bpm(recorded),
            meter=meter_from_steps(recorded.settings.steps_per_bar),
        )
        console.print(f"wrote {midi_path}")
    differences = _replay_or_refuse(log, recorded)
    events = sum(1 for _ in events_with_effects(recorded))
    effects = sum(len(logged) for _, _, logged in events_with_effects(recorded))
    if differences:
        for difference in differences[:3]:
            console.print("\n".join(_difference_lines(difference)), markup=False, highlight=False, soft_wrap=True)
        raise BachBridgeError(
            f"The replay of {log} differs after {len(differences)} of {events} events: "
            "the log was recorded by another version; replay it with that one."
        )
    console.print(f"{events} events replayed, {effects} effects returned, all as recorded")


def _replay_or_refuse(path: Path, log: SessionLog) -> list[ReplayDifference]:
    """Replay the log; raises `BachBridgeError` for one whose events no session can have had."""
    try:
        return replay(log, Session(log.settings))
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise BachBridgeError(f"{path} holds events that no session had ({error!r}): it is damaged.") from error


def _difference_lines(difference: ReplayDifference) -> Iterator[str]:
    yield f"at {difference.at_ns / 1e9:.6f} s, after {dumps(difference.event)}"
    yield from (f"  - {dumps(effect)}" for effect in difference.logged if effect not in difference.returned)
    yield from (f"  + {dumps(effect)}" for effect in difference.returned if effect not in difference.logged)


def _played_parts(log: SessionLog) -> list[Part]:
    """Return the notes of the player and of the voices; time 0 is the first note."""
    played = [(at_ns, event.data) for at_ns, event, _ in events_with_effects(log) if isinstance(event, Midi)]
    sent = [(e.due_ns, e.data) for _, _, effects in events_with_effects(log) for e in effects if isinstance(e, Send)]
    last_ns = max((at_ns for at_ns, _ in (*played, *sent)), default=0)
    player = sorted(
        (note for notes in notes_from_messages(played, last_ns).values() for note in notes), key=_note_start_ns
    )
    answers = notes_from_messages(sent, last_ns)
    voices = {channel - 1: voice for voice, channel in enumerate(log.settings.channels)}
    parts = [Part(PLAYER, tuple(player))]
    parts += [Part(voice, answers[channel]) for channel, voice in voices.items() if channel in answers]
    first_ns = min((note.start_ns for part in parts for note in part.notes), default=0)
    return [shift_part(part, -first_ns) for part in parts]


def _note_start_ns(note: TimedNote) -> int:
    return note.start_ns


def _first_phrase_bpm(log: SessionLog) -> float:
    """Return the tempo of the first phrase, else the tempo setting, else 120."""
    phrases = (
        effect for _, _, effects in events_with_effects(log) for effect in effects if isinstance(effect, PhraseEnded)
    )
    first = next(phrases, None)
    return 15e9 / first.step_ns if first else log.settings.bpm or 120.0
