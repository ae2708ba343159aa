"""Keys, cadences and chords in the words of the window's language. The names of notes are the same in all languages."""

from bachbridge.music.harmony.chord_text import chord_text
from bachbridge.music.notes import Key, key_name
from bachbridge_gui.translation import tr, tr_key, translatable

_CADENCES = {
    "authentic": translatable("authentic cadence"),
    "plagal": translatable("plagal cadence"),
    "half": translatable("half cadence"),
    "deceptive": translatable("deceptive cadence"),
}
_CERTAINTIES = {
    "set": translatable("set"),
    "sure": translatable("sure"),
    "likely": translatable("likely"),
    "guess": translatable("guess"),
}


def key_text(key: Key | None) -> str:
    """Return the key's name, such as "F# minor"; empty if there is no key."""
    return tr_key(key_name(key)) if key else ""


def certainty_text(certainty: str) -> str:
    """Return the word for one of set, sure, likely and guess."""
    return tr(_CERTAINTIES.get(certainty, certainty))


def cadence_text(kind: str, key: Key | None = None) -> str:
    """Return the name of a cadence of this kind, and its key if one is given; empty if there is no cadence."""
    if not kind:
        return ""
    cadence = tr(_CADENCES.get(kind, kind))
    return tr("{cadence} in {key}", cadence=cadence, key=key_text(key)) if key else cadence


def chord_words(chord: str, numeral: str, key: Key | None) -> str:
    """Return the key, the Roman numeral and the chord's name; the name alone if no key is known."""
    words = chord_text(chord, numeral, key)
    return words.replace(key_name(key), key_text(key), 1) if key else words
