"""The rows of `bench --sync` about answers: they measure what they say."""

from math import inf

from bachbridge.cli.bench.sync.answer_rows import SimulatedSong, answer_rows


def test_answer_rows_meet_wanted_figures() -> None:
    rows = {row.name: row for row in answer_rows()}
    for name, row in rows.items():
        if row.wanted:
            ours, former = row.figures["BachBridge"], row.figures["first onset + n steps"]
            assert ours is not None
            assert ours <= 2 < (former or inf), name


def test_simulated_song_changes_tempo_at_its_beat() -> None:
    song = SimulatedSong(120, 60, 2)
    assert [song.time_of(beat) - song.time_of(0) for beat in (1, 2, 3)] == [0.5e9, 1e9, 2e9]
