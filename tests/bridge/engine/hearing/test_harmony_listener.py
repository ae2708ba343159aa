"""The names of what sounds: chords of a chorale phrase, passing notes, broken chords, keys and cadences."""

from dataclasses import replace
from itertools import groupby

import pytest

from bachbridge.engine.hearing.coming_chord import coming_chord
from bachbridge.engine.output.scheduler import ScheduledNote
from bachbridge.music.harmony.chord_names import find_chord
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.phrasing.cadence_kinds import closing_cadence
from bachbridge.protocol.effects import CadenceReached, ChordPlanned, PlanRequest, SoundingHarmony
from bachbridge.protocol.events import Answer, AnswerPhrase, Panic, Plan, PlayPhrase
from bachbridge.settings import Settings
from tests.support.virtual_driver import BEAT, MS, Driver, S, plan_sixths

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


# ---------------------------------------------------------------- the next chord


def phrase_of(*beats: tuple[int, ...]) -> Phrase:
    notes = [Note(4 * beat, 4, pitch, 80, 3 - voice) for beat, p in enumerate(beats) for voice, pitch in enumerate(p)]
    return Phrase(tuple(notes), 4 * len(beats))


def planned_chords(driver: Driver) -> list[ChordPlanned]:
    return [report for _, report in driver.messages_of(ChordPlanned) if isinstance(report, ChordPlanned)]


def test_listener_reports_the_next_chord_of_a_playback() -> None:
    driver = Driver(Settings(mode="off", bpm=120.0))
    driver.feed(PlayPhrase(phrase_of(*FLAT_PHRASE), BEAT // 4))
    driver.run(10 * S)
    sounding, coming = chords_of(driver), planned_chords(driver)
    assert sounding == ["F", "Bb", "C7", "Dm", "Gm7/Bb", "C", "F"]
    assert [name for name, _ in groupby(report.chord for report in coming)] == [*sounding[1:], ""]
    for report in coming[:-1]:
        since_ns = next(heard.since_ns for heard in harmonies(driver)[1:] if heard.chord == report.chord)
        assert abs(report.at_ns - since_ns) < 20 * MS or report.chord == "F"


def test_panic_takes_back_the_next_chord() -> None:
    driver = Driver(Settings(mode="off", bpm=120.0))
    driver.feed(PlayPhrase(phrase_of(*FLAT_PHRASE), BEAT // 4))
    driver.run(S)
    assert planned_chords(driver)[-1].chord
    driver.feed(Panic())
    assert planned_chords(driver)[-1].chord == ""


def test_player_takes_back_the_next_chord_by_playing_on() -> None:
    notes = phrase_of(*FLAT_PHRASE).notes
    driver = Driver(Settings(bpm=120.0), model=lambda ask: [(MS, Answer(ask.ask, notes, ask.steps, final=True))])
    driver.feed(AnswerPhrase(Phrase((Note(0, 8, 65),), 8), BEAT // 4, seed=1, aloud=True))
    driver.play(2200 * MS, 72, 400 * MS)
    driver.run(2100 * MS)
    assert planned_chords(driver)[-1].chord
    driver.run(2500 * MS)
    assert planned_chords(driver)[-1].chord == ""


def test_next_chord_of_an_answer_is_known_before_it_begins() -> None:
    notes = phrase_of(*FLAT_PHRASE).notes
    driver = Driver(Settings(bpm=120.0), model=lambda ask: [(MS, Answer(ask.ask, notes, ask.steps, final=True))])
    driver.feed(AnswerPhrase(Phrase((Note(0, 8, 65),), 8), BEAT // 4, seed=1, aloud=True))
    driver.run(900 * MS)
    assert not harmonies(driver) or harmonies(driver)[-1].chord == ""
    assert planned_chords(driver)[-1].chord == "F"


def test_coming_chord_passes_over_ornaments() -> None:
    def note(pitch: int, begin: int, steps: int) -> ScheduledNote:
        return ScheduledNote(0, pitch, begin * 100 * MS, (begin + steps) * 100 * MS)

    held = [note(pitch, 0, 8) for pitch in (48, 55, 64)]
    passing = [note(72, 0, 4), note(74, 4, 1), note(76, 5, 3)]
    goal = [note(pitch, 8, 4) for pitch in (43, 59, 62)]
    present = find_chord([48, 55, 64])
    chord = coming_chord(50 * MS, [*held, *passing, *goal], 100 * MS, present, (0, False))
    assert chord is not None
    assert (chord.reading.root, chord.since_ns) == (7, 800 * MS)
    assert coming_chord(50 * MS, [*held, *passing], 100 * MS, present, None) is None


def test_simulated_keys_count_for_the_key() -> None:
    def plan_in_g_minor(request: PlanRequest) -> tuple[int, Plan]:
        delay_ns, plan = plan_sixths(request)
        return delay_ns, replace(plan, key=19)

    driver = Driver(Settings(mode="harmonize", bpm=100.0), planner=plan_in_g_minor)
    tune = Phrase(tuple(Note(4 * beat, 4, pitch) for beat, pitch in enumerate((67, 69, 70, 72, 74, 72, 70, 69))), 32)
    driver.feed(AnswerPhrase(tune, BEAT_NS // 4, seed=1, aloud=True))
    driver.run(7 * S)
    assert harmonies(driver)[-1].key == 19
    assert harmonies(driver)[-1].confidence > 0.5
