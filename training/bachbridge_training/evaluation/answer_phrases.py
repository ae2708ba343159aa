"""Twelve phrases of all kinds with their keys, to which every model's answers are measured (see `continuations`).

A phrase is written as lines of notes: "C5:4" is a note of four steps (16ths), "r:4" a rest. Its lines begin together.
"""

from dataclasses import dataclass

from bachbridge.music.notes import Key, Note, Phrase

_NOTE_NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_C_MAJOR, _D_MAJOR, _F_MAJOR, _G_MAJOR, _A_MINOR, _D_MINOR, _G_MINOR = (
    (0, False),
    (2, False),
    (5, False),
    (7, False),
    (9, True),
    (2, True),
    (7, True),
)


@dataclass(frozen=True, slots=True)
class KeyedPhrase:
    """A phrase with its name and its key."""

    name: str
    key: Key
    phrase: Phrase


def _pitch(name: str) -> int:
    letter, octave = name[0], int(name[-1])
    return 12 * (octave + 1) + _NOTE_NAMES[letter] + name.count("#") - name[1:].count("b")


def _line(text: str, velocity: int) -> list[Note]:
    notes: list[Note] = []
    step = 0
    for token in text.split():
        name, _, length = token.partition(":")
        if name != "r":
            notes.append(Note(step, int(length), _pitch(name), velocity))
        step += int(length)
    return notes


def _phrase(name: str, key: Key, *lines: str, steps_per_bar: int = 16, velocity: int = 80) -> KeyedPhrase:
    notes = sorted(
        (note for line in lines for note in _line(line, velocity)), key=lambda note: (note.start, note.pitch)
    )
    end = max(note.end for note in notes)
    steps = -(-end // steps_per_bar) * steps_per_bar
    return KeyedPhrase(name, key, Phrase(tuple(notes), steps, steps_per_bar, 0))


_ALBERTI_C = "C3:2 G3:2 E3:2 G3:2 " * 2
_ALBERTI_G = "B2:2 G3:2 D3:2 G3:2 " * 2
_RUN = "D4:1 E4:1 F4:1 G4:1 A4:1 G4:1 F4:1 E4:1 D4:1 F4:1 A4:1 D5:1 C#5:1 A4:1 G4:1 E4:1 "
_TUNE = "F4:4 A4:4 C5:4 A4:4 Bb4:4 D5:4 C5:8 A4:4 C5:4 F5:4 E5:4 D5:4 C5:4 Bb4:4 G4:4 "

PHRASES: tuple[KeyedPhrase, ...] = (
    _phrase("chorale line", _G_MAJOR, "G4:4 G4:4 D5:4 C5:2 B4:2 A4:4 B4:2 C5:2 D5:8 D5:4 B4:4 C5:4 A4:4 G4:16"),
    _phrase("scale", _C_MAJOR, "C4:4 D4:4 E4:4 F4:4 G4:4 A4:4 B4:4 C5:4", velocity=90),
    _phrase("arpeggio", _D_MINOR, "D4:2 F4:2 A4:2 D5:2 A4:2 F4:2 D4:4 A3:2 C#4:2 E4:2 A4:2 E4:2 C#4:2 A3:4"),
    _phrase("two hands", _C_MAJOR, "E5:8 G5:8 F5:4 E5:4 D5:8", _ALBERTI_C + _ALBERTI_G, velocity=70),
    _phrase("pop", _A_MINOR, "A4:3 C5:3 E5:2 D5:3 C5:3 A4:2 G4:3 A4:3 C5:2 D5:3 E5:5", velocity=100),
    _phrase("waltz", _F_MAJOR, "A4:8 C5:4 F5:8 E5:4 D5:8 Bb4:4 C5:12", steps_per_bar=12, velocity=60),
    _phrase("jig", _D_MAJOR, "F#4:2 A4:2 A4:2 D5:2 A4:2 F#4:2 G4:2 B4:2 B4:2 A4:4 F#4:2", steps_per_bar=12),
    _phrase("one note", _C_MAJOR, "C4:16"),
    _phrase("very long", _F_MAJOR, _TUNE * 8, velocity=75),
    _phrase("very fast", _D_MINOR, _RUN * 4, velocity=95),
    _phrase("very slow", _G_MINOR, "G4:16 Bb4:16 D5:32 Eb5:16 D5:16 G4:32", velocity=45),
    _phrase("low line", _G_MAJOR, "G2:4 B2:4 D3:4 G3:4 F#3:4 E3:4 D3:8 C3:4 B2:4 A2:4 D3:4 G2:16", velocity=85),
)
"""Phrases in several keys, meters, registers and degrees of loudness; all begin on a bar line."""
