"""The notice line: its level, its remedy, and that it can be closed."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from bachbridge_gui.state.notices import LEVELS, Level, Remedy, StatusNotice
from bachbridge_gui.views.notice_bar import NoticeBar


@pytest.fixture
def notice_bar(qtbot: QtBot) -> NoticeBar:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.resize(700, 32)
    return bar


def test_notice_bar_is_hidden_without_a_notice(notice_bar: NoticeBar) -> None:
    assert not notice_bar.isVisible()
    notice_bar.show_notice(StatusNotice("Late: wait"))
    assert notice_bar.isVisible()
    notice_bar.show_notice(None)
    assert not notice_bar.isVisible()
    assert notice_bar.text() == ""


def test_notice_bar_offers_the_remedy(notice_bar: NoticeBar, qtbot: QtBot) -> None:
    notice_bar.show_notice(
        StatusNotice("This model cannot harmonize", remedy=Remedy("Use chorale", "model", "chorale"))
    )
    assert notice_bar.remedy_button.isVisible()
    with qtbot.waitSignal(notice_bar.remedy_chosen):
        qtbot.mouseClick(notice_bar.remedy_button, Qt.MouseButton.LeftButton)
    notice_bar.show_notice(StatusNotice("Late: wait"))
    assert not notice_bar.remedy_button.isVisible()
    with qtbot.waitSignal(notice_bar.dismissed):
        qtbot.mouseClick(notice_bar.close_button, Qt.MouseButton.LeftButton)


def test_levels_differ_in_shape(notice_bar: NoticeBar) -> None:
    pictures: dict[Level, QImage] = {}
    for level in LEVELS:
        notice_bar.show_notice(StatusNotice("Something", level))
        pictures[level] = notice_bar.icon.grab().toImage().convertToFormat(QImage.Format.Format_Mono)
    assert pictures["info"] != pictures["warning"]
    assert pictures["warning"] != pictures["error"]
