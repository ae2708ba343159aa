"""`bachbridge tune`: new tunes in a file, as ABC and as MIDI; what is refused leaves nothing behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.cli.transform.tune import TuneOptions, write_tunes
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.abc.reader import tune_notes
from bachbridge.errors import BachBridgeError
from bachbridge.files.abc_reader import read_abc, with_file_header
from bachbridge.files.abc_song import song_from_tune, write_songs
from bachbridge.files.midi_reader import read_midi
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.symbols import tunes as symbol_tunes
from tests.bridge.codecs.abc.test_codec import bars
from tests.support.biased_infill_net import CARD_FACTS
from tests.support.hash_symbol_net import HashNet

WISH = TuneOptions("m", 3, None, 1)
OWN = {"temperature": 1.5, "top_p": 0.8}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[symbol_tunes.TuneRequest]:
    """The model "m" writes tunes, "other" does not; what is asked of it."""
    vocabulary = abc_codec.build_vocabulary(["M:4/4\nL:1/8\nK:G\nG4 G4|]\n"])
    wishes: list[symbol_tunes.TuneRequest] = []
    tunes = symbol_tunes.write_tunes

    def find(name: str) -> library.Card:
        tuneful = {"codec": "abc", "vocabulary": vocabulary} if name == "m" else {}
        return library._parse_card(Path(name), CARD_FACTS | {"codec": "satb", "sampler": OWN} | tuneful)

    def load(_: library.Card) -> HashNet:
        return HashNet(vocab_sizes=abc_codec.codec_from_vocabulary(vocabulary).vocab_sizes)

    def noted(nets: HashNet, codec: abc_codec.AbcCodec, wish: symbol_tunes.TuneRequest, count: int) -> Iterator[str]:
        wishes.append(wish)
        return tunes(nets, codec, wish, count)

    monkeypatch.setattr(library, "find_checked_card", find)
    monkeypatch.setattr(library, "find_card", find)
    monkeypatch.setattr(library, "model_names", lambda: ["m", "other"])
    monkeypatch.setattr(onnx_nets, "load_symbol_net", load)
    monkeypatch.setattr(symbol_tunes, "write_tunes", noted)
    monkeypatch.setattr(symbol_tunes, "MAX_CHARACTERS", 60)
    return wishes


def test_tunes_stand_in_one_file_each_with_its_number(tmp_path: Path, asked: list[symbol_tunes.TuneRequest]) -> None:
    path = tmp_path / "out.abc"
    write_tunes(path, replace(WISH, key="F# minor", meter="C|", bpm=90.0))
    tunes = read_abc(path)
    heads = [f"X:{n}\nT:Tune {n} of m\nM:2/2\nL:1/" for n in (1, 2, 3)]
    assert [tune.startswith(head) for tune, head in zip(tunes, heads, strict=True)] == [True] * 3
    assert all("\nQ:1/4=90\nK:F#m\n" in tune and max(bars(tune)) == 16 for tune in tunes)
    assert (asked[0].temperature, asked[0].top_p) == (1.5, 0.8)
    write_tunes(path, replace(WISH, tunes=1, temperature=0.4))
    assert path.read_text("utf-8").startswith("X:1\nT:Tune 1 of m\nM:")
    assert asked[1].temperature == 0.4


def test_as_midi_they_are_played_one_after_another(tmp_path: Path) -> None:
    write_tunes(tmp_path / "out.mid", replace(WISH, program=73))
    write_tunes(tmp_path / "out.abc", WISH)
    song = read_midi(tmp_path / "out.mid")
    sung = [tune_notes(tune) for tune in read_abc(tmp_path / "out.abc")]
    assert [note.pitch for note in song.notes] == [note.pitch for its in sung for note in its]


def test_a_bar_of_rest_parts_them_and_each_has_its_own_meter(tmp_path: Path) -> None:
    waltz, march = "M:3/4\nL:1/8\nK:G\n|:d2|G2 A2 B2|c4:|\n", "M:2/4\nL:1/8\nK:C\nC2 D2|E4|]\n"
    songs = [song_from_tune(with_file_header(tune, 1, "t", bpm=100), Path("t.abc")).song for tune in (waltz, march)]
    write_songs(tmp_path / "out.mid", songs, "t", 73)
    read = read_midi(tmp_path / "out.mid")
    starts = [read.timeline.step_at_tick(note.start) for note in read.notes]
    assert starts == [0, 4, 8, 12, 16, 24, 28, 32, 36, 40, 60, 64, 68]
    assert read.timeline.beat_us_at(0) == 600_000
    assert [(read.timeline.step_at_tick(its.tick), its.numerator) for its in read.timeline.meters] == [
        (0, 1),
        (4, 3),
        (60, 2),
    ]


@pytest.mark.parametrize(
    ("wish", "target", "says"),
    [
        (replace(WISH, key="H"), "out.abc", 'no key "H"'),
        (replace(WISH, meter="7"), "out.abc", 'no meter "7"'),
        (replace(WISH, tunes=0), "out.abc", "a number from 1"),
        (replace(WISH, model="other"), "out.abc", r"cannot write tunes.*\(m\)"),
        (WISH, "out.txt", r"ends in \.mid or \.abc"),
        (WISH, "none/out.abc", "there is no folder"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_written(tmp_path: Path, wish: TuneOptions, target: str, says: str) -> None:
    with pytest.raises(BachBridgeError, match=says):
        write_tunes(tmp_path / target, wish)
    assert not list(tmp_path.iterdir())
