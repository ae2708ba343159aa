"""Spelling of pitches by their place on the line of fifths, around the key signature.

The line runs ... Bb F C G D A E B F# ...; C has place 0, G 1, F -1. A place is one spelling: F# is 6, Gb -6.
See D. Temperley, "The Cognition of Basic Musical Structures", MIT Press, 2001, chapter 5.
"""

from bachbridge.music.notes import Key

_LETTERS = "FCGDAEB"
_MAJOR_SIGNATURES = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
"""Fifths of the key signature by tonic of major; of two spellings the one with fewer accidentals."""
_E_FLAT_MINOR: Key = (3, True)

SpelledPitch = tuple[str, int, int]
"""A pitch as written: step (C to B), alteration in semitones, octave."""


def key_signature_fifths(key: Key) -> int:
    """Return the number of sharps in the key signature; flats are negative."""
    if key == _E_FLAT_MINOR:  # six flats; F# major, the same notes, has six sharps
        return -6
    tonic, minor = key
    return _MAJOR_SIGNATURES[(tonic + 3 * minor) % 12]


def fifths_place(pitch_class: int, lowest: int) -> int:
    """Return the place of a pitch class on the line of fifths, among the twelve places from `lowest` on."""
    return lowest + (pitch_class * 7 - lowest) % 12


def spell(pitch: int, key: Key) -> SpelledPitch:
    """Spell the pitch with one of twelve names on the line of fifths.

    They begin three fifths below the tonic of the signature's major key, or two in a minor key for its raised notes.
    """
    place = fifths_place(pitch % 12, key_signature_fifths(key) - 3 + key[1])
    step, alter = _LETTERS[(place + 1) % 7], (place + 1) // 7
    return step, alter, (pitch - alter) // 12 - 1


def signature_alteration(step: str, fifths: int) -> int:
    """Return the alteration of a step (C to B) in a key signature of `fifths` sharps (flats are negative)."""
    return (fifths + 6 - _LETTERS.index(step)) // 7


def place_name(place: int) -> str:
    """Return the name of a place on the line of fifths, such as "F#" or "Bb".

    A name with more than one accidental gives way to the simpler one of the same pitch class.
    """
    while place > 12:
        place -= 12
    while place < -8:
        place += 12
    alter = (place + 1) // 7
    return _LETTERS[(place + 1) % 7] + ("#" * alter if alter > 0 else "b" * -alter)
