"""Options that several commands share: the key, the model as a folder, and numbers as people write them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bachbridge.cli.main import app
from bachbridge.cli.transform.infill_run import parse_style
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import write_midi
from bachbridge.inference.runtime import library
from bachbridge.music.performance import Part, TimedNote
from bachbridge.music.timeline import COMMON_TIME
from bachbridge.settings import Settings, with_setting

BEAT_NS = 500_000_000


@pytest.fixture
def melody(tmp_path: Path) -> Path:
    """Write a line whose six pitch classes belong to several keys."""
    path = tmp_path / "melody.mid"
    pitches = (67, 69, 71, 72, 74, 72, 71, 69)
    notes = tuple(TimedNote(i * BEAT_NS, (i + 1) * BEAT_NS, pitch, 80) for i, pitch in enumerate(pitches))
    write_midi(path, [Part(0, notes)], bpm=120, meter=COMMON_TIME)
    return path


def added_pitch_classes(command: list[str], melody: Path) -> list[int]:
    target = melody.with_name("out.mid")
    done = CliRunner().invoke(app, [*command, str(melody), "-o", str(target), "--force"])
    assert done.exit_code == 0, done.output
    return [note.pitch % 12 for note in read_midi(target).notes if note.track > 1]


@pytest.mark.parametrize("model", [[], ["--model", "coconet", "--fast"]])
def test_harmonize_keeps_to_the_given_key(model: list[str], melody: Path) -> None:
    """The rule costs and does not forbid: a note beside the key remains possible."""
    in_c = added_pitch_classes(["harmonize", "--key", "C-Dur", *model], melody)
    in_d = added_pitch_classes(["harmonize", "--key", "D", *model], melody)
    sharps = {1, 6}
    assert sum(pitch in sharps for pitch in in_d) > sum(pitch in sharps for pitch in in_c)


@pytest.mark.parametrize("command", ["harmonize", "continue", "mend", "vary"])
def test_unknown_key_is_refused_in_our_words(command: str, melody: Path) -> None:
    done = CliRunner().invoke(app, [command, str(melody), "--key", "waltz"])
    assert 'key cannot be "waltz": give auto, a key such as G' in str(done.exception)


def test_style_of_a_mode_rests_on_its_final() -> None:
    style = parse_style("all", 0.9, "D dorisch")
    assert (style.key, style.final) == ((0, False), 2)


def test_model_is_a_name_or_a_folder(melody: Path) -> None:
    folder = library.find_card("chorale-lstm").folder
    by_name = added_pitch_classes(["harmonize"], melody)
    assert by_name == added_pitch_classes(["harmonize", "--model", str(folder)], melody)
    assert library.find_card(str(folder / "card.json")).folder == folder
    done = CliRunner().invoke(app, ["harmonize", str(melody), "--model", "./nothing"])
    assert "there is no model in ./nothing" in str(done.exception)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "90%", 0.9),
        ("temperature", "0,9", 0.9),
        ("top_p", "95 %", 0.95),
        ("bpm", "96.5", 96.5),
        ("levels", "100%,85%,85%,95%", (100, 85, 85, 95)),
    ],
)
def test_numbers_are_understood_as_people_write_them(name: str, text: str, value: object) -> None:
    assert getattr(with_setting(Settings(), name, text), name) == value


def test_share_takes_a_percentage(melody: Path) -> None:
    done = CliRunner().invoke(app, ["vary", str(melody), "--share", "140%"])
    assert "cannot vary a share of 1.4" in str(done.exception)
