"""The computer's keys: places and letters in three layouts, and the guess from the language."""

import pytest
from PyQt6.QtCore import QLocale, Qt

from bachbridge_gui.keyboard.computer_keys import KEY_LAYOUTS, guess_layout, key_labels, semitone_of_key


@pytest.mark.parametrize("layout", KEY_LAYOUTS)
@pytest.mark.parametrize(("platform", "offset"), [("xcb", 8), ("wayland", 8), ("windows", 0)])
def test_scan_code_decides_whatever_the_letter(layout, platform, offset):
    lowest, highest = 44, 23
    assert semitone_of_key(Qt.Key.Key_W, lowest + offset, layout, platform) == 0
    assert semitone_of_key(Qt.Key.Key_A, highest + offset, layout, platform) == 24
    assert semitone_of_key(Qt.Key.Key_Z, 57 + offset, layout, platform) is None


@pytest.mark.parametrize("layout", KEY_LAYOUTS)
def test_letters_decide_without_scan_codes(layout):
    labels = key_labels(layout)
    assert len(set(labels)) == 25
    assert [semitone_of_key(ord(letter), 0, layout, "xcb") for letter in labels] == list(range(25))
    assert [semitone_of_key(ord(letter), 99, layout, "cocoa") for letter in labels] == list(range(25))
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_P, Qt.Key.Key_1, 0):
        assert semitone_of_key(key, 0, layout, "cocoa") is None


def test_unshifted_digits_of_azerty_play():
    keys = (Qt.Key.Key_Eacute, Qt.Key.Key_QuoteDbl, Qt.Key.Key_ParenLeft, Qt.Key.Key_Minus, Qt.Key.Key_Egrave)
    assert [semitone_of_key(key, 0, "azerty", "cocoa") for key in keys] == [13, 15, 18, 20, 22]
    assert semitone_of_key(Qt.Key.Key_Eacute, 0, "qwerty", "cocoa") is None


@pytest.mark.parametrize(
    ("locale", "layout"),
    [("de_AT", "qwertz"), ("hu_HU", "qwertz"), ("fr_FR", "azerty"), ("fr_BE", "azerty"), ("fr_CA", "qwerty"),
     ("en_GB", "qwerty"), ("ja_JP", "qwerty")],
)  # fmt: skip
def test_layout_is_guessed_from_language(locale, layout):
    assert guess_layout(QLocale(locale)) == layout
