"""Music as text: a character for each of the piano's 88 keys, and a mark for each step of time. Nothing else.

The idea is carykh's experiment (Hackaday, 2017): MIDI turned into text in which a character is a piano key, for a
network that reads characters. Here the text is exact and a person can read and edit it:

- The white keys, A0 to C8, are the 52 letters `A`-`Z`, `a`-`z`; middle C is `X`. The 36 black keys are signs, the ten
  digits from C#3 to Bb4 among them.
- The mark is the end of a line, so a line is a step of the grid, and an empty line is silence.
- A line holds the characters of all keys that are down in its step, from the lowest up, struck or held. A key that
  was up in the step before is struck. A key that was down is held; written **twice** (`XX`) it is struck again.

Why nothing is lost: what a keyboard does on a grid is told by two sets for each step, the keys that are down and those
of them that are struck. The set of keys down is the set of characters in the line. The set of keys struck is the keys
whose character is doubled or missing in the line before. So text → sets is a function, and `text`, which doubles a
character only where it must, is its inverse. A note begins where its key is struck and ends where the key is up or
struck again; so notes of which no two hold one key at one time come back with the same start, length and pitch.

One key is one note: where two voices meet on a key, the key is struck whenever either strikes it, and stays down until
both have let go. No strike of a key and no step of its sounding is lost by that, but who sang it is, as are velocities,
micro-timing and bar lines. Notes beyond the piano are written in the nearest octave that it has.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import numpy as np

from bachbridge.codecs.base import Bools, Pen, Symbol
from bachbridge.codecs.octave_shift import octaves, within
from bachbridge.errors import ConfigError, ModelError
from bachbridge.music.notes import VOICES, Key, Note, Phrase, scale

LOWEST, HIGHEST = 21, 108
MARK = "\n"
_BLACK = {1, 3, 6, 8, 10}
_LETTERS, _SIGNS = iter(ascii_uppercase + ascii_lowercase), iter("!#$%&()*+-." + digits + "/:;<=>?@[]^_{|}")
KEYS = "".join(next(_SIGNS if pitch % 12 in _BLACK else _LETTERS) for pitch in range(LOWEST, HIGHEST + 1))
"""The keys' characters from the lowest up."""

_PITCHES = {character: pitch for pitch, character in enumerate(KEYS, LOWEST)}
_MARK_ID = len(KEYS) + 1
_IDS = {character: number for number, character in enumerate(KEYS + MARK, 1)}
_FIELD = len(_IDS) + 1


# ---------------------------------------------------------------- the text


def text(phrase: Phrase) -> str:
    """The phrase as text, a line for each of its steps; what lies beyond them is left out."""
    down: defaultdict[int, set[int]] = defaultdict(set)
    struck: defaultdict[int, set[int]] = defaultdict(set)
    for note in phrase.notes:
        pitch = within(note.pitch, LOWEST, HIGHEST)
        struck[note.start].add(pitch)
        for step in range(note.start, min(note.end, phrase.steps)):
            down[step].add(pitch)
    lines: list[str] = []
    for step in range(phrase.steps):
        again = struck[step] & down[step - 1] if step else set[int]()
        lines.append("".join(KEYS[pitch - LOWEST] * (1 + (pitch in again)) for pitch in sorted(down[step])))
    return "".join(line + MARK for line in lines)


def phrase(text: str) -> Phrase:
    """What the text says; raises `ConfigError`, which names line and column.

    The keys of a line may stand in any order, and the last line need not be ended.
    """
    lines = text.removesuffix(MARK).split(MARK) if text else []
    sounding: dict[int, Note] = {}
    notes: list[Note] = []
    for step, line in enumerate(lines):
        times = Counter(line)
        _check(line, step + 1, times)
        going_on: dict[int, Note] = {}
        for character, count in times.items():
            pitch = _PITCHES[character]
            held = sounding.pop(pitch, None)
            if held is not None and count > 1:
                notes.append(held)
                held = None
            going_on[pitch] = replace(held, length=held.length + 1) if held else Note(step, 1, pitch)
        notes += sounding.values()
        sounding = going_on
    notes += sounding.values()
    return Phrase(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), len(lines))


def _check(line: str, number: int, times: Counter[str]) -> None:
    wrong = next((column for column, character in enumerate(line, 1) if character not in _PITCHES), None)
    if wrong is not None:
        raise ConfigError(
            f"line {number}, column {wrong}: {line[wrong - 1]!r} is not one of the 88 keys: remove it, or write a key."
        )
    thrice = next((character for character, count in times.items() if count > 2), None)
    if thrice is not None:
        column = [at for at, character in enumerate(line, 1) if character == thrice][2]
        raise ConfigError(
            f"line {number}, column {column}: the key {thrice!r} stands there a third time: write a key once to hold "
            "it, twice to strike it again."
        )


# ---------------------------------------------------------------- the codec


def ids(text: str) -> list[Symbol]:
    """A well-formed text as symbols of one field: 1 to 88 the keys, 89 the mark."""
    return [(_IDS[character],) for character in text]


def written(symbols: Iterable[Symbol]) -> str:
    """The text of symbols; id 0 is left out."""
    return "".join((KEYS + MARK)[number - 1] for (number,) in symbols if number)


def vocabulary(phrases: Iterable[Phrase]) -> dict[str, Any]:
    """What a card says of the text that a network was trained on.

    The lowest and highest key, the most at one time, for how many steps one was held at the longest, and how many
    steps were silent in a row.
    """
    pitches, most, longest, silence = [60], 1, 1, 0
    for each in phrases:
        written = text(each)
        lines = written.split(MARK)[:-1]
        pitches += [within(note.pitch, LOWEST, HIGHEST) for note in each.notes]
        most = max([most, *(len(set(line)) for line in lines)])
        longest = max([longest, *(note.length for note in phrase(written).notes)])
        silence = max([silence, *(len([*run]) for sung, run in groupby(lines, key=bool) if not sung)])
    lowest, highest = min(pitches), max(pitches)
    return {
        "keys": KEYS,
        "lowest": min(lowest, highest - 11),
        "highest": highest,
        "most": most,
        "longest": longest,
        "silence": silence,
    }


@dataclass(frozen=True, slots=True)
class Keys88:
    """The text as a network knows it: keys from `lowest` to `highest`, at most `most` of them at one time.

    In an answer a key that was held for `longest` steps (0: for ever) is let go or struck again, and after `silence`
    silent steps (None: for ever) some key is struck: a network that has never seen longer ones does not know how to
    leave them.
    A phrase is read in the octave where most of it lies between these, and its answer is moved back. The text tells no
    key: where one is locked, the phrase is read as it is, and only keys of its scale are written.
    """

    lowest: int = LOWEST
    highest: int = HIGHEST
    most: int = 10
    longest: int = 0
    silence: int | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        return (_FIELD,)

    def read(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        del key
        return ids(text(self._moved(phrase, self.shift(phrase))))

    def pen(self, phrase: Phrase, key: Key | None = None) -> Pen:
        shift = self.shift(phrase)
        moved = self._moved(phrase, shift)
        down = {note.pitch for note in moved.notes if note.start < phrase.steps <= note.end}
        return _Pen(self, shift, down, key)

    def shift(self, phrase: Phrase) -> int:
        """By how many semitones the phrase is moved to be read."""
        return octaves(lambda by: sum(self.lowest <= note.pitch + by <= self.highest for note in phrase.notes))

    def _moved(self, phrase: Phrase, by: int) -> Phrase:
        notes = (replace(note, pitch=within(note.pitch + by, self.lowest, self.highest)) for note in phrase.notes)
        return replace(phrase, notes=tuple(notes))


def codec(vocabulary: Mapping[str, Any]) -> Keys88:
    """The codec of a card's vocabulary."""
    if vocabulary.get("keys") != KEYS:
        raise ModelError("this model writes the piano's keys in characters of its own: update BachBridge.")
    known = {name: vocabulary[name] for name in ("longest", "silence") if name in vocabulary}
    return Keys88(vocabulary["lowest"], vocabulary["highest"], vocabulary["most"], **known)


class _Pen:
    """Keeps the text as `text` would write it: from the lowest key up, twice only where a key was down before.

    A step is told when its mark is taken. What the phrase left down is struck as the answer begins. A note's voice is
    how many keys were down above it as it was struck, or the nearest one that no held note has; where all four are
    taken, or from the fourth on, several notes of one voice sound together on its channel.
    """

    __slots__ = ("_before", "_codec", "_foreign", "_now", "_shift", "_silent", "_sounding", "step")

    def __init__(self, codec: Keys88, shift: int, down: Iterable[int], key: Key | None) -> None:
        """`down`: the keys that are down as the answer begins, as the network reads them; `shift` is in octaves."""
        self._codec, self._shift = codec, shift
        self._foreign = [at for at, pitch in enumerate(_PITCHES.values(), 1) if key and pitch % 12 not in scale(key)]
        """Ids of the keys that do not belong to the key that is locked."""
        self._before = {pitch - LOWEST + 1 for pitch in down}
        """Ids of the keys that were down in the step before."""
        self._now: list[int] = []
        """Ids that were written in this step."""
        self._sounding: dict[int, Note] = {}
        """By id, the notes that go on if their key stays down."""
        self._silent = 0
        """How many steps nothing has sounded."""
        self.step = 0

    def allowed(self, chosen: Symbol) -> Bools:
        del chosen
        may = np.zeros(_FIELD, np.bool_)
        last = self._now[-1] if self._now else 0
        if len(set(self._now)) < self._codec.most:
            low, high = self._codec.lowest - LOWEST + 1, self._codec.highest - LOWEST + 1
            may[max(low, last + 1) : high + 1] = True
        may[last] = once = last in self._before and self._now.count(last) == 1
        may[self._foreign] = False
        may[_MARK_ID] = bool(self._now) or self._codec.silence is None or self._silent < self._codec.silence
        if once and self._overdue(last):
            may[:] = np.arange(_FIELD) == last
        return may

    def _overdue(self, key: int) -> bool:
        """Whether the key may not be held any longer."""
        held = self._sounding.get(key)
        return held is not None and 0 < self._codec.longest <= held.length

    def take(self, symbol: Symbol) -> tuple[Note, ...]:
        (number,) = symbol
        if number != _MARK_ID:
            self._now.append(number)
            return ()
        times = Counter(self._now)
        held = {key: note for key, note in self._sounding.items() if times[key] == 1}
        taken = {note.voice for note in held.values()}
        sounding: dict[int, Note] = {}
        for rank, key in enumerate(sorted(times, reverse=True)):
            if key in held:
                sounding[key] = replace(held[key], length=held[key].length + 1)
            else:
                voice = _voice(rank, taken)
                taken.add(voice)
                pitch = within(key - 1 + LOWEST - self._shift, 0, 127)
                sounding[key] = Note(self.step, 1, pitch, voice=voice)
        self._sounding, self._before, self._now = sounding, set(times), []
        self._silent = 0 if sounding else self._silent + 1
        self.step += 1
        return tuple(sounding.values())


def _voice(rank: int, taken: Collection[int]) -> int:
    """The voice of a note that is struck below `rank` others."""
    rank = min(rank, len(VOICES) - 1)
    free = [voice for voice in range(len(VOICES)) if voice not in taken]
    return min(free, key=lambda voice: abs(voice - rank), default=rank)
