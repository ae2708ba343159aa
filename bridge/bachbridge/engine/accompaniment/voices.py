"""The voices that sound under a melody: who sings what now, on which channel, and how loud.

Everything is struck and released on the agenda's count, so that voices in unison on one channel end when the last of
them does, and whoever silences the agenda silences these as well.
"""

from bachbridge.codecs import satb
from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.output.voice_output import Voiced, voiced
from bachbridge.music.notes import VOICES
from bachbridge.protocol.events import Send
from bachbridge.settings import Settings

Begun = tuple[int, int, int]
"""Voice, MIDI pitch and velocity."""


class Chorus:
    """Used on the engine's thread only."""

    __slots__ = ("_agenda", "_sounding")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._sounding: dict[int, tuple[int, int]] = {}
        """By voice, the channel and pitch that sound."""

    @property
    def sounds(self) -> bool:
        return bool(self._sounding)

    def sing(
        self, now_ns: int, frame: tuple[int, ...], settings: Settings, velocity: int, lower: int
    ) -> tuple[list[Send], tuple[Begun, ...]]:
        """Go on to `frame` (see `piece`), `lower` semitones below where it is written, the player's own voice left out.

        Returns what is to be sent, ends before beginnings, and who begins.
        """
        wanted = _wanted(frame, settings, velocity, lower)
        struck = [
            voice for voice, to in wanted.items() if self._sounding.get(voice) != to[:2] or frame[-1] >> voice & 1
        ]
        gone = [voice for voice in self._sounding if voice not in wanted or voice in struck]
        sends = [send for voice in gone for send in self._agenda.release(*self._sounding.pop(voice), now_ns)]
        begun: list[Begun] = []
        for voice in struck:
            channel, pitch, loud = wanted[voice]
            self._sounding[voice] = channel, pitch
            sends += self._agenda.strike(channel, pitch, loud, now_ns)
            begun.append((voice, pitch, loud))
        return sends, tuple(begun)

    def release(self, now_ns: int) -> list[Send]:
        """End every voice."""
        sends = [send for to in self._sounding.values() for send in self._agenda.release(*to, now_ns)]
        self.forget()
        return sends

    def forget(self) -> None:
        """The agenda has ended them all."""
        self._sounding.clear()


def _wanted(frame: tuple[int, ...], settings: Settings, velocity: int, lower: int) -> dict[int, Voiced]:
    """By voice, what is to sound."""
    sung: dict[int, Voiced] = {}
    for voice, name in enumerate(VOICES):
        if name != settings.voice and frame[voice] != satb.REST:
            as_sent = voiced(settings, voice, satb.pitch_of(frame[voice]) - lower, velocity)
            if as_sent:
                sung[voice] = as_sent
    return sung
