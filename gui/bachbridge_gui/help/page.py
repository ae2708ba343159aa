"""The help page: shortcuts, documents, about, and the report of a problem, each on a tab."""

import html
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QTabWidget, QTextBrowser, QVBoxLayout, QWidget

from bachbridge_gui.help.about import about_markdown, doctor_command, documents, site_page
from bachbridge_gui.help.problem_report import ProblemReport
from bachbridge_gui.help.shortcut_table import shortcut_groups
from bachbridge_gui.translation import tr, translatable

TABS = (
    translatable("Shortcuts"),
    translatable("Documentation"),
    translatable("About"),
    translatable("Report a problem"),
)


class HelpPage(QWidget):
    """`list_notices` returns the last sentences of the window, for a report."""

    closed = pyqtSignal()
    """The user wants to leave the page."""

    def __init__(self, list_notices: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self.tabs = QTabWidget()
        self.shortcuts, self.about = _make_browser(tr("Shortcuts")), _make_browser(tr("About BachBridge"))
        self.documents = DocumentView()
        self.report = ProblemReport(doctor_command(), list_notices)
        self.shortcuts.setHtml(shortcuts_html())
        self.about.setMarkdown(about_markdown())
        for title, page in zip(TABS, (self.shortcuts, self.documents, self.about, self.report), strict=True):
            self.tabs.addTab(page, tr(title))
        self.tabs.setAccessibleName(tr("Help"))
        close_button = QPushButton(tr("Close"))
        close_button.setToolTip(tr("Back to the music"))
        close_button.setAccessibleName(tr("Close the help"))
        close_button.clicked.connect(self.closed)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.addWidget(self.tabs, 1)
        column.addLayout(line)
        self.setAccessibleName(tr("Help"))

    def show_tab(self, title: str) -> None:
        """Show one of `TABS`."""
        self.tabs.setCurrentIndex(TABS.index(title))


class DocumentView(QWidget):
    """The documents that came with the program, one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._paths = documents()
        self.chooser, self.text = QComboBox(), _make_browser(tr("Document"))
        self.chooser.addItems(list(self._paths))
        self.chooser.setAccessibleName(tr("Document"))
        self.chooser.setToolTip(tr("Which document to read"))
        self.folder_button = QPushButton(tr("Open the folder"))
        self.folder_button.setAccessibleName(tr("Open the folder of the documents"))
        self.folder_button.clicked.connect(self._open_folder)
        self.folder_button.setEnabled(bool(self._paths))
        self.folder_button.setToolTip(
            tr("Show the files in your file manager") if self._paths else tr("The documents are not installed")
        )
        line = QHBoxLayout()
        self.site_button = QPushButton(tr("Open in your browser"))
        self.site_button.setAccessibleName(tr("Open the documentation in your browser"))
        self.site_button.clicked.connect(self._open_site)
        self._site = site_page()
        self.site_button.setEnabled(self._site is not None)
        self.site_button.setToolTip(
            tr("All pages, with pictures, sound and a search; no network is needed")
            if self._site
            else tr("The pages for the browser are not installed: make docs builds them")
        )
        line.addWidget(self.chooser, 1)
        line.addWidget(self.site_button)
        line.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.text, 1)
        self.chooser.currentTextChanged.connect(self.show_document)
        self.show_document(self.chooser.currentText())

    def show_document(self, title: str) -> None:
        """Show the document of this title."""
        path = self._paths.get(title)
        try:
            content = path.read_text("utf-8") if path else ""
        except OSError as error:
            content = tr(
                "This document cannot be read ({strerror}): install BachBridge again.", strerror=error.strerror
            )
        self.text.setMarkdown(content or tr("The documents are not installed: read them on BachBridge's web page."))

    def _open_site(self) -> None:
        if self._site is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._site)))

    def _open_folder(self) -> None:
        if path := next(iter(self._paths.values()), None):
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def shortcuts_html() -> str:
    """Return the table of all shortcuts."""
    parts: list[str] = []
    for heading, rows in shortcut_groups():
        cells = "".join(
            f"<tr><td width='180'><b>{html.escape(keys)}</b></td><td>{html.escape(text)}</td></tr>"
            for keys, text in rows
        )
        parts.append(f"<h3>{html.escape(heading)}</h3><table cellpadding='4'>{cells}</table>")
    return "".join(parts)


def _make_browser(name: str) -> QTextBrowser:
    browser = QTextBrowser()
    browser.setOpenExternalLinks(True)
    browser.setAccessibleName(name)
    browser.setToolTip(tr("Use the arrow keys to scroll"))
    return browser
