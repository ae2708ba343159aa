"""A chord in one line of text, as the window and the terminal show it: "G major: V7 (D7/F#)"."""

from bachbridge.music.notes import Key, key_name


def chord_text(chord: str, numeral: str, key: Key | None) -> str:
    """Return the key, the Roman numeral and the chord's name; the name alone if no key is known."""
    return f"{key_name(key)}: {numeral} ({chord})" if key else chord
