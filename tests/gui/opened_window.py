"""The notice that an opened window shows."""

from tests.support.assembled_window import WindowHarness


def notice_text(opened: WindowHarness) -> str:
    """Let a second pass and return the words of the notice, which are empty if none is shown."""
    opened.advance()
    assert opened.window.notice.isVisible() is bool(opened.window.notice.text())
    return opened.window.notice.text()
