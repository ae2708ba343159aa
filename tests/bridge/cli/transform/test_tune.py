"""`bachbridge tune`: new tunes as ABC and as MIDI; refused options leave no file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge.cli.transform.tune import TuneOptions, write_tunes
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.errors import BachBridgeError
from bachbridge.files.abc.tune import read_tune
from bachbridge.files.abc_reader import read_abc, with_file_header
from bachbridge.files.abc_song import song_from_tune, write_songs
from bachbridge.files.midi_reader import read_midi
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.symbols import tunes as symbol_tunes
from tests.bridge.codecs.abc.test_codec import bars
from tests.support.biased_infill_net import CARD_FACTS
from tests.support.hash_symbol_net import HashNet

OPTIONS = TuneOptions("m", 3, None, 1)
SAMPLER = {"temperature": 1.5, "top_p": 0.8}


@pytest.fixture(autouse=True)
def requested(monkeypatch: pytest.MonkeyPatch) -> list[symbol_tunes.TuneRequest]:
    """Provide the models "m", which writes tunes, and "other", which does not; return the requests made."""
    vocabulary = abc_codec.build_vocabulary(["M:4/4\nL:1/8\nK:G\nG4 G4|]\n"])
    requests: list[symbol_tunes.TuneRequest] = []
    tunes = symbol_tunes.write_tunes

    def find(name: str) -> library.Card:
        abc_facts = {"codec": "abc", "vocabulary": vocabulary} if name == "m" else {}
        return library.parse_card(Path(name), CARD_FACTS | {"codec": "satb", "sampler": SAMPLER} | abc_facts)

    def load(_: library.Card) -> HashNet:
        return HashNet(vocab_sizes=abc_codec.codec_from_vocabulary(vocabulary).vocab_sizes)

    def record_request(
        nets: HashNet, codec: abc_codec.AbcCodec, request: symbol_tunes.TuneRequest, count: int
    ) -> Iterator[str]:
        requests.append(request)
        return tunes(nets, codec, request, count)

    monkeypatch.setattr(library, "find_checked_card", find)
    monkeypatch.setattr(library, "find_card", find)
    monkeypatch.setattr(library, "model_names", lambda: ["m", "other"])
    monkeypatch.setattr(onnx_nets, "load_symbol_net", load)
    monkeypatch.setattr(symbol_tunes, "write_tunes", record_request)
    monkeypatch.setattr(symbol_tunes, "MAX_CHARACTERS", 60)
    return requests


def test_tune_numbers_the_tunes_of_one_abc_file(tmp_path: Path, requested: list[symbol_tunes.TuneRequest]) -> None:
    path = tmp_path / "out.abc"
    write_tunes(path, replace(OPTIONS, key="F# minor", meter="C|", bpm=90.0))
    tunes = read_abc(path)
    heads = [f"X:{n}\nT:Tune {n} of m\nM:2/2\nL:1/" for n in (1, 2, 3)]
    assert [tune.startswith(head) for tune, head in zip(tunes, heads, strict=True)] == [True] * 3
    assert all("\nQ:1/4=90\nK:F#m\n" in tune and max(bars(tune)) == 16 for tune in tunes)
    assert (requested[0].temperature, requested[0].top_p) == (1.5, 0.8)
    write_tunes(path, replace(OPTIONS, tunes=1, temperature=0.4))
    assert path.read_text("utf-8").startswith("X:1\nT:Tune 1 of m\nM:")
    assert requested[1].temperature == 0.4


def test_tune_writes_the_same_tunes_as_midi(tmp_path: Path) -> None:
    write_tunes(tmp_path / "out.mid", replace(OPTIONS, program=73))
    write_tunes(tmp_path / "out.abc", OPTIONS)
    song = read_midi(tmp_path / "out.mid")
    notes = [read_tune(tune).notes for tune in read_abc(tmp_path / "out.abc")]
    assert [note.pitch for note in song.notes] == [note.pitch for tune in notes for note in tune]


def test_write_songs_separates_songs_and_keeps_their_meters(tmp_path: Path) -> None:
    waltz, march = "M:3/4\nL:1/8\nK:G\n|:d2|G2 A2 B2|c4:|\n", "M:2/4\nL:1/8\nK:C\nC2 D2|E4|]\n"
    songs = [song_from_tune(with_file_header(tune, 1, "t", bpm=100), Path("t.abc")).song for tune in (waltz, march)]
    write_songs(tmp_path / "out.mid", songs, "t", 73)
    read = read_midi(tmp_path / "out.mid")
    starts = [read.timeline.step_at_tick(note.start) for note in read.notes]
    assert starts == [0, 4, 8, 12, 16, 24, 28, 32, 36, 40, 60, 64, 68]
    assert read.timeline.beat_us_at(0) == 600_000
    assert [(read.timeline.step_at_tick(meter.tick), meter.numerator) for meter in read.timeline.meters] == [
        (0, 1),
        (4, 3),
        (60, 2),
    ]


@pytest.mark.parametrize(
    ("options", "target", "message"),
    [
        (replace(OPTIONS, key="waltz"), "out.abc", 'no key "waltz"'),
        (replace(OPTIONS, meter="7"), "out.abc", 'no meter "7"'),
        (replace(OPTIONS, tunes=0), "out.abc", "a number from 1"),
        (replace(OPTIONS, model="other"), "out.abc", r"cannot write tunes.*\(m\)"),
        (OPTIONS, "out.txt", r"ends in \.mid or \.abc"),
        (OPTIONS, "none/out.abc", "there is no folder"),
    ],
)
def test_tune_refuses_invalid_options_and_writes_nothing(
    tmp_path: Path, options: TuneOptions, target: str, message: str
) -> None:
    with pytest.raises(BachBridgeError, match=message):
        write_tunes(tmp_path / target, options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "field"),
    [("Fis-Moll", "F#m"), ("H-Dur", "B"), ("B-Dur", "Bb"), ("D dorian", "Ddor"), ("es-moll", "Ebm"), ("C#", "C#")],
)
def test_tune_key_has_any_name(name: str, field: str) -> None:
    assert replace(OPTIONS, key=name).header_fields["K"] == field
