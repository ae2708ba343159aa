"""The rhythm of the species."""

import pytest

from bachbridge.music.counterpoint.species import species_of


@pytest.mark.parametrize(
    ("name", "beat_steps", "strikes"),
    [
        ("1:1", 4, []),
        ("2:1", 4, [0, 2]),
        ("4:1", 4, [0, 1, 2, 3]),
        ("suspensions", 4, [2]),
        ("2:1", 6, [0, 2, 4]),
        ("suspensions", 6, [3]),
    ],
)
def test_species_strikes_at_its_places(name: str, beat_steps: int, strikes: list[int]) -> None:
    species = species_of(name, beat_steps)
    assert species
    assert [place for place in range(beat_steps) if species.strikes_at(place)] == strikes
    assert species.strikes_with_player() == (name == "1:1")
    assert species.may_break_at(0) == (name == "suspensions")
    assert not species.may_break_at(1)


def test_species_knows_the_last_note_before_the_beat() -> None:
    last = {"1:1": 0, "2:1": 2, "4:1": 3, "suspensions": 2}
    for name, place in last.items():
        species = species_of(name, 4)
        assert species
        assert species.leads_to_beat(place)
        assert not (place and species.leads_to_beat(0))


def test_species_of_other_names_is_none() -> None:
    assert species_of("free", 4) is None
    assert species_of("3:1", 4) is None
