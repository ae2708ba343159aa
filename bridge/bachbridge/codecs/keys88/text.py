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
from collections.abc import Iterable
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase, digits

from bachbridge.codecs.base import Symbol
from bachbridge.errors import ConfigError
from bachbridge.music.notes import BLACK_KEYS, Note, Phrase, fold_into_range

LOWEST_PITCH, HIGHEST_PITCH = 21, 108
STEP_END = "\n"
_LETTERS, _SIGNS = iter(ascii_uppercase + ascii_lowercase), iter("!#$%&()*+-." + digits + "/:;<=>?@[]^_{|}")
KEY_CHARACTERS = "".join(
    next(_SIGNS if pitch % 12 in BLACK_KEYS else _LETTERS) for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)
)
"""Characters of the keys, from the lowest up."""

PITCH_BY_CHARACTER = {character: pitch for pitch, character in enumerate(KEY_CHARACTERS, LOWEST_PITCH)}
STEP_END_ID = len(KEY_CHARACTERS) + 1
_ID_BY_CHARACTER = {character: number for number, character in enumerate(KEY_CHARACTERS + STEP_END, 1)}
VOCAB_SIZE = len(_ID_BY_CHARACTER) + 1


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
            pitch = PITCH_BY_CHARACTER[character]
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
    wrong = next((column for column, character in enumerate(line, 1) if character not in PITCH_BY_CHARACTER), None)
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


def text_to_symbols(text: str) -> list[Symbol]:
    """Return a well-formed text as symbols of one field: 1 to 88 are the keys, 89 is the mark."""
    return [(_ID_BY_CHARACTER[character],) for character in text]


def symbols_to_text(symbols: Iterable[Symbol]) -> str:
    """Return the text of symbols; id 0 is left out."""
    return "".join((KEY_CHARACTERS + STEP_END)[number - 1] for (number,) in symbols if number)
