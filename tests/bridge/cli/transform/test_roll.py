"""`bachbridge roll`: the picture of a file, checked by its colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bachbridge.cli.transform.roll import draw_piano_roll
from bachbridge.errors import BachBridgeError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.piano_roll_png import PLAYER_COLOUR, VOICE_COLOURS
from bachbridge.files.smf import encode_file

QUARTER = 480


def write_song(path: Path, *parts: list[int]) -> Path:
    """Write a file with one track for each part, whose pitches last a quarter each."""
    chunks = [
        part_body(
            f"part {number}",
            number,
            0,
            [(QUARTER * at, QUARTER * (at + 1), pitch, 127) for at, pitch in enumerate(part)],
        )
        for number, part in enumerate(parts)
    ]
    path.write_bytes(encode_file(QUARTER, chunks))
    return path


def colours(path: Path) -> set[tuple[int, int, int]]:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    return {(int(red), int(green), int(blue)) for red, green, blue in np.unique(pixels, axis=0)}


def test_roll_uses_the_players_colour_from_two_parts_on(tmp_path: Path) -> None:
    for parts, present, absent in (
        ([[60, 62]], {VOICE_COLOURS[0]}, {PLAYER_COLOUR}),
        ([[60, 62], [48, 50]], {PLAYER_COLOUR, VOICE_COLOURS[0]}, {VOICE_COLOURS[1]}),
    ):
        draw_piano_roll(write_song(tmp_path / "in.mid", *parts), tmp_path / "out.png", title="")
        found = colours(tmp_path / "out.png")
        assert present <= found
        assert not absent & found


def test_roll_gives_four_voices_their_own_colours(tmp_path: Path) -> None:
    draw_piano_roll(write_song(tmp_path / "in.mid", [48], [72], [60], [66]), tmp_path / "out.png", title="four")
    assert set(VOICE_COLOURS) <= colours(tmp_path / "out.png")


def test_roll_writes_no_picture_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "in.mid").write_bytes(b"words")
    with pytest.raises(BachBridgeError, match="not a MIDI file"):
        draw_piano_roll(tmp_path / "in.mid", tmp_path / "out.png", title="")
    assert not (tmp_path / "out.png").exists()


def test_roll_refuses_another_picture_format(tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match=r"ends in \.png"):
        draw_piano_roll(write_song(tmp_path / "in.mid", [60]), tmp_path / "out.jpg", title="")
    assert not (tmp_path / "out.jpg").exists()
