"""The names of what sounds: chords of a chorale phrase, passing notes, broken chords, keys and cadences."""

import pytest

from bachbridge.music.notes import Note
from bachbridge.music.phrasing.cadence_kinds import closing_cadence
from bachbridge.protocol.effects import CadenceReached, SoundingHarmony
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S

BEAT_NS = 600 * MS
FLAT_PHRASE = (
    (53, 60, 65, 69), (58, 62, 65, 70), (48, 58, 64, 67), (50, 57, 65, 65), (46, 58, 65, 67), (48, 55, 64, 72),
    (53, 60, 65, 69),
)  # fmt: skip
"""A phrase in F major, from bass to soprano."""
MINOR_PHRASE = (
    (43, 58, 62, 67), (42, 57, 62, 69), (43, 55, 62, 70), (48, 55, 63, 72), (50, 55, 62, 70), (38, 54, 60, 69),
    (43, 55, 58, 67),
)  # fmt: skip
"""A phrase in G minor, with a first inversion, a six-four chord and a dominant seventh."""


def played(*beats: tuple[int, ...], settings: Settings | None = None, last_beats: int = 4) -> Driver:
    driver = Driver(settings or Settings(mode="off", bpm=100.0))
    for beat, pitches in enumerate(beats):
        for pitch in pitches:
            length_ns = (last_beats if beat == len(beats) - 1 else 1) * BEAT_NS
            driver.play(S + beat * BEAT_NS, pitch, length_ns - 20 * MS)
    driver.run(S + (len(beats) + 12) * BEAT_NS)
    return driver


def harmonies(driver: Driver) -> list[SoundingHarmony]:
    return [report for _, report in driver.messages_of(SoundingHarmony) if isinstance(report, SoundingHarmony)]


def chords_of(driver: Driver) -> list[str]:
    """Names in their order, each once."""
    names = [report.chord for report in harmonies(driver)]
    return [name for name, before in zip(names, ["", *names], strict=False) if name and name != before]


def test_chords_of_phrase_in_f_major_are_named() -> None:
    driver = played(*FLAT_PHRASE)
    assert chords_of(driver) == ["F", "Bb", "C7", "Dm", "Gm7/Bb", "C", "F"]
    reports = harmonies(driver)
    assert [report.numeral for report in reports[1:7]] == ["IV", "V7", "vi", "ii65", "V", "I"]
    assert reports[6].since_ns == S + 6 * BEAT_NS
    assert (reports[-1].chord, reports[-1].key, reports[-1].confidence > 0.8) == ("", 5, True)


def test_minor_phrase_is_spelt_by_its_key() -> None:
    driver = played(*MINOR_PHRASE)
    assert chords_of(driver) == ["Gm", "D/F#", "Gm", "Cm", "Gm/D", "D7", "Gm"]
    ((_, cadence),) = driver.messages_of(CadenceReached)
    assert cadence == CadenceReached(S + 6 * BEAT_NS, "authentic", 19)


def test_quick_passing_note_does_not_rename_chord() -> None:
    driver = Driver(Settings(mode="off", bpm=100.0))
    for pitch in (48, 55, 64):
        driver.play(S, pitch, 4 * BEAT_NS)
    for eighth, pitch in enumerate((72, 74, 76, 77, 79, 77, 76, 74)):
        driver.play(S + eighth * BEAT_NS // 2, pitch, BEAT_NS // 2 - 20 * MS)
    driver.run(10 * S)
    assert chords_of(driver) == ["C"]


def test_seventh_that_lasts_renames_chord() -> None:
    driver = played((43, 59, 62, 67), (43, 59, 62, 65), (48, 60, 64, 67))
    assert chords_of(driver) == ["G", "G7", "C"]


def test_broken_chord_keeps_one_name() -> None:
    driver = Driver(Settings(mode="off", bpm=100.0))
    for eighth in range(16):
        driver.play(S + eighth * BEAT_NS // 2, (48, 55, 52, 55)[eighth % 4], BEAT_NS // 2 - 20 * MS)
    driver.run(20 * S)
    assert chords_of(driver) == ["C"]


def test_bare_melody_has_key_but_no_chord() -> None:
    driver = played(*((pitch,) for pitch in (67, 69, 70, 72, 74, 72, 70, 69, 67)))
    assert chords_of(driver) == []
    assert harmonies(driver)[-1].key == 19


def test_set_key_is_certain() -> None:
    driver = played(*FLAT_PHRASE[:2], settings=Settings(mode="off", bpm=100.0, key="Bb major"))
    assert {(report.key, report.confidence) for report in harmonies(driver)} == {(10, 1.0)}


def test_panic_and_release_end_the_chord() -> None:
    driver = played((48, 55, 64))
    assert harmonies(driver)[-1].chord == ""
    assert driver.session.deadline is None


@pytest.mark.parametrize(
    ("chords", "kind"),
    [
        (((43, 59, 62, 67), (48, 55, 64, 72)), "authentic"),
        (((41, 57, 60, 65), (48, 55, 64, 72)), "plagal"),
        (((48, 55, 64, 72), (43, 59, 62, 67)), "half"),
        (((43, 59, 62, 67), (45, 60, 64, 69)), "deceptive"),
        (((43, 59, 62, 67), (52, 60, 67, 72)), None),
        (((48,), (43,)), None),
    ],
)
def test_cadences_are_told_apart(chords: tuple[tuple[int, ...], ...], kind: str | None) -> None:
    notes = [Note(4 * beat, 4, pitch) for beat, pitches in enumerate(chords) for pitch in pitches]
    assert closing_cadence(notes, (0, False)) == kind
