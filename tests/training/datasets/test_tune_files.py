"""ABC tunes that the commands write, as music21 reads them: voices, pitches, bars that add up."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.cli.transform import continue_
from bachbridge.cli.transform.continue_ import continue_file
from bachbridge.cli.transform.text import convert_file
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TIME_SIGNATURE, encode_file, meta_event
from bachbridge.inference.runtime.protocols import State
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.frames import Floats, Ints
from tests.support.midi_bytes import track_body

TUNE = "X:1\nT:A waltz\nM:3/4\nL:1/8\nK:F#m\n|:C|F2 ^E2 F2|A3 G F2|^e4-^e2|f2 f2 c:|\n"


class Restless:
    """A network that prefers another symbol after every symbol."""

    def initial_state(self) -> State:
        return (np.zeros((1, 1), np.float32),)

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        after = (state[0] * 3 + ids[:1, :1] + 1).astype(np.float32) % 997
        return after, (after,)

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        del known
        return 3 * np.sin(hidden * np.arange(1, 200, dtype=np.float32))


def parts_of(path: Path) -> list[Any]:
    from music21 import converter

    read: Any = converter.parse(path.read_text("utf-8"), format="abc")
    return list(read.parts)


def bars_of(part: Any) -> list[float]:
    """Return the lengths of the bars in quarters."""
    return [float(bar.duration.quarterLength) for bar in part.getElementsByClass("Measure")]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary([TUNE.split("waltz\n")[1]]))
    monkeypatch.setattr(continue_, "load_model", lambda _: SymbolGenerator(Restless(), codec))


def midi(path: Path) -> Path:
    """Return four bars of a line with chromatic notes, tied over the bar lines."""
    rows = [(at * 360, at * 360 + 360, 60 + at * 5 % 13, 80) for at in range(16)]
    told = track_body([(0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8))))])
    path.write_bytes(encode_file(480, [told, part_body("line", 0, 0, rows)]))
    return path


@pytest.mark.usefixtures("model")
def test_continued_tune_has_bars_that_add_up(tmp_path: Path) -> None:
    source, target = tmp_path / "in.abc", tmp_path / "out.abc"
    source.write_text(TUNE, "utf-8")
    continue_file(source, target, bars=8, temperature=1.0, seed=4, model="m")
    (part,) = parts_of(target)
    assert bars_of(part) == [0.5, *[3.0] * 3, 2.5, 0.5, *[3.0] * 7, 2.5]


@pytest.mark.usefixtures("model")
def test_tune_from_midi_has_bars_that_add_up(tmp_path: Path) -> None:
    source, target = midi(tmp_path / "in.mid"), tmp_path / "out.abc"
    continue_file(source, target, bars=6, temperature=1.0, seed=4, model="m")
    (part,) = parts_of(target)
    assert bars_of(part) == [3.0] * 10


def test_tune_writer_keeps_signs_ties_and_voices(tmp_path: Path) -> None:
    source, target = midi(tmp_path / "in.mid"), tmp_path / "out.abc"
    song = read_midi(source)
    chunks = [*song.track_bodies, part_body("bass", 1, 0, [(0, 5760, 43, 80)])]
    source.write_bytes(encode_file(480, chunks))
    convert_file(source, target, steps_per_beat=4)
    upper, lower = parts_of(target)
    assert [note.pitch.midi for note in upper.stripTies().recurse().notes] == [60 + at * 5 % 13 for at in range(16)]
    assert {note.pitch.midi for note in lower.recurse().notes} == {43}
    assert bars_of(upper) == bars_of(lower) == [3.0] * 4
