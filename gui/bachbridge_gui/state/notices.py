"""Notices: sentences about what happened or does not work, each with a level, and the choice of the one to show.

A notice is posted when something happens. It goes away after a while, but an error stays until it is dismissed or
followed by a newer notice on its topic. A standing notice lasts as long as its condition does. The most serious notice
is shown, and of several the newest. All that was posted stays in the history.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bachbridge.protocol.field_types import SettingValue

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")
_SHOWN_NS: dict[Level, int | None] = {"info": 6_000_000_000, "warning": 12_000_000_000, "error": None}
"""How long a posted notice is shown; None: until it is dismissed."""
_MAX_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of a setting that mends what the notice is about, as a button: `label` is its text."""

    label: str
    setting: str
    value: SettingValue


@dataclass(frozen=True, slots=True)
class StatusNotice:
    """A sentence for the notice line. A newer notice with the same `topic` takes its place."""

    text: str
    level: Level = "warning"
    topic: str = ""
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class _Posted:
    number: int
    at_ns: int
    notice: StatusNotice

    def is_over(self, now_ns: int) -> bool:
        shown_ns = _SHOWN_NS[self.notice.level]
        return shown_ns is not None and now_ns - self.at_ns > shown_ns


class NoticeBoard:
    """Used on the window's thread. It reads no clock: the caller passes the time."""

    def __init__(self) -> None:
        self._posted: dict[str, _Posted] = {}
        """The posted notices by topic, or by their text if they have none."""
        self._standing: tuple[StatusNotice, ...] = ()
        self._dismissed: set[str] = set()
        """Texts of standing notices that were dismissed and whose condition still holds."""
        self._count = 0
        self.history: deque[tuple[int, StatusNotice]] = deque(maxlen=_MAX_HISTORY)
        """The times in ns and the notices that were posted, oldest first."""

    def post(self, notice: StatusNotice, now_ns: int) -> None:
        """Show a notice from now on."""
        if not notice.text:
            return
        notice = replace(notice, text=capitalized(notice.text))
        self._count += 1
        self._posted[notice.topic or notice.text] = _Posted(self._count, now_ns, notice)
        self.history.append((now_ns, notice))

    def soften(self, topic: str, now_ns: int) -> None:
        """Let an error on this topic go away after a while, because its cause is gone."""
        if (posted := self._posted.get(topic)) and posted.notice.level == "error":
            self._posted[topic] = _Posted(posted.number, now_ns, replace(posted.notice, level="info"))

    def set_standing(self, notices: Sequence[StatusNotice]) -> None:
        """Set the notices whose conditions hold now."""
        self._standing = tuple(notices)
        self._dismissed &= {notice.text for notice in notices}

    def dismiss(self, shown: StatusNotice) -> None:
        """Hide a notice; a standing one stays hidden until its condition holds anew."""
        self._posted = {topic: posted for topic, posted in self._posted.items() if posted.notice != shown}
        if shown in self._standing:
            self._dismissed.add(shown.text)

    def current(self, now_ns: int) -> StatusNotice | None:
        """Return the notice to be shown; None if there is none."""
        self._posted = {topic: posted for topic, posted in self._posted.items() if not posted.is_over(now_ns)}
        standing = [(0, notice) for notice in self._standing if notice.text not in self._dismissed]
        candidates = [*standing, *((posted.number, posted.notice) for posted in self._posted.values())]
        ranked = max(candidates, key=lambda pair: (LEVELS.index(pair[1].level), pair[0]), default=None)
        return ranked[1] if ranked else None


def capitalized(sentence: str) -> str:
    """Return the text with a capital first letter, unless it begins with the name of a file."""
    begins_with_file = "." in sentence.split(" ", 1)[0].rstrip(".")
    return sentence if begins_with_file else sentence[:1].upper() + sentence[1:]
