"""Sound files of each kind, which the fuzzers change, and the words that are worth inserting into them."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogWriter
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.score_layout import regular_bars
from bachbridge.inference.runtime import library
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    EndPhrase,
    Event,
    Midi,
    ModelUp,
    PortsChanged,
    Quit,
    Setting,
    Tick,
)
from bachbridge.settings import Settings
from bachbridge.settings_file import save_settings
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.presets import Preset, preset_to_json

CASES = Path(__file__).parents[1] / "data" / "cases"
MS = 1_000_000
OTHER_SETTINGS = Settings(bpm=90.0, mode="harmonize", channels=(5, 6, 7, 8))
BINDINGS = (Binding("temperature", 20, 3), Binding("bpm", 21, None))
TUNE = b"""X:1
T:Fuzz
C:trad
M:6/8
L:1/8
Q:3/8=100
P:AB2
U:T=!trill!
%%propagate-accidentals octave
V:1 name="Top" clef=treble-8
V:2 transpose=-12
K:Dmix ^c
P:A
[V:1] |: d>e f/g/ (3abc' | [Ace]2- [Ace] {cd}e ~f !fermata!g :|1 z3 Z2 |2 A,,^B__c=d | !D.C.!
w: Lo-rem ip-sum* do_lor |
[V:2] c & e | [K:G][M:3/4][L:1/4] c2 d | x "Am"e <f |]
P:B
[V:1] S abc |: def ::[1,3 g :|[2 a "^text"b |]
"""
SCORE = (
    b"<?xml version='1.0'?><score-partwise><part-list><score-part id='P1'><part-name>Voice</part-name></score-part>"
    b"<score-part id='P2'/></part-list><part id='P1'><measure number='0'><attributes><divisions>6</divisions><time>"
    b"<beats>3+2</beats><beat-type>8</beat-type></time><transpose><chromatic>-2</chromatic><octave-change>1"
    b"</octave-change></transpose></attributes><direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
    b"<beat-unit-dot/><per-minute>96</per-minute></metronome><segno/></direction-type><sound tempo='96' dacapo='yes'/>"
    b"</direction><barline><repeat direction='forward'/></barline><note><grace/><pitch><step>A</step><octave>4"
    b"</octave></pitch></note><note><pitch><step>C</step><alter>1</alter><octave>4</octave></pitch><duration>6"
    b"</duration><tie type='start'/><voice>1</voice><staff>1</staff><lyric><text>la,</text></lyric></note><note>"
    b"<chord/><pitch><step>E</step><octave>4</octave></pitch><duration>6</duration></note><backup><duration>3"
    b"</duration></backup><forward><duration>3</duration></forward></measure><measure number='1'><barline>"
    b"<ending number='1,2' type='start'/></barline><note><rest/><duration>6</duration><notations><fermata/></notations>"
    b"</note><barline><fermata/><ending number='1' type='stop'/><repeat direction='backward' times='3'/></barline>"
    b"</measure></part><part id='P2'><measure><note><pitch><step>B</step><octave>2</octave></pitch><duration>15"
    b"</duration></note></measure></part></score-partwise>"
)
WORDS: Mapping[str, tuple[bytes, ...]] = {
    "midi": (
        *(b"MThd", b"MTrk", b"RIFF", b"\xff\x51\x03\0\0\0", b"\xff\x58\4\4\2\x18\x08", b"\xff\x2f\0", b"\xff\x03\x05"),
        *(b"\xff\xff\xff\x7f", b"\x90\x3c\x40", b"\x80\x3c\x40", b"\xb0\x40\x7f", b"\xb0\x7b\0", b"\xf0", b"\xf7"),
        *(b"\xff\5\1,", b"\xe0\0\0", b"\xb0\x64\6", b"\x81\0", b"\0"),
    ),
    "abc": (
        *(b"|:", b":|", b"::", b"|1", b"[2", b"[1,3-99", b"(3", b"(5:4:3", b"[ceg]", b"{ab}", b"!D.C.!", b"!segno!"),
        *(b"[K:Hp]", b"[M:7/8]", b"[L:1/512]", b"[Q:1/4=9999]", b"\nV:3\n", b"\nP:A\n", b"\nw: a-b|*_\n", b"&", b"-"),
        *(b">>", b"/", b"////", b"9999", b",,,,,,", b"''''''", b"Z999", b"\\\n", b"\n%%MIDI transpose 9\n", b"\n\n"),
        *(b"X:2\n", b"^^", b"\xe2\x99\xad", b"m:~=c\n", b'"', b"!", b"P:((A9)9)9\n", b"\xff\xfe"),
    ),
    "musicxml": (
        *(b"<note>", b"</note>", b"<chord/>", b"<duration>16000000</duration>", b"<divisions>9973</divisions>"),
        *(b"<repeat direction='backward' times='9'/>", b"<ending number='1,2,3' type='start'/>", b"<backup>"),
        *(b"<measure>", b"</measure>", b"<part id='P3'>", b"</part>", b"1e9", b"-1", b"0", b"99999999", b"0.00001"),
        *(b"<!ENTITY a 'b'>", b"&amp;", b"&#0;", b"<![CDATA[", b"-->", b"<!--", b"tocoda='yes'", b"dalsegno='yes'"),
        *(b"<beats>255</beats>", b"\xff\xfe", b"\xc3\x28", b"<staff>9</staff>", b"<tie type='stop'/>"),
    ),
    "packed score": (
        *(b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\xff\xff\xff\xff", b"\0\0", b"../", b"score.xml", b"\x0c\0", b"\x0e\0"),
    ),
    "settings": (
        *(b"[", b"]", b"{", b"}", b"=", b".", b'"""', b"'''", b"nan", b"inf", b"-1", b"1e999", b"true", b"\n", b"#"),
        *(b"9" * 400, b"[[a]]\n", b'"\\u0000"', b'"\\ud800"', b"1979-05-27T07:32:00Z", b"bpm = 90\n", b"\xff", b"a.b"),
    ),
    "json": (
        *(b"[", b"]", b"{", b"}", b":", b",", b'"', b"null", b"true", b"-1", b"0", b"1e999", b"1e5", b"0.5", b"\\"),
        *(b"9" * 400, b'"\\u0000"', b'"\\ud800"', b"[" * 200, b'{"a":' * 200, b"\xff", b'"../../x"', b"\n", b"9" * 18),
        *(b'"in"', b'"out"', b'"type"', b'"Tick"', b'"Midi"', b'"903c40"', b'"notes"', b'"t":', b'"files"'),
    ),
}
"""Words by kind; cards, presets and logs are JSON."""


def seeds(kind: str) -> list[bytes]:
    """Return sound files of a kind."""
    return _SEEDS[kind]()


def words(kind: str) -> tuple[bytes, ...]:
    """Return the words that are worth inserting into files of a kind."""
    return WORDS.get(kind, WORDS["json"])


def _case_files(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(CASES.glob(pattern)) if path.stat().st_size < 6000]


def _own_score() -> bytes:
    notes = [Note(step, 4, 60 + step // 4 + 12 * voice, 80, voice) for step in range(0, 32, 4) for voice in range(4)]
    return encode_musicxml(notes, regular_bars(32, 16, 0), (0, False), "Fuzz")


def _archive(score: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("META-INF/container.xml", "<container><rootfile full-path='score.xml'/></container>")
        file.writestr("score.xml", score)
    return content.getvalue()


def _settings_file(settings: Settings) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        save_settings(settings, Path(folder) / "a.toml")
        return (Path(folder) / "a.toml").read_bytes()


def _card_files() -> list[bytes]:
    places = sorted(library.search_paths()[-1].glob(f"*/{library.CARD_FILE}"))
    return [content for place in places if len(content := place.read_bytes()) < 6000]


def _preset_file(preset: Preset) -> bytes:
    return msgspec.json.encode(preset_to_json(preset))


def _log_files() -> list[bytes]:
    phrase = Phrase((Note(0, 4, 67, 80), Note(4, 4, 69, 80)), 16)
    played = [(0, PortsChanged("in", "out")), (0, ModelUp("chorale-lstm", 400_000))]
    played += [(at, Midi(midi.note_on(0, pitch, 80))) for at, pitch in ((1000, 67), (1500, 69))]
    played += [(at, Midi(midi.note_off(0, pitch))) for at, pitch in ((1430, 67), (1930, 69))]
    answer = (2200, Answer(1, (Note(0, 4, 60, 70), Note(4, 4, 62, 70)), 8, final=True))
    return [
        recorded_log(Settings(bpm=120.0, seed=1), [*played, (2100, EndPhrase()), answer, (6000, Quit("closed"))]),
        recorded_log(Settings(bpm=120.0, mode="harmonize"), [*played, (2500, Setting("bpm", 90)), (3000, Quit("x"))]),
        recorded_log(
            Settings(bpm=100.0, seed=1), [(10, AnswerPhrase(phrase, 125 * MS, 1, aloud=True)), (3000, Quit("x"))]
        ),
    ]


def recorded_log(settings: Settings, events: Iterable[tuple[int, Event]]) -> bytes:
    """Return the log of a session that is fed these events at their times in ms, with the ticks that it asks for."""
    session = Session(settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.log"
        writer = LogWriter(path, settings)

        def feed(now_ns: int, event: Event) -> None:
            writer.write_event(now_ns, event)
            writer.write_effects(now_ns, session.feed(now_ns, event))

        for at_ms, event in sorted(events, key=lambda item: item[0]):
            while session.deadline is not None and session.deadline < at_ms * MS:
                feed(session.deadline, Tick())
            feed(at_ms * MS, event)
        writer.close()
        return path.read_bytes()


_SEEDS: Mapping[str, Callable[[], list[bytes]]] = {
    "midi": lambda: _case_files("*.mid"),
    "abc": lambda: [TUNE, *_case_files("*.abc")],
    "musicxml": lambda: [SCORE, _own_score()],
    "card": _card_files,
    "packed score": lambda: [_archive(SCORE)],
    "settings": lambda: [_settings_file(Settings()), _settings_file(OTHER_SETTINGS), b"bpm = 90.0\nmode = 'duet'\n"],
    "preset": lambda: [_preset_file(Preset(Settings())), _preset_file(Preset(OTHER_SETTINGS, BINDINGS, 3))],
    "log": _log_files,
}
