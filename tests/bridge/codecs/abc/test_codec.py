"""Tests for tunes in ABC: the grammar without dead ends, the normal form, notes both ways, and the live codec."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.abc import grammar as abc_grammar
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.bars import BAR_LINES
from bachbridge.codecs.abc.reader import TuneNote, split_header, split_tokens
from bachbridge.codecs.abc.shortest_end import closing_characters
from bachbridge.codecs.abc.writer import BarLayout, format_line
from bachbridge.errors import TuneError
from bachbridge.files.abc.tune import read_tune
from bachbridge.music.notes import Note, Phrase

HEADER = "M:4/4\nL:1/8\nK:G\n"


def drawn(seed: int, length: int, text: str = "") -> str:
    """Draw a tune at random under the mask, and lead it to its end from `length` characters on."""
    rng = random.Random(seed)
    state = abc_grammar.state_after(text)
    assert state
    while not state.is_finished:
        chars = state.allowed_characters() if len(text) < length else closing_characters(state)
        assert chars, (text, state)
        char = rng.choice(sorted(chars))
        state = state.after(char)
        assert state
        text += char
        assert len(text) < length + 100, text
    return text


def bars(tune: str) -> list[Fraction]:
    """Return the lengths of the bars in steps, counted from the notes."""
    header, body = split_header(normal_form.normalize(tune))
    reader = header.make_reader()
    ends = [Fraction(0)]
    for token in split_tokens(body):
        reader.read_token(token)
        if token in BAR_LINES:
            ends.append(reader.step)
    return [end - begin for begin, end in pairwise(ends) if end > begin]


def codec() -> abc_codec.AbcCodec:
    tunes = [f"M:{meter}\nL:1/8\nK:{key}\nG4 G4|]\n" for meter in ("4/4", "6/8") for key in ("G", "D", "Em")]
    return abc_codec.codec_from_vocabulary(abc_codec.build_vocabulary(tunes))


# ---------------------------------------------------------------- the grammar


@pytest.mark.parametrize("seed", range(6))
def test_drawn_text_is_a_tune(seed: int) -> None:
    tune = drawn(seed, 150, "" if seed % 2 else HEADER)
    after = abc_grammar.state_after(normal_form.normalize(tune) + "\n")
    assert after
    assert after.is_finished
    assert read_tune(tune).notes or "z" in tune


@pytest.mark.parametrize("seed", range(4))
def test_drawn_tune_has_bars_that_add_up(seed: int) -> None:
    lengths = bars(drawn(seed, 150, HEADER))
    pickup = lengths[0] if lengths[0] < 16 else Fraction(0)
    after = [length for length in lengths[bool(pickup) :] if length < 16]
    assert all(length <= 16 for length in lengths)
    # Short ones come in pairs, but for the tune's last bar and the last one of a first ending.
    while after:
        length, *after = after
        if after and length + after[0] == 16:
            after = after[1:]
        else:
            assert not after or length == 16 - pickup


@pytest.mark.parametrize(
    ("music", "right"),
    [
        ("A8|B8|]\n\n", True),
        ("A8|B7|]\n\n", True),
        ("A8|B7|c|]\n\n", False),
        ("A8|B7||c|d8|]\n\n", True),
        ("A8|B7||c8|]\n\n", False),
        ("A8|B9|]\n\n", False),
        ("A2|B8|c6|]\n\n", True),
        ("A2|B8|c8|]\n\n", True),
        ("A2|B8|c8||d2|e8|]\n\n", False),
        ("A2|B8|c6:|A2|B8|c6|]\n\n", True),
        ("A2|:B8|c8:|\n\n", True),
        ("|:A8|B8|]\n\n", False),
        ("|:A8|[1B8:|[2c8|]\n\n", True),
        ("|:A8|[1B8:|c8|]\n\n", False),
        ("(3ABcA6|]\n\n", True),
        ("(3ABcA5|]\n\n", False),
        ("A>B c>d e2f2|]\n\n", True),
        ("A>B|]\n\n", False),
        ("A8-|A8|]\n\n", True),
        ("A8-|B8|]\n\n", False),
        ('"G7/b"A8|]\n\n', True),
        ('"H"A8|]\n\n', False),
        ("^A8|]\n\n", True),
        ("A8|\n\n", False),
    ],
)
def test_grammar_accepts_complete_tunes_only(music: str, right: bool) -> None:
    after = abc_grammar.state_after(HEADER + music)
    assert (after is not None and after.is_finished) == right


def test_grammar_requires_header_order() -> None:
    assert abc_grammar.state_after("X:1\nT:A tune\nM:6/8\nL:1/8\nK:Em\n")
    assert abc_grammar.state_after("K:G\n") is None
    assert abc_grammar.state_after("M:6/8\nX:1\n") is None
    assert abc_grammar.state_after("M:6/7\n") is None


def test_lenient_grammar_allows_joins_within_a_bar() -> None:
    tune = HEADER + "A2|B8|c4:|\nd3|e8|f8|]\n\n"
    assert abc_grammar.state_after(tune) is None
    read = abc_grammar.state_after(tune, abc_grammar.LENIENT_START)
    assert read
    assert read.is_finished
    assert abc_grammar.state_after(HEADER + "A8|B7|c8|]\n\n", abc_grammar.LENIENT_START) is None


# ---------------------------------------------------------------- the normal form

WILD = """X: 7
T: A tune % with a comment
M: C
K: A Mixolydian
|: {g}~A>B (3ABc "^slow"(d2 .e2) | "D" [FAd]4 A/B/c/d/ \\
 e2 |1 f4 A8/2 :|2 a8 ||
P:B
g2-a2
b4 |
"""


def test_normalize_cleans_a_wild_tune() -> None:
    text = normal_form.normalize(WILD)
    assert text == 'M:4/4\nL:1/8\nK:Amix\n|:A>B (3ABc d2 e2|"D"d4 A/2B/2c/2d/2 e2|[1f4 A4:|[2a8||\ng2a2 b4|]\n'
    assert normal_form.normalize(text) == text


@pytest.mark.parametrize(("written", "meter"), [("C", "4/4"), ("C|", "2/2"), ("C |", "2/2"), (" 6 / 8", "6/8")])
def test_header_lines_normalize_the_meter(written: str, meter: str) -> None:
    assert normal_form.header_lines(f"M:{written}\nK:C\n").startswith(f"M:{meter}\n")


def test_split_tunes_finds_tunes_between_text() -> None:
    assert normal_form.split_tunes("words\n\nX:1\nK:C\nC\n\nmore words\nX:2\nK:C\nD") == [
        "X:1\nK:C\nC\n",
        "X:2\nK:C\nD\n",
    ]


@pytest.mark.parametrize("tune", ["X:1\nM:4/4\nC4|\n", "X:1\nK:G\nC|\n", "X:1\nM:4/4\nV:1\nK:C\nC|\n", "M:4/4\nK:C\n"])
def test_normalize_refuses_other_text(tune: str) -> None:
    with pytest.raises(TuneError):
        normal_form.normalize(tune)


# ---------------------------------------------------------------- notes


def test_read_tune_reads_notes() -> None:
    notes = read_tune(HEADER + "^FG>A (3fga|F4-F4|]\n").notes
    assert [(float(n.start), float(n.length), n.pitch) for n in notes[:3]] == [(0, 2, 66), (2, 3, 67), (5, 1, 69)]
    assert [n.pitch for n in notes[3:]] == [78, 79, 81, 66]
    assert notes[3].length == Fraction(4, 3)
    assert notes[-1].length == 16


def test_accidental_holds_until_bar_line_and_over_a_tie() -> None:
    music = "=FFf2 F4-|F4F4|]\n"
    assert [n.pitch for n in read_tune(HEADER + music).notes] == [65, 65, 77, 65, 66]
    assert [n.pitch for n in read_tune("%%propagate-accidentals octave\n" + HEADER + music).notes] == [
        65,
        65,
        78,
        65,
        66,
    ]


def test_read_tune_plays_repeats() -> None:
    notes = read_tune(HEADER + "|:A8|[1B8:|[2c8||d8:|\n").notes
    assert [n.pitch for n in notes] == [69, 71, 69, 72, 74, 74]
    assert [n.start for n in notes] == [16 * bar for bar in range(6)]


def test_format_line_is_read_back() -> None:
    rng = random.Random(1)
    layout = BarLayout(Fraction(12), Fraction(4), Fraction(2), Fraction(5))
    for key in ("C", "Eb", "F#m", "Ador"):
        at, line = Fraction(0), []
        for _ in range(20):
            length = Fraction(rng.randrange(1, 9))
            line.append(TuneNote(at, length, rng.randrange(50, 90)))
            at += length + rng.choice([0, 0, 3])
        text = f"M:3/4\nL:1/8\nK:{key}\n{format_line(line, at, key, layout)}|]\n"
        assert [*read_tune(text).notes] == line


# ---------------------------------------------------------------- the codec


def test_text_and_symbols_convert_both_ways() -> None:
    text = "M:4/4\nL:1/8\nK:G\nG8|]\n"
    assert codec().decode_text(codec().encode_text(text)) == text + "\n"
    assert codec().decode_text(codec().encode_text("X:1\n\u266b", end=False)) == "X:1\n"
    assert all(number for (number,) in codec().encode_text(text))


def test_make_prompt_moves_phrase_to_a_known_key() -> None:
    scale = (68, 70, 72, 73, 75, 77, 79, 80)
    phrase = Phrase(tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate(scale)), 16, 16, 0)
    prompt = codec().make_prompt(phrase)
    assert prompt.header.key == "G"
    assert prompt.text == "M:4/4\nL:1/8\nK:G\nGA Bc de fg|"


def test_make_prompt_writes_top_line_from_within_a_bar() -> None:
    chords = tuple(Note(at, 4, pitch) for at in (0, 4) for pitch in (55, 59, 62, 67))
    assert codec().make_prompt(Phrase(chords, 8, 16, 12)).body == "G2|G2 "


@pytest.mark.parametrize(
    ("length", "body", "factor"),
    [(4, "G2 A2 B2 c2|", 1), (6, "G3/2A3/2B-|B/2c3/2 ", 2), (8, "GA Bc|", 4), (16, "GA Bc|", 8)],
)
def test_make_prompt_writes_long_notes_shorter(length: int, body: str, factor: int) -> None:
    phrase = Phrase(tuple(Note(length * at, length, pitch) for at, pitch in enumerate((67, 69, 71, 72))), 4 * length)
    prompt = codec().make_prompt(phrase, (7, False))
    assert prompt.body == body
    assert prompt.factor == factor


@pytest.mark.parametrize(
    ("rhythm", "meter"),
    [
        ((2, 2, 2, 2, 2, 2, 4, 2, 4, 2), "6/8"),
        ((6, 6, 2, 2, 2, 6), "6/8"),
        ((4, 4, 4, 8, 4), "3/4"),
        ((6, 2, 4, 6, 2, 4), "3/4"),
        ((2, 2, 2, 2, 2, 2, 12), "3/4"),
    ],
)
@pytest.mark.parametrize("pickup", [0, 2])
def test_make_prompt_tells_3_4_from_6_8(rhythm: tuple[int, ...], meter: str, pickup: int) -> None:
    starts = [pickup + sum(rhythm[:at]) for at in range(len(rhythm))]
    notes = tuple(Note(start, max(1, length - 1), 60) for start, length in zip(starts, rhythm, strict=True))
    played = Phrase((Note(0, 1, 60), *notes) if pickup else notes, pickup + sum(rhythm), 12, -pickup % 12)
    assert codec().make_prompt(played).header.meter_word == meter


@pytest.mark.parametrize(("steps_per_bar", "position", "steps"), [(16, 0, 16), (12, 7, 11), (24, None, 30), (14, 3, 5)])
def test_decoder_goes_on_in_time(steps_per_bar: int, position: int | None, steps: int) -> None:
    phrase = Phrase(tuple(Note(at, 3, 60 + at) for at in range(0, steps - 3, 3)), steps, steps_per_bar, position)
    abc = codec()
    decoder = abc.decoder(phrase)
    rng = random.Random(steps)
    notes: list[Note] = []
    while decoder.step < 2 * steps_per_bar:
        before = decoder.step
        allowed = np.flatnonzero(decoder.allowed_ids(()))
        assert len(allowed)
        assert allowed[0] > 0
        written = decoder.add_symbol((int(rng.choice(allowed.tolist())),))
        assert decoder.step >= before
        assert all(note.start >= 0 and note.length > 0 and note.end >= before for note in written)
        notes += written
    last = {note.start: note for note in notes}
    ordered = [last[start] for start in sorted(last)]
    assert all(note.end <= after.start for note, after in pairwise(ordered))


def test_answer_returns_to_the_players_key() -> None:
    abc = codec()
    scale = (68, 70, 72, 73, 75, 77, 79, 80)
    decoder = abc.decoder(Phrase(tuple(Note(2 * at, 2, pitch) for at, pitch in enumerate(scale)), 16, 16, 0))
    written = [note for symbol in abc.encode_text("G2F>GA", end=False) for note in decoder.add_symbol(symbol)]
    assert written == [Note(0, 4, 68), Note(4, 3, 67), Note(7, 1, 68)]
    assert decoder.step == 8


@pytest.mark.parametrize(("played", "text", "pitch"), [(127, "c''8|", 119), (0, "A,,8|", 7)])
def test_answer_stays_within_midi_pitches(played: int, text: str, pitch: int) -> None:
    abc = codec()
    decoder = abc.decoder(Phrase(tuple(Note(at, 4, played) for at in (0, 4, 8, 12)), 16, 16, 0), (0, False))
    written = [note for symbol in abc.encode_text(text, end=False) for note in decoder.add_symbol(symbol)]
    assert written == [Note(0, 16, pitch)], "of the same name, in the nearest octave that there is"


def test_tune_writer_draws_a_whole_tune() -> None:
    abc = codec()
    decoder = abc.tune_writer("M:6/8\nL:1/8\nK:G\n", max_characters=80)
    rng = random.Random(3)
    while not decoder.is_finished:
        decoder.add_symbol((int(rng.choice(np.flatnonzero(decoder.allowed_ids(())).tolist())),))
    after = abc_grammar.state_after(decoder.text)
    assert after
    assert after.is_finished
    with pytest.raises(TuneError):
        abc.tune_writer("K:G\n")
