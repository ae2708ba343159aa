"""The player's melody: the note that is harmonized, and the keys and pedal that hold it."""

from dataclasses import dataclass, field

from bachbridge.midi import messages as midi
from bachbridge.music.frames import pitch_index

CHORD_WINDOW_NS = 35_000_000
"""Keys pressed within this time are one chord."""


@dataclass(frozen=True, slots=True)
class MelodyNote:
    """The note that is harmonized."""

    pitch: int
    velocity: int
    on_ns: int
    octave_shift: int
    """Semitones added to the pitch for the model, so that it lies in the range of the player's voice."""
    is_ornament: bool
    """True if the note is too quick for a chord at once: the harmony waits until it stays or the metre allows it."""

    @property
    def pitch_index(self) -> int:
        """Index of the shifted pitch in the model's frames."""
        return pitch_index(self.pitch + self.octave_shift)

    @property
    def transpose_down(self) -> int:
        """Semitones by which the other voices are played lower than planned.

        If the melody lies below its voice's range, they move down with it; if it lies above, they stay where they are.
        """
        return max(0, self.octave_shift)


@dataclass(slots=True)
class Hands:
    """The keys and the pedal that the player holds."""

    pitches: set[int] = field(default_factory=set[int])
    pedal_down: bool = False

    @property
    def hold_nothing(self) -> bool:
        return not self.pitches and not self.pedal_down

    def release_all(self) -> None:
        self.pitches.clear()
        self.pedal_down = False

    def handle_release(self, message: midi.MidiMessage) -> bool:
        """Apply a note-off, a move of the pedal or All Notes Off; return False for any other message."""
        match message:
            case midi.NoteOff(_, pitch):
                self.pitches.discard(pitch)
            case midi.ControlChange(_, midi.SUSTAIN, value):
                self.pedal_down = value >= midi.SWITCH_THRESHOLD
            case midi.ControlChange(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self.pitches.clear()
            case _:
                return False
        return True
