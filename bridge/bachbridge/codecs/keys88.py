"""Music as text: a character for each of the piano's 88 keys, and a mark for each step of time. Nothing else.

The idea is carykh's experiment (Hackaday, 2017): MIDI turned into text in which a character is a piano key, for a
network that reads characters. Here the text is exact and a person can read and edit it:

- The white keys, A0 to C8, are the 52 letters `A`-`Z`, `a`-`z`; middle C is `X`. The 36 black keys are signs, the ten
  digits from C#3 to Bb4 among them.
- The mark is the end of a line, so a line is a step of the grid, and an empty line is silence.
- A line holds the characters of all keys that are down in its step, from the lowest up, struck or held. A key that
  was up in the step before is struck. A key that was down is held; written **twice** (`XX`) it is struck again.

Why nothing is lost: two sets for each step describe what a keyboard does on a grid, the keys that are down and those
of them that are struck. The keys down are the characters of the line. The keys struck are those whose character is
doubled, or missing in the line before. So the text determines the sets, and `phrase_to_text`, which doubles a character
only where it must, is the inverse. A note begins where its key is struck and ends where the key is up or struck again;
so notes of which no two hold one key at one time come back with the same start, length and pitch.

One key is one note: where two voices meet on a key, the key is struck whenever either has an onset, and stays down
until both have ended. This loses no onset of a key and no step of its sound, but it loses the voice, as well as
velocities, micro-timing and bar lines. Notes beyond the piano are written in the nearest octave that it has.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import numpy as np

from bachbridge.codecs.base import Symbol, SymbolDecoder
from bachbridge.errors import ConfigError, ModelError
from bachbridge.music.frames import Bools
from bachbridge.music.notes import (
    BLACK_KEYS,
    VOICES,
    Key,
    Note,
    Phrase,
    best_octave_shift,
    fold_into_range,
    scale_pitch_classes,
)

LOWEST_PITCH, HIGHEST_PITCH = 21, 108
STEP_END = "\n"
_LETTERS, _SIGNS = iter(ascii_uppercase + ascii_lowercase), iter("!#$%&()*+-." + digits + "/:;<=>?@[]^_{|}")
KEY_CHARACTERS = "".join(
    next(_SIGNS if pitch % 12 in BLACK_KEYS else _LETTERS) for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)
)
"""Characters of the keys, from the lowest up."""

_PITCH_BY_CHARACTER = {character: pitch for pitch, character in enumerate(KEY_CHARACTERS, LOWEST_PITCH)}
_STEP_END_ID = len(KEY_CHARACTERS) + 1
_ID_BY_CHARACTER = {character: number for number, character in enumerate(KEY_CHARACTERS + STEP_END, 1)}
_VOCAB_SIZE = len(_ID_BY_CHARACTER) + 1


# ---------------------------------------------------------------- text


def phrase_to_text(phrase: Phrase) -> str:
    """Return the phrase as text, a line for each of its steps; notes beyond its last step are left out."""
    down: defaultdict[int, set[int]] = defaultdict(set)
    onsets: defaultdict[int, set[int]] = defaultdict(set)
    for note in phrase.notes:
        pitch = fold_into_range(note.pitch, LOWEST_PITCH, HIGHEST_PITCH)
        onsets[note.start].add(pitch)
        for step in range(note.start, min(note.end, phrase.steps)):
            down[step].add(pitch)
    lines: list[str] = []
    for step in range(phrase.steps):
        repeated = onsets[step] & down[step - 1] if step else set[int]()
        lines.append(
            "".join(KEY_CHARACTERS[pitch - LOWEST_PITCH] * (1 + (pitch in repeated)) for pitch in sorted(down[step]))
        )
    return "".join(line + STEP_END for line in lines)


def text_to_phrase(text: str) -> Phrase:
    """Return the phrase of a text; raise `ConfigError`, which names line and column.

    The keys of a line may stand in any order, and the last line need not be ended.
    """
    lines = text.removesuffix(STEP_END).split(STEP_END) if text else []
    sounding: dict[int, Note] = {}
    notes: list[Note] = []
    for step, line in enumerate(lines):
        counts = Counter(line)
        _validate_line(line, step + 1, counts)
        still_sounding: dict[int, Note] = {}
        for character, count in counts.items():
            pitch = _PITCH_BY_CHARACTER[character]
            held = sounding.pop(pitch, None)
            if held is not None and count > 1:
                notes.append(held)
                held = None
            still_sounding[pitch] = replace(held, length=held.length + 1) if held else Note(step, 1, pitch)
        notes += sounding.values()
        sounding = still_sounding
    notes += sounding.values()
    return Phrase(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), len(lines))


def _validate_line(line: str, number: int, counts: Counter[str]) -> None:
    wrong = next((column for column, character in enumerate(line, 1) if character not in _PITCH_BY_CHARACTER), None)
    if wrong is not None:
        raise ConfigError(
            f"line {number}, column {wrong}: {line[wrong - 1]!r} is not one of the 88 keys: remove it, or write a key."
        )
    thrice = next((character for character, count in counts.items() if count > 2), None)
    if thrice is not None:
        column = [at for at, character in enumerate(line, 1) if character == thrice][2]
        raise ConfigError(
            f"line {number}, column {column}: the key {thrice!r} is written a third time: write a key once to hold "
            "it, twice to strike it again."
        )


# ---------------------------------------------------------------- codec


def text_to_symbols(text: str) -> list[Symbol]:
    """Return a well-formed text as symbols of one field: 1 to 88 are the keys, 89 is the mark."""
    return [(_ID_BY_CHARACTER[character],) for character in text]


def symbols_to_text(symbols: Iterable[Symbol]) -> str:
    """Return the text of symbols; id 0 is left out."""
    return "".join((KEY_CHARACTERS + STEP_END)[number - 1] for (number,) in symbols if number)


def build_vocabulary(phrases: Iterable[Phrase]) -> dict[str, Any]:
    """Return a card's vocabulary of the text that a network is trained on.

    It holds the lowest and highest key, the most keys at one time, the most steps for which a key was held, and the
    most silent steps in a row.
    """
    pitches, most, longest, silence = [60], 1, 1, 0
    for phrase in phrases:
        text = phrase_to_text(phrase)
        lines = text.split(STEP_END)[:-1]
        pitches += [fold_into_range(note.pitch, LOWEST_PITCH, HIGHEST_PITCH) for note in phrase.notes]
        most = max([most, *(len(set(line)) for line in lines)])
        longest = max([longest, *(note.length for note in text_to_phrase(text).notes)])
        silence = max([silence, *(len([*run]) for sounding, run in groupby(lines, key=bool) if not sounding)])
    lowest, highest = min(pitches), max(pitches)
    return {
        "keys": KEY_CHARACTERS,
        "lowest": min(lowest, highest - 11),
        "highest": highest,
        "most": most,
        "longest": longest,
        "silence": silence,
    }


@dataclass(frozen=True, slots=True)
class Keys88Codec:
    """Codec of a network that knows keys from `lowest` to `highest`, at most `most` of them at one time.

    In an answer a key that was held for `longest` steps (0: no limit) is released or struck again, and after `silence`
    silent steps (None: no limit) some key is struck, because a network that has never seen longer ones does not know
    how to leave them. A phrase is read in the octave in which most of it lies between `lowest` and `highest`, and its
    answer is moved back. The text has no musical key: where one is locked, the phrase is read as it is, and only keys
    of its scale are written.
    """

    lowest: int = LOWEST_PITCH
    highest: int = HIGHEST_PITCH
    most: int = 10
    longest: int = 0
    silence: int | None = None

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        return (_VOCAB_SIZE,)

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        del key
        return text_to_symbols(phrase_to_text(self._transposed(phrase, self.octave_shift(phrase))))

    def decoder(self, phrase: Phrase, key: Key | None = None) -> SymbolDecoder:
        shift = self.octave_shift(phrase)
        moved = self._transposed(phrase, shift)
        down = {note.pitch for note in moved.notes if note.start < phrase.steps <= note.end}
        return _Keys88Decoder(self, shift, down, key)

    def octave_shift(self, phrase: Phrase) -> int:
        """Return the semitones by which the phrase is moved to be read."""
        return best_octave_shift(
            lambda shift: sum(self.lowest <= note.pitch + shift <= self.highest for note in phrase.notes)
        )

    def _transposed(self, phrase: Phrase, semitones: int) -> Phrase:
        notes = (
            replace(note, pitch=fold_into_range(note.pitch + semitones, self.lowest, self.highest))
            for note in phrase.notes
        )
        return replace(phrase, notes=tuple(notes))


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> Keys88Codec:
    """Return the codec of a card's vocabulary; raise `ModelError` if its characters are not ours."""
    if vocabulary.get("keys") != KEY_CHARACTERS:
        raise ModelError("this model uses other characters for the piano's keys: update BachBridge.")
    known = {name: vocabulary[name] for name in ("longest", "silence") if name in vocabulary}
    return Keys88Codec(vocabulary["lowest"], vocabulary["highest"], vocabulary["most"], **known)


class _Keys88Decoder:
    """Decoder that allows only text as `phrase_to_text` writes it: keys from the lowest up, twice only to strike again.

    A step is final when its mark has been added. Keys that the phrase left down are struck as the answer begins. A
    note's voice is the number of keys that are down above it at its onset, or the nearest voice that no held note has;
    where all four are used, or from the fourth note on, several notes of one voice sound together on its channel.
    """

    __slots__ = (
        "_codec",
        "_current_ids",
        "_out_of_key_ids",
        "_previous_ids",
        "_shift",
        "_silent_steps",
        "_sounding_notes",
        "step",
    )

    def __init__(self, codec: Keys88Codec, shift: int, pitches_down: Iterable[int], key: Key | None) -> None:
        """`pitches_down` are down as the answer begins, moved as the network reads them; `shift` is in semitones."""
        self._codec, self._shift = codec, shift
        self._out_of_key_ids = [
            number
            for number, pitch in enumerate(_PITCH_BY_CHARACTER.values(), 1)
            if key and pitch % 12 not in scale_pitch_classes(key)
        ]
        """Ids of the keys outside the scale of the locked key."""
        self._previous_ids = {pitch - LOWEST_PITCH + 1 for pitch in pitches_down}
        """Ids of the keys that were down in the last step."""
        self._current_ids: list[int] = []
        """Ids that were added in this step."""
        self._sounding_notes: dict[int, Note] = {}
        """Notes that go on if their key stays down, by id."""
        self._silent_steps = 0
        """Silent steps in a row until now."""
        self.step = 0

    def allowed_ids(self, chosen: Symbol) -> Bools:
        del chosen
        allowed = np.zeros(_VOCAB_SIZE, np.bool_)
        last = self._current_ids[-1] if self._current_ids else 0
        if len(set(self._current_ids)) < self._codec.most:
            low, high = self._codec.lowest - LOWEST_PITCH + 1, self._codec.highest - LOWEST_PITCH + 1
            allowed[max(low, last + 1) : high + 1] = True
        allowed[last] = may_repeat = last in self._previous_ids and self._current_ids.count(last) == 1
        allowed[self._out_of_key_ids] = False
        allowed[_STEP_END_ID] = (
            bool(self._current_ids) or self._codec.silence is None or self._silent_steps < self._codec.silence
        )
        if may_repeat and self._is_overdue(last):
            allowed[:] = np.arange(_VOCAB_SIZE) == last
        return allowed

    def _is_overdue(self, key: int) -> bool:
        """Return True if the key may not be held any longer."""
        held = self._sounding_notes.get(key)
        return held is not None and 0 < self._codec.longest <= held.length

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        (number,) = symbol
        if number != _STEP_END_ID:
            self._current_ids.append(number)
            return ()
        counts = Counter(self._current_ids)
        held = {key: note for key, note in self._sounding_notes.items() if counts[key] == 1}
        used_voices = {note.voice for note in held.values()}
        sounding: dict[int, Note] = {}
        for rank, key in enumerate(sorted(counts, reverse=True)):
            if key in held:
                sounding[key] = replace(held[key], length=held[key].length + 1)
            else:
                voice = _free_voice(rank, used_voices)
                used_voices.add(voice)
                pitch = fold_into_range(key - 1 + LOWEST_PITCH - self._shift, 0, 127)
                sounding[key] = Note(self.step, 1, pitch, voice=voice)
        self._sounding_notes, self._previous_ids, self._current_ids = sounding, set(counts), []
        self._silent_steps = 0 if sounding else self._silent_steps + 1
        self.step += 1
        return tuple(sounding.values())


def _free_voice(rank: int, used_voices: Collection[int]) -> int:
    """Return the voice of a note that has its onset below `rank` other keys."""
    rank = min(rank, len(VOICES) - 1)
    free = [voice for voice in range(len(VOICES)) if voice not in used_voices]
    return min(free, key=lambda voice: abs(voice - rank), default=rank)
