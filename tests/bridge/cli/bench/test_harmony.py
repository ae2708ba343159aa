"""The parts of `bench --harmony`: tunes, the player in virtual time, and the figures."""

from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

from bachbridge.cli.bench.harmony.command import CHORD_COLUMNS, HAND_COLUMNS, harmony_table
from bachbridge.cli.bench.harmony.figures import compute_figures, tonic_family
from bachbridge.cli.bench.harmony.melodies import FIRST_CHORD_GROUPS, HandChord, Melody, melodies
from bachbridge.cli.bench.harmony.touch import Touch, press_keys
from bachbridge.cli.bench.harmony.two_hands import cases
from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune, Sounded, play
from bachbridge.music.notes import Note
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, plan_sixths

STEP_NS = 150 * MS
TUNE = (Note(0, 4, 72), Note(4, 4, 74), Note(8, 8, 72))


class SixthsPlanner:
    """A planner that puts its voices at fixed intervals below the tune."""

    def follow(self, request: PlanRequest) -> None:
        """Know nothing of what sounded."""

    def plan(self, request: PlanRequest) -> Plan:
        return plan_sixths(request)[1]


def test_melodies_are_tunes_in_known_keys() -> None:
    for melody in melodies():
        assert parse_key(melody.key), melody
        assert len(melody.notes) >= 8, melody
        assert all(a.end <= b.start for a, b in zip(melody.notes, melody.notes[1:], strict=False))
    assert sum(melody.group in FIRST_CHORD_GROUPS for melody in melodies()) >= 50


def test_play_gives_each_note_a_chord() -> None:
    performance = play(SixthsPlanner(), Melody("folk", "C", TUNE), Settings(mode="harmonize", seed=1), STEP_NS)
    assert set(performance.sounding_at(performance.time_of(0) + 40 * MS)) == {1, 2, 3}
    figures = compute_figures([performance])
    assert (figures.no_chord, figures.short_notes) == (0, 0)
    assert figures.changed_cells > 0


def performance_under(melody: Melody, *pitches: int) -> HarmonizedTune:
    """Return a performance in which these voices sound all the time."""
    performance = HarmonizedTune(melody, STEP_NS)
    performance.begins_ns = [performance.time_of(note.start) for note in melody.notes]
    performance.sounded += [
        Sounded(voice + 1, pitch, performance.time_of(0), performance.time_of(16))
        for voice, pitch in enumerate(pitches)
    ]
    return performance


def test_compute_figures_judges_the_first_chord() -> None:
    def figures_with(*pitches: int) -> tuple[float, float, float]:
        figures = compute_figures([performance_under(Melody("folk", "C", TUNE), *pitches)])
        return figures.first_diatonic, figures.first_in_family, figures.clashes

    assert figures_with(67, 64, 48) == (1, 1, 0)
    assert figures_with(69, 65, 53) == (1, 0, 0)
    assert figures_with(68, 63, 48) == (0, 0, pytest.approx(1 / 3))
    assert figures_with(71, 67, 48) == (1, 0, pytest.approx(2 / 3))
    assert figures_with() == (0, 0, 0)


def test_tonic_family_of_a_mode_is_on_its_final() -> None:
    assert tonic_family("D dorian")[0] == {2, 5, 9}
    assert tonic_family("A minor")[0] == {9, 0, 4}
    assert tonic_family("C")[1] == {9, 0, 4}


def test_compute_figures_judges_triads_and_obedience() -> None:
    chords = (HandChord(0, 4, (48, 52, 55)), HandChord(4, 12, (50, 55, 59)))
    figures = compute_figures([performance_under(Melody("hands", "C", TUNE, (), chords), 67, 64, 48)])
    assert (figures.obeyed_classes, figures.obeyed_bass) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert figures.triads == pytest.approx(2 / 3)
    assert compute_figures([performance_under(Melody("folk", "C", TUNE), 67, 64, 48)]).obeyed_bass is None


def test_cases_hold_a_left_hand_below_the_tune() -> None:
    groups = {melody.group: melody for melody in cases()}
    for melody in cases():
        if melody.chords:
            assert sum(chord.length for chord in melody.chords) == melody.notes[-1].end
            assert max(note.pitch for note in melody.lower) < 62 <= min(note.pitch for note in melody.notes)
    assert [note.pitch for note in groups["Alberti"].lower[:4]] == [45, 53, 48, 53]
    assert {"left chords", "lowest keys", "waltz bass", "stride", "arpeggio", "block chords"} <= groups.keys()


def test_press_keys_spreads_chords_and_overlaps_notes() -> None:
    rng = np.random.default_rng(1)
    chord = (Note(0, 4, 72), Note(0, 4, 67), Note(0, 4, 64))
    rolled = press_keys(chord, Touch(spread_ms=90, order="down"), STEP_NS, rng)
    assert [press.on_ns // MS for press in rolled] == [0, 45, 90]
    block = press_keys(chord, Touch(spread_ms=30), STEP_NS, rng)
    assert all(0 <= press.on_ns < 30 * MS for press in block)
    legato = press_keys(TUNE, Touch(overlap_ms=(20, 60)), STEP_NS, rng)
    assert all(20 * MS <= before.off_ns - after.on_ns <= 60 * MS for before, after in pairwise(legato))


def test_harmony_table_fits_into_eighty_columns() -> None:
    figures = compute_figures([performance_under(Melody("folk", "C", TUNE), 67, 64, 48)])
    names = [melody.group for melody in cases()]
    for columns in (CHORD_COLUMNS, HAND_COLUMNS):
        table = harmony_table(dict.fromkeys(names, figures), dict.fromkeys(names, 25), columns)
        assert Console(width=200).measure(table).maximum <= 80


def test_figures_find_the_voice_of_a_recognised_tune() -> None:
    melody = Melody("bass", "C", (Note(0, 4, 48), Note(4, 4, 50)))
    performance = HarmonizedTune(melody, STEP_NS)
    performance.begins_ns = [performance.time_of(note.start) for note in melody.notes]
    performance.sounded += [
        Sounded(voice, pitch + 2 * half, performance.time_of(4 * half), performance.time_of(4 * half + 4))
        for half in (0, 1)
        for voice, pitch in ((0, 67), (1, 64), (2, 60))
    ]
    assert compute_figures([performance]).parallels > 0
