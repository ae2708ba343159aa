"""The app in the terminal: starts the engine process and shows what it reports.

`Telling` turns the engine's messages into sentences, printed once each, and into one status line that is kept at the
foot of a terminal. Where the output is not a terminal there are the sentences only. Ctrl-C closes the pipe to the
engine, which then silences everything it has sounding, closes its ports and exits; this process waits for that.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bachbridge.errors import BachBridgeError
from bachbridge.music.notes import Phrase, bpm_of, key_name, key_numbered, pitch_name
from bachbridge.protocol.events import (
    Answered,
    Answering,
    Failed,
    Harmonized,
    Health,
    Heard,
    Message,
    Missed,
    ModelDown,
    ModelUp,
    PortsChanged,
    Received,
    Status,
)
from bachbridge.settings import Settings, checked

_NO_MODEL = "no model"
_SHOWN = 12
"""Notes of a phrase that are named."""


@dataclass(slots=True)
class Telling:
    """What is known of the engine; `take` one message after another."""

    settings: Settings
    condition: str = "starting"
    tempo: str = ""
    chord: str = ""
    """The voices that moved last, in mode "harmonize"."""
    latency: str = ""
    ports: tuple[str, str] = field(default=("", ""))

    def take(self, message: Message) -> str | None:
        """The sentence that a message is worth, if any. Raises the engine's own sentence where it cannot go on."""
        match message:
            case Failed(error):
                raise BachBridgeError(error)
            case PortsChanged(source, sink):
                return self._ports(source, sink)
            case Received() if self.settings.mode != "harmonize":
                self.condition = "listening"
            case ModelUp() if self.condition in ("starting", _NO_MODEL):
                self.condition = "ready"
            case ModelDown():
                self.condition = _NO_MODEL
            case Health():
                self.latency = f"99 of 100 notes at most {message.late_p99_ns / 1e6:.1f} ms late"
            case Status(topic, text) if topic != "port":
                return f"{topic.capitalize()}: {text.rstrip('.')}."
            case _:
                return self._music(message)
        return None

    def _music(self, message: Message) -> str | None:
        """What a report of the dialogue itself is worth."""
        match message:
            case Heard(phrase, _, step_ns, ended_by):
                self.tempo = f"{bpm_of(step_ns):.0f} bpm"
                what = f"Heard {_notes(len(phrase.notes))} in {_bars(phrase)} at {self.tempo}"
                return f"{what}, ended by {ended_by}: {_names(phrase)}"
            case Answering():
                self.condition = "answering"
            case Answered(_, notes, interrupted):
                self.condition = "ready"
                return f"Answered with {_notes(len(notes))}{', cut short' if interrupted else ''}."
            case Harmonized(_, _, voices, key):
                self._chord([pitch for _, pitch, _ in voices], key)
            case Missed(_, what):
                self.condition = "ready"
                return f"No answer: {what.rstrip('.')}."
            case _:
                pass
        return None

    def _chord(self, pitches: list[int], key: int) -> None:
        """What moved last, and the key (see `events.Plan`)."""
        known = key_numbered(key)
        self.condition = f"harmonizing in {key_name(known)}" if known else "harmonizing"
        self.chord = " ".join(map(pitch_name, pitches)) or self.chord

    def status(self) -> str:
        """The line at the foot of the terminal."""
        facts = (self.settings.mode, self.settings.model, self.tempo, self.condition, self.chord, self.latency)
        return " · ".join(fact for fact in facts if fact) + "   (Ctrl-C ends)"

    def _ports(self, source: str, sink: str) -> str | None:
        if (source, sink) == self.ports:
            return None
        self.ports = (source, sink)
        if source and sink:
            return f'Listening to "{source}", playing to "{sink}".'
        gone = " and ".join(word for word, name in (("input", source), ("output", sink)) if not name)
        return f"Waiting for the {gone} port to come back."


def _notes(count: int) -> str:
    return "1 note" if count == 1 else f"{count} notes"


def _bars(phrase: Phrase) -> str:
    bars = phrase.steps / phrase.steps_per_bar
    return "1 bar" if bars == 1 else f"{bars:.3g} bars"


def _names(phrase: Phrase) -> str:
    names = [pitch_name(note.pitch) for note in phrase.notes]
    return " ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _print_plainly(messages: Iterable[Message], telling: Telling) -> None:
    for message in messages:
        sentence = telling.take(message)
        if sentence:
            print(sentence, flush=True)


def _print_live(messages: Iterable[Message], telling: Telling) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    with Live(Text(telling.status(), style="dim"), console=console, auto_refresh=False, transient=True) as live:
        shown = ""
        for message in messages:
            sentence = telling.take(message)
            if sentence:
                console.print(sentence, markup=False)
            if sentence or telling.status() != shown:
                shown = telling.status()
                live.update(Text(shown, style="dim"), refresh=True)


def play(settings: Settings, *, input_name: str | None, output_name: str | None, log: Path | None = None) -> None:
    """Play until Ctrl-C or until the engine cannot go on; then everything is silent and closed."""
    from bachbridge.inference.runtime import library
    from bachbridge.process.ipc import Link

    library.find(checked(settings).model)
    show = _print_live if sys.stdout.isatty() else _print_plainly
    with Link(settings, input_name, output_name, log=log) as link:
        try:
            show(link.messages(), Telling(settings))
        except KeyboardInterrupt:
            return
        status = link.close()
    if status:
        raise BachBridgeError(f"the engine ended by itself (status {status}): start with --log FILE and report it")
