import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMenu,
    QSpinBox,
    QTabBar,
    QWidget,
)

from bachbridge.errors import BachBridgeError
from bachbridge.inference.runtime import library
from bachbridge.install_advice import install_advice
from bachbridge.midi.loopback import loopback_text
from bachbridge.music.general_midi import INSTRUMENT_NAMES
from bachbridge.settings import Settings, with_setting
from bachbridge_gui.setup.daw_guides import DAWS
from bachbridge_gui.state.exchanges import exchange_summary, screen_reader_text
from bachbridge_gui.state.midi_drop import phrase_from_file
from bachbridge_gui.translation import LANGUAGES, tr_report, use_language
from tests.gui.translation.pseudo_language import CLOSE, LANGUAGE, OPEN, write_pseudo_catalog
from tests.support.assembled_window import WindowHarness

_NAMES = (
    *("BachBridge", "PANIC", "QWERTY", "QWERTZ", "AZERTY", "Scroll Left", "Scroll Right"),
    *(daw.name for daw in DAWS),
    *LANGUAGES.values(),
    *INSTRUMENT_NAMES,
)
"""Texts that are the same in all languages, and Qt's own."""
_SAME_EVERYWHERE = re.compile(
    r"(CC \d+|[-+\u2212\d.,:;/%♭♯# →·…⋯?()\n\x22]|\(.\)|bpm|ms|[A-H][♭♯]?-?\d|[A-H][#b]?(maj|m|dim|\d)*|[iIvV]+o?\d*"
    rf"|chorale-lstm|BachBridge (In|Out)|fake \w+|{'|'.join(map(re.escape, _NAMES))})*"
)
"""Numbers, units, notes and names."""
_MARKED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")


def shown_texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """Yield all texts of a window's widgets, each with its place."""
    for widget in (root, *root.findChildren(QWidget)):
        place = f"{type(widget).__name__} {widget.accessibleName()}"
        for text in (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()):
            yield place, text
        match widget:
            case QLabel() | QAbstractButton():
                yield place, widget.text()
            case QComboBox():
                yield from ((place, widget.itemText(index)) for index in range(widget.count()))
            case QTabBar():
                yield from ((place, widget.tabText(index)) for index in range(widget.count()))
            case QLineEdit():
                yield place, widget.placeholderText()
            case QSpinBox() | QDoubleSpinBox():
                yield place, f"{widget.prefix()}{widget.suffix()}{widget.specialValueText()}"
            case QMenu():
                yield place, widget.title()
            case _:
                pass
    for action in root.findChildren(QAction):
        yield f"action {action.text()}", action.text()


def is_translated(text: str) -> bool:
    while (rest := _MARKED.sub("", text)) != text:
        text = rest
    return bool(_SAME_EVERYWHERE.fullmatch(text))


def untranslated(harness: WindowHarness) -> set[tuple[str, str]]:
    return {(place, text) for place, text in shown_texts(harness.window) if not is_translated(text)}


@pytest.fixture(scope="module")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pseudo")
    write_pseudo_catalog(folder)
    return folder


@pytest.fixture
def pseudo_window(tmp_path: Path, pseudo_folder: Path) -> Iterator[WindowHarness]:
    use_language(LANGUAGE, pseudo_folder)
    harness = WindowHarness(tmp_path)
    yield harness
    harness.window.close()


def test_every_text_is_translated_in_every_mode(pseudo_window: WindowHarness) -> None:
    for mode in ("continue", "harmonize", "trade", "duet", "off"):
        pseudo_window.store.set("mode", mode)
        pseudo_window.play(60, 64)
        assert not untranslated(pseudo_window), mode


def test_every_painted_text_is_translated(pseudo_window: WindowHarness) -> None:
    pseudo_window.play_exchange(60, 64, 67)
    exchange = pseudo_window.parts.phrases.model.entries[0]
    texts = [exchange_summary(exchange), screen_reader_text(exchange), *pseudo_window.state.tempo_and_source_texts()]
    texts += pseudo_window.parts.status_bar.text.split(" · ")
    pseudo_window.window.show_view("monitor")
    pseudo_window.advance()
    texts += [line[14:] for line in pseudo_window.parts.monitor.all_text().splitlines()]
    assert len(texts) > 20
    assert not [text for text in texts if not is_translated(text)]
    assert pseudo_window.parts.help_page.shortcuts.toPlainText().count(OPEN) > 40


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(BachBridgeError) as caught:
        action()
    return str(caught.value)


def test_sentences_from_elsewhere_are_recognised(pseudo_folder: Path, tmp_path: Path) -> None:
    use_language(LANGUAGE, pseudo_folder)
    damaged = tmp_path / "tune.mid"
    damaged.write_bytes(b"no music")
    sentences = (
        refusal(lambda: phrase_from_file(damaged)),
        refusal(lambda: phrase_from_file(tmp_path / "missing.mid")),
        refusal(lambda: library.find_card("chorale")),
        refusal(lambda: with_setting(Settings(), "temperature", 9)),
        refusal(lambda: with_setting(Settings(), "key", "H#x")),
        loopback_text((), ()),
        f"The preview sound needs miniaudio (none): {install_advice('gui')}.",
    )
    assert not [text for text in sentences if not tr_report(text).startswith(OPEN)]
    assert tr_report(sentences[-1]).count(OPEN) == 2, "the advice in it is translated too"
