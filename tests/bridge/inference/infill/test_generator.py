"""Answers of the infill generator, with a network that prefers a scale: given notes stay, the rest is filled."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbridge.inference.infill.generator import InfillGenerator
from bachbridge.inference.infill.windows import MAX_STEPS_AT_ONCE
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES, Note, Phrase, keep_longest_notes, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import Ask, Feed, PlanRequest
from bachbridge.protocol.events import Answer, Plan
from bachbridge.protocol.style import Style
from bachbridge.protocol.wire import dumps, loads

MS = 1_000_000
PITCHES = (67, 69, 71, 72, 74, 71, 67, 66)
TUNE = Phrase(tuple(Note(4 * i, 3, pitch, 60 + i, 0, (-1) ** i * MS) for i, pitch in enumerate(PITCHES)), 32)


class ScaleNet:
    """A network that prefers held notes of C major near the middle of each voice's range."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert seen.shape == attacks.shape
        assert place.shape[:2] == seen.shape[:2]
        self.shapes.append(seen.shape)
        indices = np.arange(PITCH_INDEX_COUNT)
        white = np.isin((indices + LOWEST_PITCH - 1) % 12, (0, 2, 4, 5, 7, 9, 11))
        middles = np.array([pitch_index((low + high) // 2) for low, high in VOICE_RANGES])
        preference = white * 3.0 - np.abs(indices - middles[:, None]) / 2
        pitch = np.broadcast_to(preference, (*seen.shape, PITCH_INDEX_COUNT)).astype(np.float32)
        return pitch, np.full(seen.shape, -4.0, np.float32)


class FakePartner:
    """A causal model that records the requests that it follows."""

    def __init__(self) -> None:
        self.followed: list[PlanRequest] = []

    def follow(self, request: PlanRequest) -> None:
        self.followed.append(request)

    def plan(self, request: PlanRequest) -> Plan:
        return Plan(request.piece, request.step + len(request.frames), (), -1)


def make_generator(net: ScaleNet | None = None) -> InfillGenerator:
    return InfillGenerator(net or ScaleNet(), FakePartner(), 2 * MS)


def make_ask(task: str, prompt: Phrase = TUNE, steps: int = 32, seed: int = 5, key: str = "") -> Ask:
    key_number = key_to_number(parse_key(key)) if key else -1
    return Ask(3, task, "scale", prompt, steps, 0.9, 0.95, seed, key_number)


def answer(task: str, prompt: Phrase = TUNE, steps: int = 32, seed: int = 5, key: str = "") -> Answer:
    *parts, last = make_generator().generate(make_ask(task, prompt, steps, seed, key))
    assert not any(parts), "the work can be interrupted between sweeps, and the answer comes at the end"
    assert isinstance(last, Answer)
    assert (last.ask, last.until, last.final) == (3, steps, True)
    assert loads(dumps(last)) == last
    return last


def line(notes: tuple[Note, ...], voice: int) -> list[tuple[int, int, int]]:
    return [(note.start, note.length, note.pitch) for note in notes if note.voice == voice]


def voices_at(notes: tuple[Note, ...], step: int) -> set[int]:
    return {note.voice for note in notes if note.start <= step < note.end}


@pytest.mark.parametrize("task", InfillGenerator.tasks)
def test_generate_fills_four_voices_of_the_asked_length(task: str) -> None:
    notes = answer(task).notes
    assert {note.voice for note in notes} == {0, 1, 2, 3}
    assert max(note.end for note in notes) <= 32
    assert notes == keep_longest_notes(notes), "in order and without duplicates"
    for note in notes:
        low, high = VOICE_RANGES[note.voice]
        assert low <= note.pitch <= high


@pytest.mark.parametrize("task", InfillGenerator.tasks)
def test_generate_is_deterministic(task: str) -> None:
    assert answer(task) == answer(task)
    assert answer(task) != answer(task, seed=6)


def test_continuation_has_any_length() -> None:
    assert max(note.end for note in answer("continue", steps=80).notes) == 80
    assert max(note.end for note in answer("continue", steps=4).notes) == 4


def test_continuation_shows_the_end_of_a_long_phrase() -> None:
    net = ScaleNet()
    bars = Phrase(tuple(Note(8 * i, 8, 60 + i % 12) for i in range(40)), 320)
    list(make_generator(net).generate(make_ask("continue", bars, steps=16)))
    assert {shape[1] for shape in net.shapes} == {8 * 16 + 16}


def test_harmony_returns_the_players_notes_as_played() -> None:
    notes = answer("harmonize").notes
    assert tuple(note for note in notes if note.voice == 0) == TUNE.notes
    assert all(voices_at(notes, step) >= {1, 2, 3} for step in range(32))


def test_harmony_has_the_players_dynamics_and_timing() -> None:
    for note in answer("harmonize").notes:
        leading = TUNE.notes[note.start // 4]
        assert note.velocity == leading.velocity
        assert note.offset_ns == (leading.offset_ns if note.start == leading.start else 0)


def test_harmony_rests_where_the_player_rests_for_long() -> None:
    prompt = Phrase((Note(0, 4, 67), Note(6, 2, 69), Note(16, 8, 71)), 24)
    notes = answer("harmonize", prompt, 24).notes
    assert all(voices_at(notes, step) >= {1, 2, 3} for step in (0, 5, 7, 16, 23)), "a short gap is no rest"
    assert all(not voices_at(notes, step) for step in range(8, 16))


def test_variation_keeps_a_share_of_the_line_and_its_ends() -> None:
    given, varied = line(TUNE.notes, 0), line(answer("vary").notes, 0)
    kept = [note for note in given if note in varied]
    assert kept[0] == given[0]
    assert kept[-1] == given[-1]
    assert len(given) // 2 <= len(kept) < len(given)
    covered = {step for start, length, _ in varied for step in range(start, start + length)}
    erased = [note for note in given if note not in kept]
    assert all(start in covered for start, _, _ in erased), "a new note takes its place"


def test_continuation_keeps_to_the_asked_key() -> None:
    def steps_outside(key: str) -> int:
        tonic, _ = parse_key(key) or (0, False)
        notes = answer("continue", steps=64, key=key).notes
        return sum(note.length for note in notes if (note.pitch - tonic) % 12 not in (0, 2, 4, 5, 7, 9, 11))

    assert steps_outside("C") < steps_outside("F#") / 3


@pytest.mark.parametrize("octaves", [-4, -3, -2, 2, 3, 4])
@pytest.mark.parametrize("task", InfillGenerator.tasks)
def test_generate_answers_in_the_octave_of_a_far_line(octaves: int, task: str) -> None:
    far = replace(TUNE, notes=tuple(replace(note, pitch=note.pitch + 12 * octaves) for note in TUNE.notes))
    notes = answer(task, far).notes
    own = [note.pitch for note in notes if note.voice == (3 if octaves < 0 else 0)]
    assert np.median(own) == pytest.approx(70 + 12 * octaves, abs=12)
    if task == "harmonize":
        assert {note.pitch for note in far.notes} == set(own)


def test_harmony_assigns_two_notes_at_once_to_two_voices() -> None:
    prompt = Phrase((Note(0, 8, 72), Note(0, 8, 55), Note(8, 8, 71)), 16)
    notes = answer("harmonize", prompt, 16).notes
    assert line(notes, 0) == [(0, 8, 72), (8, 8, 71)]
    assert (0, 8, 55) in line(notes, 3)


def test_harmony_returns_all_five_notes_of_a_chord() -> None:
    prompt = Phrase(tuple(Note(0, 8, pitch) for pitch in (48, 60, 64, 67, 72)), 8)
    notes = answer("harmonize", prompt, 8).notes
    assert sorted(note.pitch for note in notes if note.start == 0) == [48, 60, 64, 67, 72]


def test_harmony_of_four_given_voices_adds_nothing() -> None:
    chord = tuple(Note(0, 8, pitch, voice=voice) for voice, pitch in enumerate((72, 67, 64, 48)))
    assert answer("harmonize", Phrase(chord, 8), 8).notes == chord


@pytest.mark.parametrize("task", InfillGenerator.tasks)
@pytest.mark.parametrize("prompt", [Phrase((), 8), Phrase((Note(0, 8, 60),), 8), Phrase((Note(9, 2, 60),), 8)])
def test_generate_answers_nearly_empty_phrases(task: str, prompt: Phrase) -> None:
    assert {note.voice for note in answer(task, prompt, 8).notes} >= {1, 2, 3}


def test_generate_spends_fewer_sweeps_on_longer_phrases() -> None:
    def candidates_and_calls(steps: int) -> tuple[int, int]:
        net = ScaleNet()
        phrase = Phrase(tuple(Note(4 * i, 4, 67 + i % 5) for i in range(steps // 4)), steps)
        list(make_generator(net).generate(make_ask("harmonize", phrase, steps)))
        return net.shapes[0][0], len(net.shapes)

    short, long = candidates_and_calls(64), candidates_and_calls(320)
    assert long[0] == 1 < short[0]
    assert long[1] < short[1]


@pytest.mark.parametrize("task", InfillGenerator.tasks)
def test_generate_shows_long_phrases_in_windows(task: str) -> None:
    net = ScaleNet()
    phrase = Phrase(tuple(Note(4 * i, 4, 67 + i % 5, 60 + i % 50) for i in range(256)), 1024)
    *_, last = make_generator(net).generate(make_ask(task, phrase, 1024))
    assert isinstance(last, Answer)
    assert max(shape[1] for shape in net.shapes) <= MAX_STEPS_AT_ONCE, (
        "the cost of attention grows with the square of the steps"
    )
    assert all(voices_at(last.notes, step) >= {1, 2, 3} for step in range(1024))
    if task == "harmonize":
        assert tuple(note for note in last.notes if note.voice == 0) == phrase.notes


NOTES = st.lists(
    st.builds(Note, st.integers(0, 30), st.integers(1, 12), st.integers(0, 127), st.integers(1, 127)), max_size=12
)


@settings(max_examples=15)
@given(NOTES, st.sampled_from(InfillGenerator.tasks), st.sampled_from([None, 0, 3]), st.sampled_from([12, 16]))
def test_generate_answers_any_phrase(notes: list[Note], task: str, position: int | None, bar: int) -> None:
    prompt = Phrase(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), 32, bar, position)
    harmony = answer(task, prompt)
    if task == "harmonize":
        assert {(n.start, n.pitch, n.velocity) for n in harmony.notes} >= {
            (n.start, n.pitch, n.velocity) for n in notes
        }


def test_live_harmony_comes_from_the_partner() -> None:
    partner = FakePartner()
    infill = InfillGenerator(ScaleNet(), partner, MS)
    frame = (36, 31, 27, 20, 15)
    request = PlanRequest("scale", 0, 0, (frame,), 0, 36, 16, 1, Style(repeat="hold"))
    infill.feed(Feed("scale", TUNE, 1))
    infill.follow(request)
    assert infill.plan(request) == Plan(0, 1, (), -1)
    assert partner.followed == [request]
    assert len(VOICES) == len(frame) - 1


@pytest.mark.parametrize(("close", "root", "chord"), [("cadence", 2, {2, 6, 9}), ("open", 9, {9, 1, 4})])
def test_continuation_closes_as_asked(close: str, root: int, chord: set[int]) -> None:
    ask = replace(make_ask("continue", key="D"), close=close)
    *_, last = make_generator().generate(ask)
    assert last
    sounding = [note for note in last.notes if note.end == 32]
    assert {(note.voice, note.start) for note in sounding} == {(voice, 24) for voice in range(4)}
    assert {note.pitch % 12 for note in sounding if note.voice == 3} == {root}
    assert {note.pitch % 12 for note in sounding} <= chord
