"""Files that are made to cost much: small to write, and long or large to parse without limits.

Each is a name with its bytes. Some break a limit and are refused, others are odd but sound and are read.
"""

import io
import struct
import zipfile
from collections.abc import Mapping

from bachbridge.files.smf import TEMPO, encode_file, meta_event
from tests.support.midi_bytes import track_body

MANY = 199_000
"""Characters that a tune in ABC may have, but for its header."""


def tune(music: str, head: str = "") -> bytes:
    return f"X:1\nT:t\nM:4/4\nL:1/8\n{head}K:C\n{music}\n".encode()


def filled(text: str, size: int = MANY) -> str:
    """Return the text repeated up to `size` characters."""
    return text * (size // len(text))


def abc_files() -> Mapping[str, bytes]:
    """Return the tunes, each up to the limit of a tune's length and some far beyond it."""
    return {
        "2 M notes": tune("c" * 2_000_000),
        "200,000 notes": tune(filled("c")),
        "100,000 lengths": tune(filled("c2")),
        "lengths of 4 digits": tune(filled("c9973/9949")),
        "a digit more at each note": tune("".join(f"c{n % 9999 + 1}/{(7 * n) % 9999 + 1}" for n in range(17_000))),
        "numbers of 5,000 digits": tune("c" + "9" * 5000),
        "tempo of 5,000 digits": tune("c", "Q:1/4=" + "9" * 5000 + "\n"),
        "meter of 100,000 beats": tune("c", "M:" + filled("1+", 100_000) + "1/4\n"),
        "nested brackets": tune(filled("[")),
        "closed nested brackets": tune("[" * 99_000 + "c" + "]" * 99_000),
        "open chords": tune(filled("[c")),
        "one chord of all notes": tune("[" + filled("c") + "]"),
        "chords": tune(filled("[ceg]")),
        "open quotes": tune(filled('"')),
        "open graces": tune(filled("{")),
        "open decorations": tune(filled("!a")),
        "plus decorations": tune(filled("+a")),
        "decorations that wait": tune(filled("!fermata!")),
        "open fields": tune(filled("[K:")),
        "keys": tune(filled("[K:C]")),
        "meters": tune(filled("[M:3/4]")),
        "tempos": tune(filled("[Q:120]")),
        "units": tune(filled("[L:1/4]c")),
        "field lines": tune(filled("K:G\nM:3/4\n")),
        "voices": tune("".join(f"V:{n}\nc\n" for n in range(20_000))),
        "voices that change": tune(filled("[V:1]c[V:2]c")),
        "64 voices that begin lines": tune("".join(f"V:{n}\n" for n in range(64)) + filled("c\n", 150_000)),
        "ties": tune(filled("c-")),
        "ties of chords": tune("[" + "c" * 100 + "]-" + filled("[cccccccc]-", 150_000)),
        "tuplets": tune(filled("(3ccc")),
        "tuplets alone": tune(filled("(3")),
        "tuplet of 5,000 digits": tune("(" + "3" * 5000),
        "broken rhythms": tune(filled("c>")),
        "broken signs": tune("c" + filled(">")),
        "slashes": tune("c" + filled("/")),
        "octave marks": tune("c" + filled("'")),
        "repeats": tune(filled("|:c:|")),
        "double repeats": tune(filled("c::")),
        "bar lines": tune(filled("|")),
        "bars": tune(filled("c|")),
        "colons": tune(filled(":")),
        "repeats played 20 times": tune(filled("|" + ":" * 20 + "c" + ":" * 20 + "|")),
        "endings": tune(filled("|1c:|2c|")),
        "endings by hundreds": tune(filled("|1,3-99,200c:|")),
        "an ending with many numbers": tune("|:c|" + filled("1,") + "c:|"),
        "endings at line beginnings": tune(filled("1\n")),
        "parts": tune("".join(f"P:{chr(65 + n % 26)}\nc|\n" for n in range(20_000)), "P:" + "AB" * 200 + "\n"),
        "parts that unfold": tune("P:A\ncc|\nP:B\ncc|\n", "P:" + "(" * 9 + "A" + "9)" * 9 + "\n"),
        "parts nested deeply": tune("c", "P:" + "(" * 99_000 + "A" + ")" * 99_000 + "\n"),
        "da capos": tune(filled("c!D.C.!|")),
        "segnos": tune(filled("c!segno!|") + "!D.S.!|"),
        "overlays": tune(filled("c&")),
        "overlays in bars": tune(filled("c&c|")),
        "rests of bars": tune(filled("Z999|")),
        "rest of many bars": tune("Z" + "9" * 5000),
        "macros": tune("c", "m:~n=c\n" * 10_000),
        "symbols": tune("c", filled("U:T=!trill!\n", 150_000)),
        "directives": tune("c", filled("%%MIDI transpose 1\n", 150_000)),
        "blocks that never end": tune("c\n" + filled("%%begintext\n", 150_000)),
        "words": tune("c" * 20_000 + "\nw:" + filled("a-b ", 150_000)),
        "words with bars": tune("c|" * 40_000 + "\nw:" + filled("|", 110_000)),
        "lines that go on": tune(filled("c\\\n")),
        "fields that go on": tune("c\nT:a\n" + filled("+:a\n", 150_000)),
        "long title": tune("c", "T:" + filled("a") + "\n"),
        "spaces": tune("c" + filled(" ") + "c"),
        "empty tunes": b"X:1\n\n" * 1_000_000,
        "20,000 tunes": b"X:1\nK:C\nc\n\n" * 19_000,
        "a header for all tunes": b"%%a\n" * 40_000 + b"\nX:1\nK:C\nc\n\n" * 10_000,
        "line breaks": b"\r" * 4_000_000 + b"X:1\nK:C\nc\n",
        "comments": tune(filled("%a\n")),
        "quarter tones": tune(filled("^/c")),
        "Latin-1": tune("c").replace(b"T:t", b"T:\xff" + b"\xe9" * 100_000),
        "UTF-16": b"\xff\xfe" + b"\0" * 4_000_001,
    }


# ---------------------------------------------------------------- MusicXML

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def score(measures: str, *, head: str = "", parts: str = '<score-part id="P1"/>') -> bytes:
    return (
        f"<?xml version='1.0'?>{head}<score-partwise><part-list>{parts}</part-list>"
        f'<part id="P1">{measures}</part></score-partwise>'
    ).encode()


def measure(content: str = NOTE, divisions: str = "1") -> str:
    return f"<measure><attributes><divisions>{divisions}</divisions></attributes>{content}</measure>"


def score_files() -> Mapping[str, bytes]:
    """Return the scores that are not in an archive."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "a"}">' for n in range(12))
    repeat = '<barline><repeat direction="backward" times="9"/></barline>'
    ending = "<barline><ending number='{}' type='start'/></barline>"
    return {
        "a billion laughs": score(measure(), head=f"<!DOCTYPE x [{entities}]>"),
        "entity of a file": score(measure(), head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "nested 1 M deep": score("<measure>" + "<a>" * 1_000_000),
        "nested and closed": score("<measure>" + "<a>" * 200_000 + "</a>" * 200_000 + NOTE + "</measure>"),
        "nested part list": score(measure(), parts="<a>" * 200_000 + "</a>" * 200_000),
        "giant divisions": score(measure(divisions="9" * 5000)),
        "division zero": score(measure(divisions="0")),
        "division of an exponent": score(measure(divisions="1e999999999")),
        "duration of an exponent": score(measure(NOTE.replace(">1<", ">1e99999999<"))),
        "duration of 1e9": score(measure(NOTE.replace(">1<", ">1000000000<"))),
        "duration of 16 M": score(measure(NOTE.replace(">1<", ">16000000<"))),
        "forward by far": score(measure("<forward><duration>16000000</duration></forward>" * 1000 + NOTE)),
        "odd divisions": score("".join(measure(divisions=str(9973 + 2 * n)) for n in range(5000))),
        "odd divisions in a measure": score(
            "<measure>"
            + "".join(f"<attributes><divisions>{9973 + 2 * n}</divisions></attributes>{NOTE}" for n in range(5000))
            + "</measure>"
        ),
        "notes": score(measure(NOTE * 150_000)),
        "notes of a long piece": score(measure(NOTE * 4) * 12_000),
        "repeats that unfold": score((measure(NOTE * 10) + measure(NOTE + repeat)) * 4000),
        "endings that unfold": score((measure(ending.format("1,2,3,4,5,6,7,8,9") + NOTE + repeat)) * 5000),
        "ending of a giant number": score(measure(ending.format("9" * 5000) + NOTE + repeat)),
        "repeats without notes": score("<measure/>" * 200_000 + measure(NOTE + repeat)),
        "many parts": score("").replace(
            b"</part>", b"</part>" + b"".join(b'<part id="%d"><measure/></part>' % n for n in range(50_000))
        ),
        "many parts in the list": score(measure(), parts="".join(f'<score-part id="{n}"/>' for n in range(100_000))),
        "meter of many beats": score(
            measure(f"<attributes><time><beats>{'9+' * 100_000}9</beats><beat-type>4</beat-type></time></attributes>")
        ),
        "meter of many digits": score(
            measure(f"<attributes><time><beats>{'9' * 4000}</beats><beat-type>4</beat-type></time></attributes>" + NOTE)
        ),
        "tempos": score(measure('<sound tempo="100"/>' * 200_000 + NOTE)),
        "tempo of many digits": score(measure(f'<sound tempo="{"9" * 100_000}"/>' + NOTE)),
        "metronome of dots": score(
            measure(
                "<direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
                + "<beat-unit-dot/>" * 100_000
                + "<per-minute>60</per-minute></metronome></direction-type></direction>"
                + NOTE
            )
        ),
        "transposition": score(
            measure("<attributes><transpose><chromatic>16000000</chromatic></transpose></attributes>" + NOTE)
        ),
        "lyrics": score(measure(NOTE.replace("</note>", "<lyric><text>a</text></lyric>" * 1000 + "</note>") * 100)),
        "ties": score(measure(NOTE.replace("</note>", "<tie type='stop'/></note>") * 50_000)),
        "one long text": score(measure("a" * 15_000_000)),
        "attributes": score("<measure " + " ".join(f'a{n}="1"' for n in range(200_000)) + "/>"),
        "elements by the million": score("<a/>" * 3_000_000),
        "comments": score("<!--a-->" * 1_500_000 + measure()),
        "processing instructions": score("<?a?>" * 2_500_000 + measure()),
        "another encoding": b"<?xml version='1.0' encoding='utf-7'?><score-partwise/>",
        "invented encoding": b"<?xml version='1.0' encoding='rot13'?><score-partwise/>",
        "by measures": b"<score-timewise/>",
        "UTF-16": "<?xml version='1.0' encoding='utf-16'?><score-partwise><part id='P1'>".encode("utf-16"),
        "spaces": b" " * 16_000_000,
        "open tag": b"<score-partwise " + b"a" * 15_000_000,
    }


def archive(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return content.getvalue()


def with_stated_size(data: bytes, size: int) -> bytes:
    """Return the archive with another unpacked size in its directory."""
    at = data.rindex(b"PK\1\2") + 24
    return data[:at] + struct.pack("<L", size) + data[at + 4 :]


def archive_files() -> Mapping[str, bytes]:
    """Return the archives (.mxl)."""
    big = archive(("a.xml", b" " * (200 << 20)))
    root = b'<container><rootfiles><rootfile full-path="%s"/></rootfiles></container>'
    whole = score(measure())
    return {
        "300 MB": big,
        "300 MB and says 1,000": with_stated_size(big, 1000),
        "says 4 GB": with_stated_size(archive(("a.xml", whole)), 0xFFFFFFFF),
        "20,000 members": archive(*((f"{n}.txt", b"") for n in range(20_000)), ("a.xml", whole)),
        "path upwards": archive(("META-INF/container.xml", root % b"../../etc/passwd"), ("a.xml", whole)),
        "path absolute": archive(("META-INF/container.xml", root % b"/etc/passwd"), ("/etc/passwd.xml", whole)),
        "container of 16 MB": archive(("META-INF/container.xml", b'full-path="' * (14 << 20 >> 3)), ("a.xml", whole)),
        "container of many roots": archive(("META-INF/container.xml", b'full-path="a" ' * 1_000_000), ("a.xml", whole)),
        "archive in an archive": archive(("a.mxl", archive(("a.xml", whole)))),
        "no score": archive(("a.txt", b"")),
        "cut off": archive(("a.xml", whole))[:-30],
        "head alone": b"PK\3\4",
    }


# ---------------------------------------------------------------- MIDI

ON, OFF = b"\x90\x3c\x40", b"\x80\x3c\x40"


def midi(*bodies: bytes, division: int = 480) -> bytes:
    return encode_file(division, bodies)


def midi_files() -> Mapping[str, bytes]:
    """Return the Standard MIDI Files."""
    one_note = [(0, ON), (480, OFF)]
    return {
        "500,000 events": midi(track_body([(n, ON if n % 2 else OFF) for n in range(500_000)])),
        "500,000 events in running status": midi(b"\0\x90\x3c\x40" + b"\1\x3c\0\1\x3c\x40" * 250_000),
        "240,000 note-ons": midi(b"\0\x90\x3c\x40" + b"\0\x3c\x40" * 240_000),
        "240,000 held keys": midi(b"".join(bytes((1, 0x90 | n % 9, n % 128, 64)) for n in range(240_000))),
        "text events": midi(b"\0\xff\1\0" * 900_000),
        "tempos": midi(b"\0\xff\x51\3\7\xa1\x20" * 240_000 + track_body(one_note)),
        "tempos at many ticks": midi(b"\1\xff\x51\3\7\xa1\x20" * 240_000 + track_body(one_note)),
        "meters at many ticks": midi(b"\1\xff\x58\4\4\2\x18\x08" * 200_000 + track_body(one_note)),
        "huge tempo": midi(track_body([(0, meta_event(TEMPO, b"\xff\xff\xff")), *one_note])),
        "frames per second": midi(track_body(one_note), division=0xE728),
        "odd frames": midi(track_body(one_note), division=0x80FF),
        "one tick a beat": midi(track_body([(0, ON), (49_000, OFF)]), division=1),
        "one tick a beat for ever": midi(b"\0\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x40" * 1000, division=1),
        "largest delta": midi(b"\xff\xff\xff\x7f\x90\x3c\x40" * 100_000),
        "length of five bytes": midi(b"\xff\xff\xff\xff\x7f\x90\x3c\x40"),
        "meta of 256 MB": midi(b"\0\xff\1\xff\xff\xff\x7f"),
        "60,000 tracks": midi(*[b"\0\xff\x2f\0"] * 60_000),
        "tracks within tracks": b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"MTrk\0\x3f\xff\xff" * 100_000,
        "chunks without number": b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"XXXX\0\0\0\0" * 500_000,
        "4 MB of FF": b"MThd" + b"\xff" * (4 << 20) + b"",
        "3.9 MB of zeros": b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk" + b"\0" * 4_000_000,
        "pedals": midi(b"\1\xb0\x40\x7f\1\xb0\x40\0" * 120_000 + track_body(one_note)),
        "notes below a pedal": midi(b"\0\xb0\x40\x7f" + b"\1\x90\x3c\x40\1\x80\x3c\x40" * 60_000),
        "MPE": midi(b"\0\xb0\x65\0\0\xb0\x64\6\0\xb0\6\x0f" * 20_000 + track_body(one_note)),
        "sysex": midi(b"\0\xf0\1\xf7" * 240_000 + track_body(one_note)),
        "system bytes": midi(b"\0\xf8" * 240_000 + track_body(one_note)),
        "RIFF": b"RIFF\xff\xff\xff\xffRMIDdata\xff\xff\xff\xff" + midi(track_body(one_note)),
        "RIFF without end": b"RIFF" + b"MThd" * 1_000_000,
        "lyrics": midi(b"\1\xff\5\1a\1\x90\x3c\x40\1\x80\x3c\x40" * 60_000),
    }


CRAFTED = {"midi": midi_files, "abc": abc_files, "musicxml": score_files, "packed score": archive_files}
