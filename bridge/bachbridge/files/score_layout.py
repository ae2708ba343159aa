"""An exchange as a score: the prompt in four voices and the answer after it, with bar lines and a key.

On paper a voice holds one note at a time. So the player's chords are given to the voices from above, each note to the
nearest free voice, and a single line, legato or not, to one voice alone. A voice's note ends where its next one begins;
of a chord of more than four notes the three highest and the lowest are written. Played lengths become note values by
`notation.played_values`, and the key signature is `notation.signature`'s.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.musicxml import encode_musicxml
from bachbridge.files.staff_voices import split_into_voices
from bachbridge.music.notation.played_values import values_as_written, with_triplets
from bachbridge.music.notation.signature import written_key
from bachbridge.music.notation.tuplets import WrittenNote, written_line
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES, Key, Note, Phrase
from bachbridge.music.timeline import Bar, Meter, is_monophonic, meter_from_steps, notes_by_part, part_voices

_GRID_SLACK_TICKS = 1.5
"""Distance from the grid up to which a note of a file ends on it: files round, and some end notes a tick early."""
_UPPER_STAFF_FROM = 60
"""A single line with this mean pitch or a higher one goes to the soprano, on the upper staff."""
_LEGATO_STEPS, _LEGATO_SHARE = 1, 0.25
"""How long a note of a line may sound on into the next: in steps, or as a share of its length."""
_RANGE_CENTRES = tuple((low + high) / 2 for low, high in VOICE_RANGES)


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Facts for a score beside the notes of an exchange: the length of a step, the meter and the key, where known."""

    title: str = ""
    step_ns: int = 0
    """With 0, triplets are not looked for."""
    meter: Meter | None = None
    key: Key | None = None


def exchange_musicxml(
    prompt: Phrase, answer: Sequence[Note], answer_step: int | None = None, options: ScoreOptions = ScoreOptions()
) -> bytes:
    """Encode the prompt and its answer, whose step 0 is the prompt's step `answer_step` (None: its end)."""
    moved = _moved_answer(prompt, answer, answer_step)
    bars = exchange_bars(prompt, moved, options.meter)
    voices = _without_overlaps([*assign_voices(prompt.notes), *moved])
    played = with_triplets(voices, bars, options.step_ns)
    return encode_musicxml(
        values_as_written(played, bars),
        bars,
        written_key(prompt.notes, moved, options.key),
        options.title,
        omit_resting_voices=True,
        answer_step=answer_mark_step(prompt, moved),
    )


def answer_mark_step(prompt: Phrase, moved_answer: Sequence[Note]) -> int | None:
    """Return the step at which the answer begins; None if it does not follow the prompt but sounds along with it."""
    if not moved_answer or not prompt.notes:
        return None
    first_step = min(note.start for note in moved_answer)
    return first_step if all(note.start < first_step for note in prompt.notes) else None


def exchange_bars(prompt: Phrase, moved_answer: Sequence[Note], meter: Meter | None = None) -> list[Bar]:
    """Return the bars of an exchange; `meter` is used if it has as many steps to a bar as the prompt."""
    end = max([prompt.steps, *(note.end for note in prompt.notes), *(note.end for note in moved_answer)])
    bars = regular_bars(end, prompt.steps_per_bar, prompt.position or 0)
    if meter is None or meter.steps_per_bar != prompt.steps_per_bar:
        return bars
    return [replace(bar, meter=meter) for bar in bars]


def exchange_notes(prompt: Phrase, answer: Sequence[Note], answer_step: int | None = None) -> list[Note]:
    """Return the notes of both in four voices, each with one note at a time."""
    return _without_overlaps([*assign_voices(prompt.notes), *_moved_answer(prompt, answer, answer_step)])


def _moved_answer(prompt: Phrase, answer: Sequence[Note], answer_step: int | None) -> list[Note]:
    """Return the answer's notes by start, on the prompt's steps."""
    answer_step = prompt.steps if answer_step is None else answer_step
    return sorted(
        (replace(note, start=note.start + answer_step) for note in answer), key=lambda note: (note.start, note.voice)
    )


def song_notes(song: MidiSong, answer: Sequence[Note] = ()) -> list[Note | WrittenNote]:
    """Return a song's notes in four voices as they are written, tuplets too, and its answer, which begins at its end.

    Music that is neither in four voices nor one line goes to 16ths. Short gaps are closed if the music was played.
    """
    notes = _song_notes(song, answer)
    return values_as_written(notes, list(song.timeline.bars(song.phrase.steps))) if was_played(song) else notes


def was_played(song: MidiSong) -> bool:
    """Return True if most notes of the song end off the grid of 16ths and of 16ths' triplets."""
    cell = song.timeline.ticks_per_beat / (3 * STEPS_PER_BEAT)
    off_grid = sum(abs(note.end / cell - round(note.end / cell)) * cell > _GRID_SLACK_TICKS for note in song.notes)
    return 2 * off_grid > len(song.notes)


def _song_notes(song: MidiSong, answer: Sequence[Note]) -> list[Note | WrittenNote]:
    moved = _without_overlaps([replace(note, start=note.start + song.phrase.steps) for note in answer])
    split = split_into_voices(song)
    if split is None:
        if is_monophonic(song.notes, song.timeline):
            voice = _voice_of_line([note.pitch for note in song.notes])
            return [*written_line(song.notes, song.timeline, voice), *moved]
        return [*exchange_notes(song.phrase, ()), *moved]
    parts = notes_by_part(split.notes)
    voice_of = part_voices(split.notes, split.track_names, split.timeline)
    written = (note for part in parts for note in written_line(parts[part], split.timeline, voice_of[part]))
    return [*written, *moved]


def assign_voices(notes: Sequence[Note]) -> list[Note]:
    """Return the notes in four voices: as they are if they have voices, else each chord from its highest note down."""
    if any(note.voice for note in notes):
        return list(notes)
    if line := _legato_line(notes):
        voice = _voice_of_line([note.pitch for note in line])
        return [replace(note, voice=voice) for note in line]
    busy = [0] * len(VOICES)
    assigned: list[Note] = []
    for start, group in groupby(sorted(notes, key=lambda note: (note.start, -note.pitch)), lambda note: note.start):
        below = 0
        chord = list(group)
        written = chord if len(chord) <= len(VOICES) else [*chord[:3], chord[-1]]
        for index, note in enumerate(written):
            room = range(below, len(VOICES) - (len(written) - index - 1))
            free = [voice for voice in room if busy[voice] <= start] or list(room)
            voice = min(free, key=lambda voice, pitch=note.pitch: abs(_RANGE_CENTRES[voice] - pitch))
            busy[voice], below = note.end, voice + 1
            assigned.append(replace(note, voice=voice))
    return assigned


def _legato_line(notes: Sequence[Note]) -> list[Note]:
    """Return the notes as one line in which each ends where the next begins at the latest; empty if it is none."""
    ordered = sorted(notes, key=lambda note: note.start)
    for one, other in pairwise(ordered):
        overlap = one.end - other.start
        if one.start == other.start or overlap > max(_LEGATO_STEPS, _LEGATO_SHARE * one.length):
            return []
    cut = [replace(one, length=min(one.length, other.start - one.start)) for one, other in pairwise(ordered)]
    return [*cut, *ordered[-1:]]


def _voice_of_line(pitches: Sequence[int]) -> int:
    """Return the voice that a single line is written in."""
    mean = sum(pitches) / max(1, len(pitches))
    return 0 if mean >= _UPPER_STAFF_FROM else min((2, 3), key=lambda voice: abs(_RANGE_CENTRES[voice] - mean))


def _without_overlaps(notes: Sequence[Note]) -> list[Note]:
    """Return each voice with one note at a time; of notes that begin together, the longest."""
    voices: defaultdict[int, dict[int, Note]] = defaultdict(dict)
    for note in sorted(notes, key=lambda note: (note.start, note.length)):
        if note.start >= 0 and note.length > 0:
            voices[note.voice % len(VOICES)][note.start] = note
    separate: list[Note] = []
    for voice, by_start in voices.items():
        for note, following in pairwise([*by_start.values(), None]):
            assert note is not None
            end = min(note.end, following.start) if following else note.end
            separate.append(replace(note, voice=voice, length=end - note.start))
    return sorted(separate, key=lambda note: (note.start, note.voice))


def regular_bars(steps: int, steps_per_bar: int, position: int) -> list[Bar]:
    """Return bars from step 0, which lies `position` steps into the first, to the bar line at or after `steps`."""
    meter = meter_from_steps(steps_per_bar)
    bars: list[Bar] = []
    start, end = 0, steps_per_bar - position % steps_per_bar
    while start < max(1, steps):
        bars.append(Bar(start, end, meter))
        start, end = end, end + steps_per_bar
    return bars
