"""The parts of `bench --harmony`: tunes, the player in virtual time, and the figures."""

import pytest

from bachbridge.cli.bench.harmony.figures import compute_figures, tonic_family
from bachbridge.cli.bench.harmony.melodies import FIRST_CHORD_GROUPS, Melody, melodies
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
    performance = play(SixthsPlanner(), TUNE, Settings(mode="harmonize", seed=1), STEP_NS)
    assert set(performance.sounding_at(performance.time_of(0) + 40 * MS)) == {1, 2, 3}
    figures = compute_figures([(Melody("folk", "C", TUNE), performance)])
    assert (figures.no_chord, figures.short_notes) == (0, 0)
    assert figures.changed_cells > 0


def test_compute_figures_judges_the_first_chord() -> None:
    def figures_with(*pitches: int) -> tuple[float, float, float]:
        performance = HarmonizedTune(TUNE, STEP_NS)
        end_ns = performance.time_of(16)
        performance.sounded += [
            Sounded(voice + 1, pitch, performance.time_of(0), end_ns) for voice, pitch in enumerate(pitches)
        ]
        figures = compute_figures([(Melody("folk", "C", TUNE), performance)])
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
