"""The player's melody: the note that is harmonized, and the keys and pedal that hold it."""

from dataclasses import dataclass, field

from bachbridge.engine.input.chord_onsets import MelodyKeys, PressedKey
from bachbridge.midi import messages as midi
from bachbridge.music.frames import pitch_index


@dataclass(frozen=True, slots=True)
class MelodyNote:
    """The note that is harmonized."""

    pitch: int
    velocity: int
    on_ns: int
    octave_shift: int
    """Semitones added to the pitch for the model, so that it lies in the range of the player's voice."""
    wait_ns: int = 0
    """How long the note must last until it has a chord: 0 unless it is an ornament."""
    revises_chord: bool = False
    """True if a chord sounds for another key of the chord that the player is striking."""

    @property
    def is_ornament(self) -> bool:
        return self.wait_ns > 0

    @property
    def pitch_index(self) -> int:
        """Index of the shifted pitch in the model's frames."""
        return pitch_index(self.pitch + self.octave_shift)


@dataclass(slots=True)
class Hands:
    """The keys and the pedal that the player holds."""

    keys: MelodyKeys = field(default_factory=MelodyKeys)
    pedal_down: bool = False
    next_note: PressedKey | None = None
    """The key that the last release made the tune's."""

    @property
    def hold_nothing(self) -> bool:
        return not self.keys and not self.pedal_down

    def release_all(self) -> None:
        self.keys.clear()
        self.pedal_down = False

    def handle_release(self, now_ns: int, message: midi.MidiMessage) -> bool:
        """Apply a note-off, a move of the pedal or All Notes Off; return False for any other message."""
        self.next_note = None
        match message:
            case midi.NoteOff(_, pitch):
                self.next_note = self.keys.release(now_ns, pitch)
            case midi.ControlChange(_, midi.SUSTAIN, value):
                self.pedal_down = value >= midi.SWITCH_THRESHOLD
            case midi.ControlChange(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self.keys.clear()
            case _:
                return False
        return True
