"""Dreams have the given length, keep the beat from part to part, and are written whole or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import pytest

from bachbridge.cli.transform import continue_
from bachbridge.cli.transform.dream import DreamOptions, dream_file
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import Ask
from bachbridge.protocol.events import Answer
from tests.support import hash_symbol_net
from tests.support.midi_bytes import track_body


@dataclass
class FakeModel:
    """Answers with quarter notes in `voices` voices, each reported first one step long; or with silence."""

    voices: int = 4
    silent: bool = False
    asks: list[Ask] = field(default_factory=list[Ask])
    tasks: tuple[str, ...] = ("continue",)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        self.asks.append(ask)
        yield None
        for start in range(0, ask.steps, 4):
            for length in (1, 4):
                chord = [Note(start, length, 72 - 7 * v + start % 5, 60 + v, v, -9_000_000) for v in range(self.voices)]
                final = length == 4 and start + 4 == ask.steps
                yield Answer(ask.ask, () if self.silent else tuple(chord), start + length, final)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(continue_, "load_model", lambda _: fake)
    return fake


def dream_options(**changes: Any) -> DreamOptions:
    return replace(DreamOptions("m", 1.0, temperature=0.8, seed=7, program=24, bpm=120.0), **changes)


def test_dream_is_steady_and_has_the_given_length(tmp_path: Path, model: FakeModel) -> None:
    target = tmp_path / "out.mid"
    dream_file(target, dream_options())
    song = read_midi(target)
    assert song.timeline.beat_us_at(0) == 500_000
    assert len(song.notes) == 120 * 4
    by_voice = [[note for note in song.notes if note.channel == v] for v in range(4)]
    for notes in by_voice:
        gaps = {b.start - a.start for a, b in pairwise(notes[1:])}
        assert gaps <= {960, 960 - 17, 960 + 17}, "a part's first note is not before its part"
        assert all(a.end - b.start <= 18 for a, b in pairwise(notes))
    assert mido.MidiFile(target).length == pytest.approx(60, abs=2)
    names = [track.name for track in mido.MidiFile(target).tracks]
    assert names == ["A dream of m", "Soprano", "Alto", "Tenor", "Bass"]
    assert [ask.seed for ask in model.asks] == [*range(7, 7 + len(model.asks))]
    assert {ask.steps for ask in model.asks[:-1]} == {8 * 16}
    assert sum(ask.steps for ask in model.asks) == 480
    assert model.asks[1].prompt.steps == 8 * 16
    assert max(ask.prompt.steps for ask in model.asks) <= 16 * 16


def test_dream_takes_tempo_and_meter_from_its_phrase(tmp_path: Path, model: FakeModel) -> None:
    model.voices = 1
    source, target = tmp_path / "in.mid", tmp_path / "out.mid"
    conductor = track_body(
        [(0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8)))), (0, meta_event(TEMPO, (600_000).to_bytes(3)))]
    )
    source.write_bytes(encode_file(480, [conductor, part_body("lead", 2, 40, [(0, 480, 67, 90), (480, 1440, 71, 70)])]))
    dream_file(target, dream_options(phrase=source, bpm=0.0, minutes=0.2))
    assert model.asks[0].prompt.notes[0].pitch == 67
    song = read_midi(target)
    assert song.timeline.beat_us_at(0) == 600_000
    assert song.phrase.steps_per_bar == 12
    assert model.asks[0].steps == 7 * 12
    written = mido.MidiFile(target)
    assert [track.name for track in written.tracks] == ["A dream of m"] * 2
    assert [m.program for m in written.tracks[1] if m.type == "program_change"] == [24]


def test_dream_is_the_same_for_the_same_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        continue_, "load_model", lambda _: SymbolGenerator(hash_symbol_net.HashNet(), hash_symbol_net.MelodyCodec())
    )
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        dream_file(tmp_path / name, dream_options(seed=seed, minutes=0.5))
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_dream_returns_to_the_phrase_after_silence(tmp_path: Path, model: FakeModel) -> None:
    model.silent = True
    dream_file(tmp_path / "out.mid", dream_options())
    assert len({ask.prompt for ask in model.asks}) == 1
    assert len(mido.MidiFile(tmp_path / "out.mid").tracks) == 1


@pytest.mark.parametrize("minutes", [0.0, -1.0, 24 * 60 + 1.0])
def test_dream_refuses_an_impossible_length(tmp_path: Path, minutes: float) -> None:
    with pytest.raises(ConfigError, match="cannot dream for"):
        dream_file(tmp_path / "out.mid", dream_options(minutes=minutes))


def test_dream_leaves_no_file_if_the_model_fails(
    tmp_path: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(ask: Ask) -> Iterator[Answer | None]:
        if len(model.asks) > 2:
            raise BachBridgeError("no more")
        yield from FakeModel.generate(model, ask)

    monkeypatch.setattr(model, "generate", fail)
    with pytest.raises(BachBridgeError, match="no more"):
        dream_file(tmp_path / "out.mid", dream_options())
    assert list(tmp_path.iterdir()) == []
