"""The report of each chord's name under the virtual driver."""

from dataclasses import replace

import pytest

from bachbridge.engine.accompaniment.chord_namer import NAMING_DELAY_NS, ChordNamer, named_chord
from bachbridge.midi import messages as midi
from bachbridge.music.frames import pitch_index
from bachbridge.protocol.effects import ChordNamed, Harmonized, Send
from bachbridge.protocol.events import Midi, ModelUp, Reset, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

HARMONIZE = Settings(mode="harmonize", bpm=120.0, seed=1, density=-1.0)
G_MAJOR = 7


def playing(settings: Settings = HARMONIZE) -> Driver:
    driver = Driver(settings)
    driver.schedule(0, ModelUp("chorale-lstm", 400_000))
    driver.run(S // 2)
    return driver


def frame(*pitches: int) -> tuple[int, ...]:
    return (*(pitch_index(pitch) if pitch else 0 for pitch in pitches), 15)


@pytest.mark.parametrize(
    ("pitches", "key", "chord", "numeral"),
    [
        ((72, 69, 62, 54), G_MAJOR, "D7/F#", "V65"),
        ((71, 67, 62, 55), G_MAJOR, "G", "I"),
        ((70, 65, 62, 46), 5, "Bb", "IV"),
        ((72, 69, 62, 54), -1, "D7/F#", ""),
        ((72, 0, 64, 0), 0, "C/E", "I6"),
    ],
)
def test_frame_is_named_in_its_key(pitches: tuple[int, ...], key: int, chord: str, numeral: str) -> None:
    assert named_chord(1, 2, frame(*pitches), key) == [ChordNamed(1, 2, chord, numeral, key)]


@pytest.mark.parametrize("pitches", [(0, 0, 0, 0), (72, 60, 48, 36), (72, 0, 0, 0)])
def test_frame_without_two_pitch_classes_has_no_name(pitches: tuple[int, ...]) -> None:
    assert named_chord(0, 0, frame(*pitches), 0) == []


def test_chord_is_named_after_its_notes_are_sent() -> None:
    driver = playing()
    effects = driver.feed(Midi(midi.note_on(0, 72, 100)))
    assert sum(isinstance(effect, Send) for effect in effects) == 3
    assert not any(isinstance(effect, ChordNamed) for effect in effects)
    begin_ns = driver.now_ns
    driver.run(begin_ns + 100 * MS)
    ((named_ns, named),) = driver.messages_of(ChordNamed)
    assert named_ns == begin_ns + NAMING_DELAY_NS
    assert named == ChordNamed(0, 0, "Abmaj7/C", "bVI65", 0)


def test_each_chord_is_named_with_its_step() -> None:
    driver = playing()
    for n in range(6):
        driver.play(S + n * S // 4, 72 + n, 200 * MS)
    driver.run(5 * S)
    chords = [(m.piece, m.step) for _, m in driver.messages_of(Harmonized) if isinstance(m, Harmonized)]
    assert [(m.piece, m.step) for _, m in driver.messages_of(ChordNamed) if isinstance(m, ChordNamed)] == chords


def test_muted_voices_count_for_the_name() -> None:
    driver = playing(replace(HARMONIZE, harmony="b"))
    driver.play(S, 72, 200 * MS)
    driver.run(3 * S)
    assert [m for _, m in driver.messages_of(ChordNamed)] == [ChordNamed(0, 0, "Abmaj7/C", "bVI65", 0)]


@pytest.mark.parametrize("event", [Reset(), Setting("mode", "off")])
def test_chord_that_is_forgotten_at_once_has_no_name(event: Reset | Setting) -> None:
    driver = playing()
    driver.feed(Midi(midi.note_on(0, 72, 100)))
    driver.feed(event)
    driver.run(driver.now_ns + S)
    assert driver.messages_of(ChordNamed) == []


def test_namer_names_only_the_last_chord() -> None:
    namer = ChordNamer()
    namer.add_chord(0, 0, 1, frame(71, 67, 62, 55), G_MAJOR)
    namer.add_chord(MS, 0, 1, frame(72, 69, 62, 54), G_MAJOR)
    assert namer.due_ns() == MS + NAMING_DELAY_NS
    assert [report.chord for report in namer.name_chord(5 * MS)] == ["D7/F#"]
    assert namer.due_ns() is None
    assert namer.name_chord(6 * MS) == []
