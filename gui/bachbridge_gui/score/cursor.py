"""The place in a phrase that plays again, as a step: it counts from the first note that the engine sends."""

from bachbridge.midi import messages as midi
from bachbridge.protocol.notices import EngineEnded, Message, Received, Sent

_MAX_WAIT_NS = 3_000_000_000
"""A phrase that has not begun to sound after this time does not play."""


class PlayCursor:
    """Used on the window's thread; the caller passes messages and the time."""

    def __init__(self) -> None:
        self._first_step, self._end_step, self._step_ns = 0, 0, 0
        self._origin_ns: int | None = None
        self._waiting_since_ns: int | None = None
        self._is_expected = False

    @property
    def is_active(self) -> bool:
        """True from the request to play until the end."""
        return self._is_expected or self._origin_ns is not None

    def expect(self, first_step: int, end_step: int, step_ns: int) -> None:
        """Wait for the first note, which begins at `first_step`; the music ends at `end_step`."""
        self._first_step, self._end_step, self._step_ns = first_step, end_step, step_ns
        self._origin_ns, self._waiting_since_ns, self._is_expected = None, None, True

    def stop(self) -> None:
        """Forget what plays."""
        self._origin_ns, self._is_expected = None, False

    def handle_message(self, message: Message) -> None:
        """Begin with the first note that is sent, and stop when somebody plays or the engine ends."""
        match message:
            case Sent(data, _, at_ns) if self._is_expected and isinstance(midi.decode(data), midi.NoteOn):
                self._origin_ns, self._is_expected = at_ns - self._first_step * self._step_ns, False
            case Received(data, _) if isinstance(midi.decode(data), midi.NoteOn):
                self.stop()
            case EngineEnded():
                self.stop()
            case _:
                pass

    def step_at(self, now_ns: int) -> float | None:
        """Return the step that sounds now; None if nothing plays."""
        if self._is_expected:
            self._waiting_since_ns = self._waiting_since_ns or now_ns
            if now_ns - self._waiting_since_ns > _MAX_WAIT_NS:
                self.stop()
        if self._origin_ns is None:
            return None
        step = (now_ns - self._origin_ns) / self._step_ns
        if step >= self._end_step:
            self.stop()
            return None
        return max(float(self._first_step), step)
