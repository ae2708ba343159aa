from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bachbridge.files import piano_roll_png
from bachbridge.files.piano_roll_png import PLAYER_COLOUR, VOICE_COLOURS, draw, write_png
from bachbridge.music.performance import PLAYER, Part, TimedNote
from bachbridge.music.timeline import Meter

BEAT = 500_000_000
PARTS = [
    Part(PLAYER, tuple(TimedNote(i * BEAT, (i + 1) * BEAT, 72 + i, 127) for i in range(4))),
    *(Part(voice, (TimedNote((4 + voice) * BEAT, (5 + voice) * BEAT, 67 - 5 * voice, 127),)) for voice in range(4)),
]


def count(image: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(image) == colour).all(axis=2).sum())


def test_draw_gives_every_part_its_colour():
    image = draw(PARTS, bpm=120)
    keys = draw([Part(part.voice, ()) for part in PARTS], bpm=120)
    for colour in (PLAYER_COLOUR, *VOICE_COLOURS):
        assert count(image, colour) > 2 * count(keys, colour) > 0


def test_draw_grows_with_the_music():
    one, many = (draw([Part(0, (TimedNote(0, bars * 4 * BEAT, 60, 80),))], bpm=120) for bars in (1, 20))
    assert many.width > 2 * one.width
    assert many.height == one.height
    assert draw([Part(0, (TimedNote(0, BEAT, 36, 80), TimedNote(0, BEAT, 96, 80)))], bpm=120).height > 2 * one.height
    assert draw([Part(0, (TimedNote(0, 2000 * BEAT, 60, 80),))], bpm=120).width < 13_000


def test_draw_gives_a_louder_note_a_fuller_colour():
    images = [draw([Part(0, (TimedNote(0, BEAT, 60, velocity),))], bpm=120) for velocity in (20, 127)]
    assert count(images[0], VOICE_COLOURS[0]) < count(images[1], VOICE_COLOURS[0])


@pytest.mark.parametrize("title", ["", "short", "a title that is much too long for its picture " * 4])
def test_draw_clips_nothing_at_the_edges(title: str):
    pixels = np.asarray(draw(PARTS, bpm=120, title=title))
    for edge in (pixels[:16], pixels[-8:], pixels[:, :16], pixels[:, -16:]):
        assert (edge == 255).all()


def test_write_png_draws_one_bar_for_empty_music(tmp_path: Path):
    write_png(tmp_path / "a.png", [Part(PLAYER, ())], bpm=60, meter=Meter(0, 3, 4))
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert image.width >= 2 * piano_roll_png.SCALE * 300
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
