"""Constructs of ABC as they are played: each with the notes that the standard 2.1 gives it."""

import pytest

from bachbridge.errors import TuneError
from bachbridge.files.abc.tune import read_tune
from bachbridge.files.abc.tune_text import decode_text, split_file

HEAD = "X:1\nT:x\nM:4/4\nL:1/4\n"


def sound(music: str, key: str = "C", head: str = HEAD) -> str:
    """Return the notes by start as "pitch/length", those that begin together joined by "+"."""
    chords: dict[float, list[str]] = {}
    for note in read_tune(f"{head}K:{key}\n{music}\n").notes:
        chords.setdefault(float(note.start), []).append(f"{note.pitch}/{float(note.length):.4g}")
    return " ".join("+".join(chord) for chord in chords.values())


def played_letters(music: str, head: str = HEAD, key: str = "C") -> str:
    """Return the notes' names from C to b in the order in which they are played."""
    names = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B", 72: "c", 74: "d", 76: "e", 77: "f", 79: "g"}
    return "".join(names[note.pitch] for note in read_tune(f"{head}K:{key}\n{music}\n").notes)


@pytest.mark.parametrize(
    ("key", "pitches"),
    [
        ("G", "65 78"),
        ("Em", "65 78"),
        ("D Dorian", "65 77"),
        ("none", "65 77"),
        ("", "65 77"),
        ("HP", "65 77"),
        ("Hp", "65 78"),
        ("C ^f", "65 78"),
        ("D exp _b", "65 77"),
        ("G =f", "65 77"),
        ("G clef=bass", "65 78"),
        ("G bass", "65 78"),
        ("G octave=-1", "53 66"),
        ("G transpose=2", "67 80"),
        ("G treble-8", "53 66"),
        ("G clef=treble+8", "77 90"),
        ("clef=alto", "65 77"),
        ("f♯ minor", "65 78"),
        ("H-Dur", "65 78"),
        ("g", "65 78"),
    ],
)
def test_keys_give_accidentals_and_octaves(key: str, pitches: str) -> None:
    notes = read_tune(f"{HEAD}K:{key}\n=F|f2|]\n").notes
    assert " ".join(str(note.pitch) for note in notes) == pitches


@pytest.mark.parametrize(
    ("music", "notes"),
    [
        ("A>B", "69/6 71/2"),
        ("A>>B", "69/7 71/1"),
        ("A<<<B", "69/0.5 71/7.5"),
        ("A>B/", "69/4 71/2"),
        ("A>[Bd]", "69/6 71/2+74/2"),
        ("(3abc (2ab", "81/2.667 83/2.667 72/2.667 81/6 83/6"),
        ("(3:2:4abcd", "81/2.667 83/2.667 72/2.667 74/2.667"),
        ("(3::2ab c", "81/2.667 83/2.667 72/4"),
        ("(3:2ab2c", "81/2.667 83/5.333 72/2.667"),
        ("(10:8:10abcdefgabc", " ".join(f"{p}/3.2" for p in (81, 83, 72, 74, 76, 77, 79, 81, 83, 72))),
        ("[GB2d]2", "67/8+71/8+74/8"),
        ("[G2B]2-[GB]", "67/20+71/20"),
        ("[c-e]c", "72/8+76/4"),
        ("c-|c ^d-|d d", "72/8 75/8 74/4"),
        ("^c C/c|c", "73/4 61/2 73/4 72/4"),
        ("{g}c {/fa}d", "72/4 74/4"),
        ("c/ d// e3/2 f/4", "72/2 74/1 76/6 77/1"),
        ("c y2 d x z e", "72/4 74/4 76/4"),
        ('"Am"c "^text [x|"d !trill!e +f+f .g', "72/4 74/4 76/4 77/4 79/4"),
        ("c`d (ef) * g! $", "72/4 74/4 76/4 77/4 79/4"),
        ("cd\\\nef % words\n% more\n|g", "72/4 74/4 76/4 77/4 79/4"),
        ("c[K:D]c[L:1/8]c[M:3/4]c", "72/4 73/4 73/2 73/2"),
        ("w:la la\ncd\ns:* *\nN:abc\nW:cd", "72/4 74/4"),
        ("%%begintext\nabc def\n%%endtext\nc", "72/4"),
        ("c & E | d", "64/4+72/4 74/4"),
        ("U:T=!trill!\nTc Hd", "72/4 74/4"),
    ],
)
def test_signs_give_lengths_and_pitches(music: str, notes: str) -> None:
    assert sound(music) == notes


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("|:c:|d", "ccd"),
        ("c:|d:|", "ccdd"),
        ("|:c::d:|", "ccdd"),
        ("|::c::|d", "cccd"),
        ("|:c|[1d:|[2e|]", "cdce"),
        ("|:c|1d:|2e||f", "cdcef"),
        ("|:c|[1,3d:|[2e:|f", "cdcecdf"),
        ("|:c|[1-3d:|[4e|]", "cdcdcdce"),
        ("|:c|[1d:|[2e:|[3f|]", "cdcecf"),
        ("c|[1d:|[2e||f:|g", "cdceffg"),
        ("c|[1d:|[2e:|f:|g", "cdceffg"),
        ("c|[1d:|[2e|f|g|e:|", "cdcefgefge"),
        ("|:c|[1d|[2e|f", "cdcef"),
        ("c:|d||e:|", "ccdee"),
        ("c||d:|", "cdcd"),
        ("c|[1d:|\n[2e|]\nf", "cdcef"),
        ("c|\\\n1d:|2e|]", "cdce"),
        ("c|d!fine!|e!D.C.!|", "cdecd"),
        ("c|!segno!d|e!fine!|f!D.S.alfine!|]", "cdefde"),
        ("c|d!dacoda!|e!D.C.alcoda!|!coda!f|]", "cdecdf"),
        ("|:c|[1d:|[2e!D.C.!|]", "cdcece"),
    ],
)
def test_repeats_and_endings_are_written_out(music: str, order: str) -> None:
    assert played_letters(music) == order


def test_parts_are_played_in_their_order() -> None:
    head = HEAD + "P:A2(BC)2A\n"
    assert played_letters("P:A\n|:c:|\nP:B\nd\nP:C\ne", head) == "ccccdedecc"
    assert played_letters("P:A\nc\nP:B\nd") == "cd"


def test_tie_leads_into_every_ending() -> None:
    assert sound("|:c^d-|[1d:|[2d2|]") == "72/4 75/8 72/4 75/12"


def test_voices_come_in_turn_or_one_after_another() -> None:
    voices = [
        [note.pitch for note in voice.notes]
        for voice in read_tune(HEAD + "K:C\nV:1\nc|\nV:2\nC|\nV:1\nd|\nV:2\nD|\n").voices
    ]
    assert voices == [[72, 74], [60, 62]]
    inline = read_tune(HEAD + 'V:S name="High"\nV:B octave=-1\nK:C\n[V:S]c|[V:B]C|\n[V:S]d|\n[V:B]D|\n')
    assert [(voice.name, [note.pitch for note in voice.notes]) for voice in inline.voices] == [
        ("High", [72, 74]),
        ("B", [48, 50]),
    ]


def test_field_between_voices_holds_for_all() -> None:
    tune = read_tune(HEAD + "K:C\nV:1\nf4|\nV:2\nF4|\nK:G\nM:3/4\nV:1\nf3|\nV:2\nF3|\n")
    assert [[note.pitch for note in voice.notes] for voice in tune.voices] == [[77, 78], [65, 66]]
    assert [word for _, word in tune.meters] == ["4/4", "3/4"]


def test_free_meter_and_no_meter_are_read() -> None:
    for meter in ("M:none\n", "", "M:C|\n", "M:2+3/8\n"):
        assert sound("cd", head=f"X:1\n{meter}L:1/4\n") == "72/4 74/4"
    assert read_tune("X:1\nM:none\nK:C\nc\n").meters == ((0, ""),)


def test_directives_for_accidentals_and_transposition() -> None:
    assert sound("^c C c|", head=HEAD + "I:propagate-accidentals octave\n") == "73/4 60/4 73/4"
    assert sound("^c C c|", head=HEAD + "%%MIDI nobarlines\n") == "73/4 60/4 72/4"
    assert sound("c", head=HEAD + "%%MIDI transpose -12\n") == "60/4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_files_of_any_encoding_are_split_into_tunes(encoding: str, line_end: str) -> None:
    text = "L:1/8\n\nX:1\nT:Für Elise\nK:C\nc\n\nwords\n\nX:2\nK:C\nd\n".replace("\n", line_end)
    tunes = split_file(decode_text(text.encode(encoding)))
    assert tunes == ["L:1/8\nX:1\nT:Für Elise\nK:C\nc\n", "L:1/8\nX:2\nK:C\nd\n"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X:1\nT:x\nc|\n", "no key"),
        ("X:1\nK:Q\nc|\n", "no key"),
        ("X:1\nM:4/0\nK:C\nc|\n", "no meter"),
        ("X:1\nL:0\nK:C\nc|\n", "unit length"),
        ("X:1\nm:~n=n/o/n/\nK:C\nc|\n", "macros"),
        ("X:1\nK:C\n(&c&d&)|\n", "overlay over several bars"),
        ("X:1\nK:C\n^/c|\n", "quarter tone"),
        ("X:1\nK:C\n[ce[g]|\n", "bracket"),
        ("X:1\nK:C\n[xyz?]|\n[]c0|\n", "makes no sense"),
        ("X:1\nK:C\n(12abc\n", "without its time"),
        ("X:1\nK:C\nc" + "'" * 30 + "\n", "octave marks"),
        ("X:1\nK:C\nc" + "1" * 5000 + "\n", "too long or too short"),
        ("X:1\nK:C\nZ99999\n", "rest of over"),
        ("X:1\nP:((A9)99)99\nK:C\nP:A\nc\n", "parts in a row"),
        ("X:1\nK:C\n" + "[" * 100_000 + "\nc\n", "over 60,000 bar lines and other signs"),
        ("X:1\nK:C\n" + "c" * 60_000 + "\n", "over 50,000 notes"),
        ("X:1\nK:C\n" + "!" + "c" * 60_000 + "!\n", "over 50,000 notes"),
        ("X:1\nK:C\n\\%" + "c" * 60_000 + "\n", "over 50,000 notes"),
        ("X:1\nK:C\n" + "|1c:|2c|" * 600 + "\n", "endings of repeats"),
        ("X:1\nK:C\n" + "[M:3/4]c" * 21_000 + "\n", "lines and fields"),
        ("X:1\nK:C\n" + "c9973/9949c9967/9941c9931/9929", "do not fit one another"),
        ("X:1\nK:C\n" + "c" * 2_000_000 + "\n", "characters"),
        ("X:1\nK:C\n" + "c4|" * 3_000 + "c4" + ":" * 40, "notes as it is played"),
        ("X:1\nK:C\n" + "".join(f"V:{n}\nc\n" for n in range(80)), "voices"),
    ],
)
def test_read_tune_refuses_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(TuneError, match=says):
        read_tune(text)
