"""The input stage: what comes out for what the player sends."""

from collections.abc import Iterator

import pytest

from bachbridge.engine.input.player_input import PlayerInput
from bachbridge.engine.input.roles import LeftHand, left_hand_of
from bachbridge.midi import messages as midi
from bachbridge.settings import Settings

MS = 1_000_000
MELODY, LEFT, NONE = "melody", "left", "none"


class Keyboard:
    """Presses keys 200 ms apart and shows what the input stage makes of them."""

    def __init__(self, **settings: object) -> None:
        self.settings = Settings(**settings)  # pyright: ignore[reportArgumentType] # names and values of the tests
        self.player_input = PlayerInput()
        self.now_ns = 0

    def feed(self, message: midi.MidiMessage, after_ms: int = 200) -> list[tuple[str, midi.MidiMessage]]:
        self.now_ns += after_ms * MS
        routed = self.player_input.handle_message(self.now_ns, message, self.settings)
        return [(each.role, each.message) for each in routed]

    def roles(self, *pitches: int, after_ms: int = 200, channel: int = 0) -> list[str]:
        """Press keys and hold them; return the role of each."""
        return [self.feed(midi.NoteOn(channel, pitch, 80), after_ms)[0][0] for pitch in pitches]

    def release(self, *pitches: int, channel: int = 0) -> list[tuple[str, midi.MidiMessage]]:
        return [each for pitch in pitches for each in self.feed(midi.NoteOff(channel, pitch))]

    def tap(self, *pitches: int) -> Iterator[str]:
        """Press and release one key after the other; yield their roles."""
        for pitch in pitches:
            yield from self.roles(pitch)
            self.release(pitch)


def test_everything_is_melody_by_default() -> None:
    assert Keyboard().roles(36, 60, 84, channel=3) == [MELODY] * 3


def test_fixed_split_parts_the_hands() -> None:
    keyboard = Keyboard(hands="split", split_point=60)
    assert keyboard.roles(59, 60, 48) == [LEFT, MELODY, LEFT]
    assert left_hand_of(keyboard.player_input.left_pitches) == LeftHand((0, 11), 48)
    keyboard.release(48, 59)
    assert left_hand_of(keyboard.player_input.left_pitches) is None


def test_learnt_split_follows_the_hands() -> None:
    low = Keyboard(hands="split")
    assert low.roles(40, 43, 57) == [LEFT, LEFT, LEFT], "before it is learnt"
    low.release(40, 43, 57)
    assert low.roles(36, 40, 55)[:2] == [LEFT, LEFT]
    low.release(36, 40, 55)
    assert list(low.tap(55, 41)) == [MELODY, LEFT]


def test_learnt_split_lets_melody_wander_below_it() -> None:
    assert list(Keyboard(hands="split").tap(64, 62, 60, 59, 57, 55)) == [MELODY] * 6


def test_learnt_split_takes_alberti_bass_for_left_hand() -> None:
    keyboard = Keyboard(hands="split")
    keyboard.roles(72)
    assert list(keyboard.tap(48, 55, 52, 55)) == [LEFT] * 4
    keyboard.release(72)
    keyboard.roles(64)
    assert list(keyboard.tap(48, 55, 52, 55)) == [LEFT] * 4


def test_hands_have_their_channels() -> None:
    keyboard = Keyboard(hands="channels", melody_channel=3, chord_channel=1)
    assert keyboard.roles(40, channel=2) == [MELODY]
    assert keyboard.roles(80, channel=0) == [LEFT]
    assert keyboard.roles(60, channel=1) == [NONE]
    assert keyboard.feed(midi.ControlChange(1, 64, 127)) == [(NONE, midi.ControlChange(1, 64, 127))]


def test_lowest_keys_are_the_left_hand() -> None:
    keyboard = Keyboard(hands="lowest", left_keys=2)
    assert keyboard.roles(72, 48, 55, 64) == [MELODY, LEFT, LEFT, MELODY]


def test_lowest_key_changes_hands_when_melody_comes() -> None:
    keyboard = Keyboard(hands="lowest", left_keys=3)
    assert keyboard.roles(48) == [MELODY], "nothing tells yet"
    assert keyboard.feed(midi.NoteOn(0, 72, 80)) == [(MELODY, midi.NoteOn(0, 72, 80)), (MELODY, midi.NoteOff(0, 48))]
    assert left_hand_of(keyboard.player_input.left_pitches) == LeftHand((0,), 48)
    assert keyboard.release(48) == [(LEFT, midi.NoteOff(0, 48))]
    keyboard.release(72)
    assert list(keyboard.tap(50, 71)) == [LEFT, MELODY], "the nearer hand"


@pytest.mark.parametrize(("ignored", "role"), [("10", NONE), ("none", MELODY), ("1,10", NONE), ("16", MELODY)])
def test_ignored_channels_do_not_count(ignored: str, role: str) -> None:
    keyboard = Keyboard(ignored_channels=ignored)
    assert keyboard.feed(midi.NoteOn(9, 36, 100)) == [(role, midi.NoteOn(9, 36, 100))]
    assert keyboard.feed(midi.ControlChange(9, 64, 127))[0][0] == role
    assert keyboard.feed(midi.NoteOff(9, 36)) == [(role, midi.NoteOff(9, 36))]


def test_key_on_two_channels_is_held_while_one_is_down() -> None:
    keyboard = Keyboard()
    assert keyboard.roles(60) == [MELODY]
    assert keyboard.feed(midi.NoteOn(1, 60, 80), 5) == [], "a copy"
    assert keyboard.feed(midi.NoteOn(2, 60, 90)) == [(MELODY, midi.NoteOn(0, 60, 90))], "struck again"
    assert keyboard.release(60) == []
    assert keyboard.release(60, channel=2) == []
    assert keyboard.release(60, channel=1) == [(MELODY, midi.NoteOff(0, 60))]
    assert keyboard.release(60) == [(MELODY, midi.NoteOff(0, 60))], "unknown, passed on"


def test_pedal_is_down_while_one_of_two_is() -> None:
    keyboard = Keyboard()
    moves = [(0, 127), (1, 127), (0, 0), (1, 0)]
    roles = [keyboard.feed(midi.ControlChange(channel, 64, value))[0][0] for channel, value in moves]
    assert roles == [MELODY, MELODY, NONE, MELODY]


def test_all_notes_off_releases_its_channel() -> None:
    keyboard = Keyboard()
    keyboard.roles(60)
    keyboard.roles(64, channel=1)
    message = midi.ControlChange(0, 123, 0)
    assert keyboard.feed(message) == [(MELODY, midi.NoteOff(0, 60)), (NONE, message)]
    assert keyboard.feed(midi.ControlChange(1, 123, 0)) == [(MELODY, midi.ControlChange(1, 123, 0))]


@pytest.mark.parametrize(
    ("transpose", "pitch", "expected"), [(12, 60, 72), (-24, 60, 36), (24, 120, 120), (24, 127, 127), (-24, 5, 5)]
)
def test_transposition_stays_within_midi(transpose: int, pitch: int, expected: int) -> None:
    keyboard = Keyboard(transpose=transpose)
    assert keyboard.feed(midi.NoteOn(0, pitch, 80)) == [(MELODY, midi.NoteOn(0, expected, 80))]
    keyboard.settings = Settings()
    assert keyboard.release(pitch) == [(MELODY, midi.NoteOff(0, expected))], "as it began"


@pytest.mark.parametrize(
    ("curve", "velocities"),
    [("linear", [1, 64, 127]), ("soft", [7, 84, 127]), ("hard", [1, 40, 127]), ("2", [1, 32, 127])],
)
def test_velocity_curve_shapes_the_touch(curve: str, velocities: list[int]) -> None:
    keyboard = Keyboard(velocity_curve=curve)
    played = [keyboard.feed(midi.NoteOn(0, pitch, velocity))[0][1] for pitch, velocity in ((1, 1), (2, 64), (3, 127))]
    assert [note.velocity for note in played if isinstance(note, midi.NoteOn)] == velocities


def test_latch_holds_chord_until_the_next_one() -> None:
    keyboard = Keyboard(latch=True, hands="split", split_point=60)
    keyboard.roles(48, 52, after_ms=20)
    assert keyboard.release(48, 52) == []
    assert left_hand_of(keyboard.player_input.left_pitches) == LeftHand((0, 4), 48)
    keyboard.roles(72)
    assert keyboard.release(72) == []
    ends = [(LEFT, midi.NoteOff(0, 48)), (LEFT, midi.NoteOff(0, 52))]
    assert keyboard.feed(midi.NoteOn(0, 50, 80)) == [*ends, (LEFT, midi.NoteOn(0, 50, 80))]
    released = [each.message for each in keyboard.player_input.release_latch()]
    assert released == [midi.NoteOff(0, 72)]


def test_latch_lets_go_of_note_that_another_followed() -> None:
    keyboard = Keyboard(latch=True)
    keyboard.roles(60, 62)
    assert keyboard.release(60) == [(MELODY, midi.NoteOff(0, 60))]
    assert keyboard.release(62) == []
