"""The computer's keys that play the piano on the screen, on keyboards with the letters of several countries.

The keys are known by their places, which the system reports as scan codes on Linux and Windows. Two rows of keys are
two octaves: the lower row from C on, with black keys in the row above, and the upper row an octave higher. Where the
system reports no scan codes, the letters of the chosen layout decide.
"""

from typing import Literal, get_args

from PyQt6.QtCore import QLocale, Qt

KeyLayout = Literal["qwerty", "qwertz", "azerty"]
KEY_LAYOUTS: tuple[KeyLayout, ...] = get_args(KeyLayout)
_LETTERS: dict[KeyLayout, str] = {
    "qwerty": "ZSXDCVGBHNJMQ2W3ER5T6Y7UI",
    "qwertz": "YSXDCVGBHNJMQ2W3ER5T6Z7UI",
    "azerty": "WSXDCVGBHNJ,A2Z3ER5T6Y7UI",
}
"""The letter on each key, from the lowest note up in semitones."""
_SCAN_CODES = (44, 31, 45, 32, 46, 47, 34, 48, 35, 49, 36, 50, 16, 3, 17, 4, 18, 19, 6, 20, 7, 21, 8, 22, 23)
"""Places of the same keys as scan codes of the PC keyboard (set 1), which Windows reports."""
_SCAN_CODE_OFFSETS = {"windows": 0, "xcb": 8, "wayland": 8}
"""The number that each of Qt's platforms adds to them. Others report no places."""
_Key = Qt.Key
_FRENCH_DIGIT_KEYS = {
    _Key.Key_Eacute: "2",
    _Key.Key_QuoteDbl: "3",
    _Key.Key_ParenLeft: "5",
    _Key.Key_Minus: "6",
    _Key.Key_Egrave: "7",
}
_QWERTZ_LANGUAGES = {
    QLocale.Language.German,
    QLocale.Language.Czech,
    QLocale.Language.Hungarian,
    QLocale.Language.Slovak,
    QLocale.Language.Slovenian,
    QLocale.Language.Croatian,
}


def key_labels(layout: KeyLayout) -> str:
    """Return the letters on the keys, from the lowest note up in semitones."""
    return _LETTERS[layout]


def semitone_of_key(key: int, scan_code: int, layout: KeyLayout, platform: str) -> int | None:
    """Return the distance from the lowest note; None for a key that plays none.

    `key` is Qt's number of the key, and `platform` the name of Qt's platform.
    """
    if scan_code and platform in _SCAN_CODE_OFFSETS:
        place = scan_code - _SCAN_CODE_OFFSETS[platform]
        return _SCAN_CODES.index(place) if place in _SCAN_CODES else None
    letter = _FRENCH_DIGIT_KEYS.get(_Key(key), "") if layout == "azerty" else ""
    letter = letter or (chr(key) if 0x20 < key < 0x7F else "")
    return _LETTERS[layout].find(letter) if letter and letter in _LETTERS[layout] else None


def guess_layout(locale: QLocale) -> KeyLayout:
    """Return the layout that is usual where this language is spoken."""
    if locale.language() in _QWERTZ_LANGUAGES:
        return "qwertz"
    belgian_or_french = locale.territory() in (QLocale.Country.France, QLocale.Country.Belgium)
    return "azerty" if locale.language() == QLocale.Language.French and belgian_or_french else "qwerty"
