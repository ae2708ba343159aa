"""A phrase that should end by silence and cannot, because the sustain pedal, the latch or a key holds its last notes.

The player's hands are off the keys for as long as the silence should last. Then this is reported, once a phrase. A key
that has been down for half a minute, while nothing else came, is doubted: its note-off may be lost. That is reported in
every mode.
"""

from bachbridge.engine.answering.phrase_detector import PhraseDetector
from bachbridge.engine.answering.phrase_recorder import PhraseRecorder
from bachbridge.engine.input.player_input import Holder
from bachbridge.protocol.effects import PhraseHeld

_DOUBTED_KEY_NS = 30_000_000_000


class HeldPhrase:
    """The session's part that notices such a phrase. Used on the engine's thread only."""

    __slots__ = ("_detector", "_holder", "_key_reported", "_reported", "_since_ns")

    def __init__(self, detector: PhraseDetector) -> None:
        self._detector = detector
        self._holder: Holder | None = None
        """The thing that holds notes."""
        self._since_ns = 0
        self._reported: PhraseRecorder | None = None
        """The recorder of the last phrase that was reported."""
        self._key_reported = False

    def follow(self, now_ns: int, holder: Holder | None) -> None:
        """Note what holds the notes now, after a message of the player; None if nothing is held."""
        if holder != self._holder or holder == "key":
            self._holder, self._since_ns = holder, now_ns
        self._key_reported = False

    @property
    def deadline(self) -> int | None:
        """When the silence would have lasted long enough (ns), or None."""
        detector = self._detector
        if self._holder == "key":
            return None if self._key_reported else self._since_ns + _DOUBTED_KEY_NS
        settings, recorder = detector.settings, detector.recorder
        is_waiting = self._holder and detector.phrase_started and settings.phrase_end == "silence"
        if not is_waiting or recorder is self._reported:
            return None
        return self._since_ns + round(settings.silence_beats * settings.steps_per_beat * detector.grid.step_ns)

    def advance(self, _now_ns: int) -> list[PhraseHeld]:
        """Report what holds the phrase."""
        if self._holder == "key":
            self._key_reported = True
        else:
            self._reported = self._detector.recorder
        return [PhraseHeld(self._holder)] if self._holder else []
