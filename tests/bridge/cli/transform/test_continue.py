import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mido
import pytest

from bachbridge.cli.options import resolve_program
from bachbridge.cli.transform import continue_
from bachbridge.cli.transform.continue_ import continue_file, free_channels, prompt_from_phrase
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError, ModelError
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from bachbridge.inference.runtime import library
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask
from bachbridge.protocol.events import Answer
from bachbridge.settings import Settings
from tests.support.biased_infill_net import make_card
from tests.support.midi_bytes import track_body

TPB = 480


@dataclass
class FakeModel:
    """Answers every beat with a chord, reported twice: first one step long, then at its full length."""

    asks: list[Ask] = field(default_factory=list[Ask])
    voices: int = 4
    tasks: tuple[str, ...] = ("continue",)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        self.asks.append(ask)
        for start in range(0, ask.steps, 4):
            yield None
            for length in (1, 4):
                chord = tuple(Note(start, length, 72 - 7 * v, 60 + v, v, 2_000_000) for v in range(self.voices))
                yield Answer(ask.ask, chord, start + length, final=length == 4 and start + 4 == ask.steps)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(continue_, "load_model", lambda _: fake)
    return fake


def write_song(path: Path) -> Path:
    """Write two bars of three beats with a change of tempo and events that this program does not read."""
    conductor = track_body(
        [
            (0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8)))),
            (0, meta_event(TEMPO, (600_000).to_bytes(3))),
            (100, b"\xf0\x03\x43\x01\xf7"),
            (1440, meta_event(TEMPO, (400_000).to_bytes(3))),
            (1500, meta_event(0x159, b"\x02\x00")),
        ]
    )
    melody = part_body("lead", 2, 40, [(0, 480, 67, 90), (500, 950, 69, 80), (1440, 2400, 71, 70)])
    path.write_bytes(encode_file(TPB, [conductor, melody]))
    return path


def run_continue(source: Path, target: Path, bars: int | None = None, model: str = "causal") -> None:
    continue_file(source, target, bars=bars, temperature=0.8, seed=7, model=model)


def test_continue_keeps_the_original_and_adds_the_answer(tmp_path: Path, model: FakeModel):
    source, target = write_song(tmp_path / "in.mid"), tmp_path / "out.mid"
    run_continue(source, target)
    (ask,) = model.asks
    assert (ask.task, ask.steps, ask.seed, ask.temperature, ask.top_p) == ("continue", 24, 7, 0.8, Settings().top_p)
    assert (ask.prompt.steps, ask.prompt.steps_per_bar, ask.prompt.position) == (24, 12, 0)
    assert [note.velocity for note in ask.prompt.notes] == [90, 80, 70]
    before, after = mido.MidiFile(source), mido.MidiFile(target)
    assert after.ticks_per_beat == before.ticks_per_beat
    assert [list(track) for track in after.tracks[:2]] == [list(track) for track in before.tracks]
    assert [t.name for t in after.tracks[2:]] == [f"BachBridge {v}" for v in ("soprano", "alto", "tenor", "bass")]
    read = read_midi(target)
    answer = [note for note in read.notes if note.track >= 2]
    assert len(answer) == 6 * 4
    assert {note.channel for note in answer} == {0, 1, 3, 4}
    assert (read.timeline.tempos, read.timeline.meters) == (
        read_midi(source).timeline.tempos,
        read_midi(source).timeline.meters,
    )
    late_ticks = round(2_000_000 * TPB / 400_000_000)
    assert sorted({note.start for note in answer}) == [2880 + late_ticks + 480 * beat for beat in range(6)]
    assert {note.end for note in answer} == {2880 + 480 * beat for beat in range(1, 7)}
    assert {note.velocity for note in answer} == {60, 61, 62, 63}


def test_continue_adds_the_given_number_of_bars(tmp_path: Path, model: FakeModel):
    run_continue(write_song(tmp_path / "in.mid"), tmp_path / "out.mid", bars=3)
    assert model.asks[0].steps == 36
    with pytest.raises(ConfigError, match="cannot continue by 0 bars"):
        run_continue(tmp_path / "in.mid", tmp_path / "out.mid", bars=0)


def test_continue_requests_a_long_answer_at_once(tmp_path: Path, model: FakeModel):
    run_continue(write_song(tmp_path / "in.mid"), tmp_path / "out.mid", bars=70)
    assert [ask.steps for ask in model.asks] == [70 * 12]
    answer = [note for note in read_midi(tmp_path / "out.mid").notes if note.track >= 2]
    assert sorted({note.end for note in answer}) == [2880 + 480 * beat for beat in range(1, 211)]


@pytest.mark.parametrize(("voices", "names"), [(1, ["BachBridge"]), (2, ["BachBridge soprano", "BachBridge alto"])])
def test_continue_writes_one_track_per_voice(tmp_path: Path, model: FakeModel, voices: int, names: list[str]):
    model.voices = voices
    run_continue(write_song(tmp_path / "in.mid"), tmp_path / "out.mid")
    assert [track.name for track in mido.MidiFile(tmp_path / "out.mid").tracks[2:]] == names
    assert len([note for note in read_midi(tmp_path / "out.mid").notes if note.track >= 2]) == 6 * voices


def test_continue_writes_the_chosen_instrument(tmp_path: Path, model: FakeModel):
    assert model.voices == 4
    continue_file(
        write_song(tmp_path / "in.mid"),
        tmp_path / "out.mid",
        bars=1,
        temperature=1,
        seed=1,
        model="m",
        program=resolve_program("oboe"),
    )
    tracks = mido.MidiFile(tmp_path / "out.mid").tracks
    assert {m.program for track in tracks[2:] for m in track if m.type == "program_change"} == {68}
    assert resolve_program(None) == resolve_program("none") == 19
    with pytest.raises(ConfigError, match='give "Oboe"'):
        resolve_program("obo e!!x")
    assert resolve_program("oboe", tmp_path / "out.mid") == 68
    with pytest.raises(ConfigError, match="leave --instrument out"):
        resolve_program("oboe", tmp_path / "out.ABC")


def test_continue_refuses_a_model_that_cannot_continue(
    tmp_path: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
):
    model.tasks = ("harmonize",)
    monkeypatch.setattr(library, "model_names", lambda: ["able", "other"])
    monkeypatch.setattr(library, "find_card", lambda name: make_card(name, "satb"))
    with pytest.raises(ModelError, match=r"the model 'causal' cannot continue: choose one that can with --model \("):
        run_continue(write_song(tmp_path / "in.mid"), tmp_path / "out.mid")


def test_continue_can_replace_its_source(tmp_path: Path, model: FakeModel):
    source = write_song(tmp_path / "in.mid")
    run_continue(source, source)
    assert len(mido.MidiFile(source).tracks) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]
    assert model.asks


def test_continue_converts_format_0_to_format_1(tmp_path: Path, model: FakeModel):
    body = part_body("all", 0, 0, [(0, 1920, 60, 80)])
    head = struct.pack(">4sLHHH4sL", b"MThd", 6, 0, 1, TPB, b"MTrk", len(body))
    (tmp_path / "in.mid").write_bytes(head + body)
    run_continue(tmp_path / "in.mid", tmp_path / "out.mid")
    written = mido.MidiFile(tmp_path / "out.mid")
    assert (written.type, len(written.tracks), model.asks[0].steps) == (1, 5, 16)


def test_continue_leaves_no_file_if_the_model_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: FakeModel):
    def fail(ask: Ask) -> Iterator[Answer | None]:
        yield from FakeModel().generate(ask)
        raise BachBridgeError("no more")

    monkeypatch.setattr(model, "generate", fail)
    source = write_song(tmp_path / "in.mid")
    before = source.read_bytes()
    with pytest.raises(BachBridgeError, match="no more"):
        run_continue(source, source)
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


@pytest.mark.usefixtures("model")
def test_continue_reports_paths_it_cannot_read_or_write(tmp_path: Path):
    with pytest.raises(MidiFileError, match="cannot be read"):
        run_continue(tmp_path / "none.mid", tmp_path / "out.mid")
    with pytest.raises(BachBridgeError, match=r"cannot write .*there is no folder"):
        run_continue(write_song(tmp_path / "in.mid"), tmp_path / "none" / "out.mid")


def test_prompt_is_the_end_of_long_music_without_silence():
    long_notes = tuple(Note(16 * bar, 16, 60 + bar % 12) for bar in range(40))
    prompt = prompt_from_phrase(Phrase(long_notes, 640, 16, 0))
    assert (prompt.steps, len(prompt.notes), prompt.notes[0].start) == (512, 32, 0)
    late = prompt_from_phrase(Phrase((Note(37, 4, 60), Note(60, 4, 62)), 64, 16, 0))
    assert (late.steps, [note.start for note in late.notes]) == (32, [5, 28])
    assert late.position == 0


def test_prompt_knows_its_position_in_the_bar():
    notes = tuple(Note(4 * beat, 4, 60) for beat in range(9))
    after_pickup = prompt_from_phrase(Phrase(notes, 36, 16, 0))
    assert (after_pickup.steps, after_pickup.position) == (36, 12)
    within = prompt_from_phrase(Phrase(notes, 36, 16, 0), steps_into_bar=4)
    assert (within.steps, within.position) == (36, 0)
    long = prompt_from_phrase(
        Phrase((Note(0, 4, 60), Note(16 * 40 + 4, 8, 62)), 16 * 40 + 12, 16, 0), steps_into_bar=12
    )
    assert (long.steps, long.position, long.notes[0].start) == (512 + 12, 0, 512 + 4)


def test_added_voices_avoid_the_channels_of_an_mpe_zone(tmp_path: Path):
    zone = [(0, bytes((0xB0, *pair))) for pair in ((101, 0), (100, 6), (6, 7))]
    notes = [(480 * n, bytes((0x90 + n, 60 + n, 80))) for n in range(1, 4)]
    ends = [(480 * n + 480, bytes((0x80 + n, 60 + n, 80))) for n in range(1, 4)]
    path = tmp_path / "mpe.mid"
    path.write_bytes(encode_file(480, [track_body([*zone, *notes, *ends])]))
    assert free_channels(read_midi(path), 4) == [8, 10, 11, 12]
