"""The voices that sound under a melody, with their channels, pitches and velocities.

The scheduler counts their notes. A pitch that several voices share on one channel therefore sounds until the last of
them ends, and stopping the scheduler ends these notes as well.
"""

from bachbridge.engine.accompaniment.registers import Pitches
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note
from bachbridge.music.notes import VOICES
from bachbridge.protocol.effects import Send
from bachbridge.settings import Settings

StartedNote = tuple[int, int, int]
"""Voice, MIDI pitch and velocity."""


class AccompanimentVoices:
    """The sounding accompaniment. Used on the engine's thread only."""

    __slots__ = ("_scheduler", "_sounding")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._sounding: dict[int, tuple[int, int]] = {}
        """Channel and pitch of each sounding voice."""

    @property
    def is_sounding(self) -> bool:
        return bool(self._sounding)

    def play_frame(
        self, now_ns: int, pitches: Pitches, onset_bits: int, settings: Settings, velocity: int
    ) -> tuple[list[Send], tuple[StartedNote, ...]]:
        """Play the voices at these pitches, without the player's own voice; those with an onset bit begin anew.

        Return the messages, note-offs before note-ons, and the notes that start.
        """
        targets = _target_notes(pitches, settings, velocity)
        starting = [
            voice for voice, to in targets.items() if self._sounding.get(voice) != to[:2] or onset_bits >> voice & 1
        ]
        ending = [voice for voice in self._sounding if voice not in targets or voice in starting]
        sends = [send for voice in ending for send in self._scheduler.note_off(*self._sounding.pop(voice), now_ns)]
        started: list[StartedNote] = []
        for voice in starting:
            channel, pitch, output_velocity = targets[voice]
            self._sounding[voice] = channel, pitch
            sends += self._scheduler.note_on(channel, pitch, output_velocity, now_ns)
            started.append((voice, pitch, output_velocity))
        return sends, tuple(started)

    def release_all(self, now_ns: int) -> list[Send]:
        """End every voice."""
        sends = [send for note in self._sounding.values() for send in self._scheduler.note_off(*note, now_ns)]
        self.clear()
        return sends

    def clear(self) -> None:
        """Forget the voices; call this after the scheduler has ended all notes."""
        self._sounding.clear()


def _target_notes(pitches: Pitches, settings: Settings, velocity: int) -> dict[int, OutputNote]:
    """Return the notes of the voices, without the player's own voice."""
    targets: dict[int, OutputNote] = {}
    for voice, pitch in sorted(pitches.items()):
        output = output_note(settings, voice, pitch, velocity) if VOICES[voice] != settings.voice else None
        if output:
            targets[voice] = output
    return targets
