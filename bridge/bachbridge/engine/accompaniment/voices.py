"""The voices that sound under a melody: who sings what now, on which channel, and how loud.

Everything is struck and released on the agenda's count, so that voices in unison on one channel end when the last of
them does, and whoever silences the agenda silences these as well.
"""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note
from bachbridge.music.frames import REST, midi_pitch
from bachbridge.music.notes import VOICES
from bachbridge.protocol.events import Send
from bachbridge.settings import Settings

StartedNote = tuple[int, int, int]
"""Voice, MIDI pitch and velocity."""


class AccompanimentVoices:
    """Used on the engine's thread only."""

    __slots__ = ("_scheduler", "_sounding")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._sounding: dict[int, tuple[int, int]] = {}
        """By voice, the channel and pitch that sound."""

    @property
    def is_sounding(self) -> bool:
        return bool(self._sounding)

    def play_frame(
        self, now_ns: int, frame: tuple[int, ...], settings: Settings, velocity: int, transpose_down: int
    ) -> tuple[list[Send], tuple[StartedNote, ...]]:
        """Go on to `frame` (see `piece`), `lower` semitones below where it is written, the player's own voice left out.

        Returns what is to be sent, ends before beginnings, and who begins.
        """
        wanted = _target_notes(frame, settings, velocity, transpose_down)
        struck = [
            voice for voice, to in wanted.items() if self._sounding.get(voice) != to[:2] or frame[-1] >> voice & 1
        ]
        gone = [voice for voice in self._sounding if voice not in wanted or voice in struck]
        sends = [send for voice in gone for send in self._scheduler.note_off(*self._sounding.pop(voice), now_ns)]
        begun: list[StartedNote] = []
        for voice in struck:
            channel, pitch, loud = wanted[voice]
            self._sounding[voice] = channel, pitch
            sends += self._scheduler.note_on(channel, pitch, loud, now_ns)
            begun.append((voice, pitch, loud))
        return sends, tuple(begun)

    def release_all(self, now_ns: int) -> list[Send]:
        """End every voice."""
        sends = [send for to in self._sounding.values() for send in self._scheduler.note_off(*to, now_ns)]
        self.clear()
        return sends

    def clear(self) -> None:
        """The agenda has ended them all."""
        self._sounding.clear()


def _target_notes(
    frame: tuple[int, ...], settings: Settings, velocity: int, transpose_down: int
) -> dict[int, OutputNote]:
    """By voice, what is to sound."""
    sung: dict[int, OutputNote] = {}
    for voice, name in enumerate(VOICES):
        if name != settings.voice and frame[voice] != REST:
            as_sent = output_note(settings, voice, midi_pitch(frame[voice]) - transpose_down, velocity)
            if as_sent:
                sung[voice] = as_sent
    return sung
