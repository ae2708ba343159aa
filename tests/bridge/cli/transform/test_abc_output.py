"""Tunes in ABC: written by `continue` and `dream`, converted by `text`, and the errors of these commands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bachbridge.cli.transform import continue_
from bachbridge.cli.transform.continue_ import continue_file
from bachbridge.cli.transform.dream import DreamOptions, dream_file
from bachbridge.cli.transform.text import convert_file
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.errors import BachBridgeError
from bachbridge.files.abc.tune import read_tune
from bachbridge.files.abc_song import read_song
from bachbridge.files.midi_reader import read_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, encode_file, meta_event
from bachbridge.inference.symbols.generator import SymbolGenerator
from bachbridge.music.notes import Note
from bachbridge.protocol.effects import Ask
from bachbridge.protocol.events import Answer
from tests.bridge.codecs.abc.test_codec import bars
from tests.bridge.codecs.abc.test_score_writer import JIG
from tests.support.hash_symbol_net import HashNet
from tests.support.midi_bytes import track_body

WALTZ = [(0, 480, 67, 90), (480, 960, 66, 80), (960, 1440, 69, 80), (1440, 2880, 71, 70)]
REEL = "X:1\nT:A reel\nM:4/4\nL:1/8\nK:D\nd2 fd Adfd|e2 ^ge d4|\n"


@dataclass
class FakeModel:
    """Answers with descending quarter notes in `voices` voices."""

    voices: int = 1
    asks: list[Ask] = field(default_factory=list[Ask])
    tasks: tuple[str, ...] = ("continue",)

    def generate(self, ask: Ask) -> Iterator[Answer | None]:
        self.asks.append(ask)
        for at in range(0, ask.steps, 4):
            chord = tuple(Note(at, 4, 74 - at // 4 % 5 - 12 * v, voice=v) for v in range(self.voices))
            yield Answer(ask.ask, chord, at + 4, final=at + 4 >= ask.steps)


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(continue_, "load_model", lambda _: fake)
    return fake


def write_song(path: Path, *parts: list[tuple[int, int, int, int]]) -> Path:
    conductor = track_body(
        [(0, meta_event(TIME_SIGNATURE, bytes((3, 2, 24, 8)))), (0, meta_event(TEMPO, (600_000).to_bytes(3)))]
    )
    chunks = [part_body(f"part {n}", n, 0, part) for n, part in enumerate(parts or (WALTZ,))]
    path.write_bytes(encode_file(480, [conductor, *chunks]))
    return path


def write_tune(path: Path, text: str = JIG) -> Path:
    path.write_text(text, "utf-8")
    return path


def run_continue(source: Path, target: Path, count: int | None = 2) -> str:
    continue_file(source, target, bars=count, temperature=1.0, seed=1, model="m")
    return target.read_text("utf-8") if target.suffix == ".abc" else ""


def test_continue_writes_a_line_and_its_answer_as_a_tune(tmp_path: Path, fake_model: FakeModel) -> None:
    text = run_continue(write_song(tmp_path / "in.mid"), tmp_path / "out.abc")
    assert fake_model.asks[0].key == -1
    head, music = text.split("K:")
    assert head == "%abc-2.1\nX:1\nT:in\nM:3/4\nL:1/8\nQ:1/4=100\n"
    assert music == "Bm\nG2 F2 A2|B6||d2 c2 =c2|B2 ^A2 d2|]\n"
    assert bars(text) == [12] * 4


def test_continue_keeps_a_tune_and_fills_its_last_bar(tmp_path: Path, fake_model: FakeModel) -> None:
    text = run_continue(write_tune(tmp_path / "in.abc"), tmp_path / "out.abc")
    assert text == f"%abc-2.1\n{JIG}d-|d^c2 =c2B-|B_B2 d2|]\n"
    (ask,) = fake_model.asks
    assert ask.key == 4 + 12
    assert (ask.prompt.steps, ask.prompt.position, ask.prompt.steps_per_bar) == (48, 10, 12)


@pytest.mark.parametrize(
    ("text", "line"), [(REEL, ""), (REEL.rstrip("|\n") + " % the end\n", "||"), (REEL + "W:words\n", "")]
)
def test_continue_puts_a_bar_line_before_the_answer(
    tmp_path: Path, fake_model: FakeModel, text: str, line: str
) -> None:
    written = run_continue(write_tune(tmp_path / "in.abc", text), tmp_path / "out.abc", count=1)
    assert fake_model.asks[0].key == 2
    assert written == f"%abc-2.1\n{text}{line}d2 c2 =c2 B2|]\n"
    assert bars(written) == [16] * 3


def test_continue_writes_an_answer_in_several_voices(tmp_path: Path, fake_model: FakeModel) -> None:
    fake_model.voices = 2
    text = run_continue(write_tune(tmp_path / "in.abc", REEL), tmp_path / "out.abc")
    assert text.splitlines()[2] == "T:A reel"
    voices = text.split("K:D\n")[1].split("V:")[1:]
    assert [voice.splitlines()[-1] for voice in voices] == [
        "d2 fd Ad fd|e2 ^ge d4||d2 c2 =c2 B2|^A2 d2 c2 =c2|]",
        "z8|z8||D2 C2 =C2 B,2|^A,2 D2 C2 =C2|]",
    ]


def test_continue_writes_a_tune_as_midi(tmp_path: Path, fake_model: FakeModel) -> None:
    run_continue(write_tune(tmp_path / "in.abc"), tmp_path / "out.mid")
    read = read_midi(tmp_path / "out.mid")
    first = min(note.start for note in read.notes if note.track == 2)
    assert first == 48 * 240
    assert len([note for note in read.notes if note.track == 1]) == 20
    assert fake_model.asks[0].steps == 24


def test_dream_writes_a_tune(tmp_path: Path, fake_model: FakeModel) -> None:
    fake_model.voices = 1
    dream_file(tmp_path / "out.abc", DreamOptions("m", 0.5, 1.0, 3, 0, 80.0, write_tune(tmp_path / "in.abc")))
    text = (tmp_path / "out.abc").read_text("utf-8")
    assert text.startswith("%abc-2.1\nX:1\nT:A dream of m\nM:6/8\nL:1/8\nQ:1/4=80\nK:Em\n")
    lengths = bars(text)
    assert (lengths[0], lengths[-1], set(lengths[1:-1])) == (2, 10, {12})
    assert sum(lengths) == 14 * 12
    assert len(fake_model.asks) == 2


# ---------------------------------------------------------------- text


def test_text_converts_a_tune_to_midi_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_tune(tmp_path / "in.abc", REEL)
    convert_file(source, tmp_path / "out.mid", steps_per_beat=4)
    read = read_midi(tmp_path / "out.mid")
    assert [note.pitch for note in read.notes][:4] == [74, 78, 74, 69]
    assert (read.timeline.beat_us_at(0), read.phrase.steps_per_bar, read.phrase.steps) == (500_000, 16, 32)
    convert_file(tmp_path / "out.mid", tmp_path / "back.abc", steps_per_beat=4)
    back = (tmp_path / "back.abc").read_text("utf-8")
    assert read_tune(back).notes == read_tune(REEL).notes
    assert "\nK:D\n" in back
    capsys.readouterr()
    convert_file(source, None, steps_per_beat=2)
    assert len(capsys.readouterr().out.splitlines()) == 16


def test_text_takes_the_given_tempo_or_the_tunes(tmp_path: Path) -> None:
    convert_file(write_tune(tmp_path / "in.abc"), tmp_path / "out.mid", steps_per_beat=4, bpm=60)
    assert read_midi(tmp_path / "out.mid").timeline.beat_us_at(0) == 1_000_000
    convert_file(tmp_path / "in.abc", tmp_path / "out.mid", steps_per_beat=4)
    assert read_midi(tmp_path / "out.mid").timeline.beat_us_at(0) == 500_000


def test_text_reads_the_tune_with_the_given_number(tmp_path: Path) -> None:
    source = write_tune(tmp_path / "in.abc", REEL + "\nX:7\nM:4/4\nL:1/4\nK:C\nc4|\n")
    convert_file(source, tmp_path / "out.mid", steps_per_beat=4, tune_number=7)
    assert [note.pitch for note in read_midi(tmp_path / "out.mid").notes] == [72]
    with pytest.raises(BachBridgeError, match="has no tune X:8"):
        convert_file(source, tmp_path / "out.mid", steps_per_beat=4, tune_number=8)


def test_text_writes_chords_in_voices(tmp_path: Path) -> None:
    convert_file(write_song(tmp_path / "in.mid", WALTZ, [(0, 1440, 43, 80)]), tmp_path / "out.abc", steps_per_beat=4)
    voices = (tmp_path / "out.abc").read_text("utf-8").split("V:")[1:]
    assert [voice.splitlines()[-1] for voice in voices] == ["G2 F2 A2|B6|]", "G,,6|z6|]"]


# ---------------------------------------------------------------- errors


@pytest.mark.usefixtures("fake_model")
@pytest.mark.parametrize(
    ("name", "text", "target", "message"),
    [
        ("in.abc", REEL, "out.doc", r"ends in \.mid"),
        ("in.abc", None, "out.abc", "cannot be read"),
        ("in.abc", "words\n", "out.mid", "holds no tune"),
        ("in.abc", "X:1\nM:64/3\nK:C\nc\n", "out.abc", "no meter"),
        ("in.abc", "X:1\nM:4/4\nK:C\nz8\n", "out.abc", "holds no notes"),
        ("in.mid", REEL, "out.abc", "not a MIDI file"),
        ("in.abc", REEL, "none/out.abc", "there is no folder"),
    ],
)
def test_continue_and_dream_refuse_bad_files_and_write_nothing(
    tmp_path: Path, name: str, text: str | None, target: str, message: str
) -> None:
    if text is not None:
        write_tune(tmp_path / name, text)
    before = set(tmp_path.iterdir())
    with pytest.raises(BachBridgeError, match=message):
        run_continue(tmp_path / name, tmp_path / target)
    with pytest.raises(BachBridgeError, match=message):
        dream_file(tmp_path / target, DreamOptions("m", 0.1, 1.0, 3, 0, 0.0, tmp_path / name))
    assert set(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("fake_model")
def test_dream_refuses_a_tune_of_over_an_hour(tmp_path: Path) -> None:
    with pytest.raises(BachBridgeError, match="up to 60"):
        dream_file(tmp_path / "out.abc", DreamOptions("m", 61.0, 1.0, 3, 0))


@pytest.mark.parametrize(
    ("name", "target", "grid", "message"),
    [
        ("in.abc", "out.abc", 4, "is ABC already"),
        ("in.abc", "out.mid", 8, "leave --grid out"),
        ("in.mid", "out.abc", 8, "leave --grid out"),
        ("in.txt", "out.abc", 4, r"becomes MIDI: give -o .* OUT\.mid"),
    ],
)
def test_text_refuses_conversions_that_make_no_sense(
    tmp_path: Path, name: str, target: str, grid: int, message: str
) -> None:
    write_song(tmp_path / "in.mid")
    write_tune(tmp_path / "in.abc")
    write_tune(tmp_path / "in.txt", "X\n")
    with pytest.raises(BachBridgeError, match=message):
        convert_file(tmp_path / name, tmp_path / target, steps_per_beat=grid)
    assert not (tmp_path / target).exists() or name == target


# ---------------------------------------------------------------- a model of the codec


@pytest.mark.parametrize("seed", range(3))
def test_continue_with_a_model_of_tunes_fills_every_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    codec = abc_codec.codec_from_vocabulary(
        abc_codec.build_vocabulary([REEL.split("reel\n")[1], JIG.split("mine\n")[1]])
    )
    model = SymbolGenerator(HashNet(vocab_sizes=codec.vocab_sizes), codec)
    monkeypatch.setattr(continue_, "load_model", lambda _: model)
    target = tmp_path / "out.abc"
    continue_file(write_tune(tmp_path / "in.abc"), target, bars=6, temperature=1.0, seed=seed, model="m")
    read = read_song(target)
    assert read.song.phrase.steps == 48 + 6 * 12
    assert set(bars(target.read_text("utf-8"))) == {2, 12, 10}
    assert [note.pitch for note in read.song.notes][:3] == [71, 64, 67]
    assert len(read.song.notes) > 20
