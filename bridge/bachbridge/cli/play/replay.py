"""`bachbridge replay LOG`: feed a recorded session to a new one and tell where they differ."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bachbridge.engine.session import Session
from bachbridge.engine.session_log import Difference, Log, read_log, turns, write_midi
from bachbridge.engine.session_log import replay as differences_of
from bachbridge.errors import BachBridgeError
from bachbridge.music.performance import PLAYER, Part, Played, from_messages, shifted
from bachbridge.protocol.events import Heard, Midi, Send, dumps


def replay(log: Path, *, midi: Path | None) -> None:
    """Replay the log and, with `midi`, write what was played in it as a MIDI file."""
    recorded = read_log(log)
    console = Console()
    if midi is not None:
        write_midi(midi, _parts(recorded), bpm=_bpm(recorded), beats_per_bar=recorded.settings.beats_per_bar)
        console.print(f"wrote {midi}")
    differences = differences_of(recorded, Session(recorded.settings))
    events = sum(1 for _ in turns(recorded))
    effects = sum(len(logged) for _, _, logged in turns(recorded))
    if differences:
        for difference in differences[:3]:
            console.print("\n".join(_lines(difference)), markup=False, highlight=False, soft_wrap=True)
        raise BachBridgeError(
            f"the replay of {log} differs after {len(differences)} of {events} events: "
            "it was recorded by a version that behaves differently, or the session has changed."
        )
    console.print(f"{events} events fed, {effects} effects returned, all as recorded")


def _lines(difference: Difference) -> Iterator[str]:
    yield f"at {difference.at_ns / 1e9:.6f} s, after {dumps(difference.event)}"
    yield from (f"  - {dumps(effect)}" for effect in difference.logged if effect not in difference.returned)
    yield from (f"  + {dumps(effect)}" for effect in difference.returned if effect not in difference.logged)


def _parts(log: Log) -> list[Part]:
    """What the player and the voices played, from the player's first note on."""
    played = [(at_ns, event.data) for at_ns, event, _ in turns(log) if isinstance(event, Midi)]
    sent = [(e.due_ns, e.data) for _, _, effects in turns(log) for e in effects if isinstance(e, Send)]
    last_ns = max((at_ns for at_ns, _ in (*played, *sent)), default=0)
    player = sorted((note for notes in from_messages(played, last_ns).values() for note in notes), key=_start)
    answers = from_messages(sent, last_ns)
    voices = {channel - 1: voice for voice, channel in enumerate(log.settings.channels)}
    parts = [Part(PLAYER, tuple(player))]
    parts += [Part(voice, answers[channel]) for channel, voice in voices.items() if channel in answers]
    first_ns = min((note.start_ns for part in parts for note in part.notes), default=0)
    return [shifted(part, -first_ns) for part in parts]


def _start(note: Played) -> int:
    return note.start_ns


def _bpm(log: Log) -> float:
    """The tempo of the first phrase that was heard, or else the one that was set, or else 120."""
    heard = (effect for _, _, effects in turns(log) for effect in effects if isinstance(effect, Heard))
    first = next(heard, None)
    return 15e9 / first.step_ns if first else log.settings.bpm or 120.0
