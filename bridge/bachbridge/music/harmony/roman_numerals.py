"""Roman numerals of chords in a key: "I", "ii6", "V7", "vii°6", "V65/V".

The numeral names the degree of the root; it is large for a major third and small for a minor one. The sign behind it is
° for a diminished triad, ø for a half-diminished seventh and + for an augmented triad. The figures are those of figured
bass: 6 and 64 for the inversions of a triad; 7, 65, 43 and 42 for a seventh chord.

Minor keys have the raised leading note without a sign ("V", "vii°") and all chords of the natural scale ("v", "VII").
A chord from outside the key that leads to another degree is named by that degree: "V7/ii", "vii°7/V". Any other has the
accidental of its root against the key's scale: "bVI", "#iv".
"""

from bachbridge.music.harmony.chord_names import ChordQuality, ChordReading
from bachbridge.music.notes import Key

_DEGREES = (
    ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII"),
    ("I", "bII", "II", "III", "#III", "IV", "#IV", "V", "VI", "#VI", "VII", "#VII"),
)
"""Degrees of the roots by semitones above the tonic, for major and for minor, as are the tables below."""
_OWN_TRIADS = (
    frozenset(
        {(0, "major"), (2, "minor"), (4, "minor"), (5, "major"), (7, "major"), (9, "minor"), (11, "diminished")},
    ),
    frozenset(
        {(0, "minor"), (2, "diminished"), (2, "minor"), (3, "major"), (3, "augmented"), (5, "minor"), (5, "major")}
        | {(7, "minor"), (7, "major"), (8, "major"), (9, "diminished"), (10, "major"), (11, "diminished")},
    ),
)
"""Triads of the key, with the raised sixth and seventh of minor."""
_OWN_DOMINANT_SEVENTHS = (frozenset({7}), frozenset({5, 7}))
_OWN_DIMINISHED_SEVENTHS = frozenset({11})
_MINOR_THIRD_DEGREES = (frozenset({2, 4, 9, 11}), frozenset({0, 2, 5, 9, 11}))
"""Roots whose numeral is small where the chord has no third."""
_TARGETS = ({2: "ii", 4: "iii", 5: "IV", 7: "V", 9: "vi"}, {3: "III", 5: "iv", 7: "V", 8: "VI", 10: "VII"})
"""Degrees to which chords from outside the key lead."""
_DOMINANT_SEVENTHS = ("7", "9")
_TRIAD_FIGURES = ("", "6", "64")
_SEVENTH_FIGURES = ("7", "65", "43", "42")


def roman_numeral(chord: ChordReading, key: Key) -> str:
    """Return the chord's Roman numeral with its inversion, such as "ii65" or "V7/V"."""
    tonic, minor = key
    degree = (chord.root - tonic) % 12
    quality = chord.quality
    is_own = _is_own(degree, quality, minor=minor)
    if not is_own:
        target = _TARGETS[minor].get(_target_degree(degree, quality))
        if target:
            leading = "vii" if quality.triad == "diminished" else "V"
            return f"{leading}{_sign(quality)}{_figures(chord)}/{target}"
    numeral = _DEGREES[minor][degree]
    if is_own:
        numeral = numeral.lstrip("#")
    has_minor_third = quality.triad in ("minor", "diminished")
    if has_minor_third or (quality.triad == "other" and degree in _MINOR_THIRD_DEGREES[minor]):
        numeral = numeral.lower()
    return numeral + _sign(quality) + _figures(chord)


def _is_own(degree: int, quality: ChordQuality, *, minor: bool) -> bool:
    """Return True if the chord belongs to the key."""
    if quality.symbol in _DOMINANT_SEVENTHS:
        return degree in _OWN_DOMINANT_SEVENTHS[minor]
    if quality.symbol == "dim7":
        return degree in _OWN_DIMINISHED_SEVENTHS
    return (degree, quality.triad) in _OWN_TRIADS[minor]


def _target_degree(degree: int, quality: ChordQuality) -> int:
    """Return the degree to which a chord leads, a fourth up from a dominant, a semitone up from a diminished chord.

    It is -1 for chords that do not lead on. A major triad on the tonic of a minor key ends a piece.
    """
    if quality.triad == "diminished":
        return (degree + 1) % 12
    is_dominant = quality.symbol in _DOMINANT_SEVENTHS or (quality.symbol in ("", "add9") and degree != 0)
    return (degree + 5) % 12 if is_dominant else -1


def _sign(quality: ChordQuality) -> str:
    if quality.symbol == "m7b5":
        return "ø"
    return {"diminished": "°", "augmented": "+"}.get(quality.triad, "")


def _figures(chord: ChordReading) -> str:
    quality = chord.quality
    if quality.triad == "other":
        return quality.symbol if quality.symbol != "5" else ""
    figures = _SEVENTH_FIGURES if quality.has_seventh else _TRIAD_FIGURES
    inversion = chord.inversion or 0
    return figures[inversion] if inversion < len(figures) else figures[0]
