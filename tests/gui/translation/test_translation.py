from datetime import datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from PyQt6.QtCore import QLocale
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from bachbridge.settings import Settings
from bachbridge_gui import translation
from bachbridge_gui.app import show_language
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.translation import (
    choose_language,
    current_language,
    tr,
    tr_count,
    tr_in,
    tr_key,
    tr_report,
    tr_setting,
    use_language,
)
from bachbridge_gui.views.language_menu import LanguageMenu
from scripts.translations import mo_bytes


@pytest.fixture
def german(tmp_path: Path) -> None:
    """A small catalogue in place of the shipped one."""
    catalog = Catalog("de", charset="utf-8")
    catalog.add("Close", "Schließen")
    catalog.add("Close", "Schluss", context="setting")
    catalog.add("{name} is ready", "{name} ist bereit")
    catalog.add(("{count} bar", "{count} bars"), ("{count} Takt", "{count} Takte"))
    catalog.add("{tonic} minor", "{tonic}-Moll", context="key")
    catalog.add("bar", "Balken", context="shape")
    catalog.add("The preview sound needs miniaudio ({error}): {value}.", "Fehlt ({error}): {value}.", context="report")
    advice = "run in the Command Prompt {command} and start BachBridge again"
    catalog.add(advice, "in der Eingabeaufforderung {command} ausführen, dann neu starten", context="report")
    (tmp_path / "de.mo").write_bytes(mo_bytes(catalog))
    use_language("de", tmp_path)


def test_text_is_translated_with_its_values(german: None) -> None:
    assert tr("{name} is ready", name="{coconet}") == "{coconet} ist bereit"
    assert [tr_count("{count} bar", "{count} bars", count) for count in (1, 2)] == ["1 Takt", "2 Takte"]


def test_word_has_a_translation_for_each_context(german: None) -> None:
    assert (tr("Close"), tr_setting("Close"), tr_in("shape", "bar")) == ("Schließen", "Schluss", "Balken")


def test_missing_translation_falls_back_to_english(german: None) -> None:
    assert tr("Never {seen}", seen="seen") == "Never seen"
    assert tr_count("{count} thing", "{count} things", 2) == "2 things"
    assert tr_setting("Nothing") == tr_report("Nothing") == tr_in("shape", "Nothing") == "Nothing"


def test_missing_catalog_leaves_english(tmp_path: Path) -> None:
    use_language("de", tmp_path)
    assert (current_language(), tr("Close")) == ("en", "Close")


def test_key_name_keeps_its_note(german: None) -> None:
    assert tr_key("F# minor") == "F#-Moll"
    assert tr_key("auto") == "auto"


def test_report_is_recognised_by_its_template(german: None) -> None:
    report = "The preview sound needs miniaudio (no module): run in the Command Prompt pip and start BachBridge again."
    expected = "Fehlt (no module): in der Eingabeaufforderung pip ausführen, dann neu starten."
    assert tr_report(report) == expected


def test_shown_language_sets_the_decimal_sign() -> None:
    before = QLocale()
    try:
        show_language("fr")
        assert (current_language(), QLocale().toString(0.9)) == ("fr", "0,9")
        assert tr("Language") == "Langue"
    finally:
        QLocale.setDefault(before)


def test_language_menu_keeps_the_choice_for_the_next_start(qtbot: QtBot) -> None:
    state, notices = AppState(Settings(), datetime.now, WindowPrefs(language="de")), list[str]()
    owner = QWidget()
    qtbot.addWidget(owner)
    menu = LanguageMenu(state, lambda sentence, _level, _topic: notices.append(sentence), owner)
    assert [action.text() for action in menu.actions() if action.isChecked()] == ["Deutsch"]
    next(action for action in menu.actions() if action.text() == "Français").trigger()
    assert state.prefs.language == "fr"
    assert "started again" in notices[0]


@pytest.mark.parametrize(
    ("wanted", "system", "chosen"),
    [
        ("de", ["fr-FR"], "de"),
        ("system", ["it-IT", "de_AT.UTF-8", "fr"], "de"),
        ("system", ["DE"], "de"),
        ("system", ["it"], "en"),
        ("system", [], "en"),
        ("tlh", ["de"], "de"),
    ],
)
def test_choose_language_takes_one_that_there_is(
    monkeypatch: pytest.MonkeyPatch, wanted: str, system: list[str], chosen: str
) -> None:
    monkeypatch.setattr(translation, "LANGUAGES", {"en": "English", "de": "Deutsch", "fr": "Français"})
    assert choose_language(wanted, system) == chosen
