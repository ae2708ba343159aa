"""Recognition of our own output that comes back to our input, as when a DAW's track is armed for everything.

A note-on with the pitch and velocity of one that was sent a moment before is an echo, on whatever channel. When most of
the last few keys are echoes, there is a loop. From then on echoes count as nothing, so the loop dies down; other keys
still count, since the player may go on. A player who repeats our notes has other velocities and takes more time.

A note that is only passed on comes back on its own channel, the first time while its key is down. On another channel it
is the player's keyboard's second sound, and after a note-off the key is struck again. A short note, however, ends
before it comes back, and a player may repeat one as quickly. If one has come back three times, the next one is sent
with a velocity that is one off, which nobody hears: only a loop returns that.
"""

from collections import defaultdict, deque

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import FeedbackLoop

_WINDOW_NS = 100_000_000
"""An echo comes within this time."""
_RECENT_KEYS, _MIN_ECHOES = 6, 3
_MAX_SENT = 16
"""Most messages of one key that are remembered."""
_NOTE_OFF = 0
"""Stands for the velocity of a note-off."""
_QUIET_NS = 3_000_000_000
"""Without an echo for this long, though notes were sent, the loop is mended."""
_MAX_RETURNS = 3
"""So often a short note comes back before it is marked."""
_TRUST_NS = 60_000_000_000
"""A player who was taken for a loop is not for this long."""


class FeedbackGuard:
    """Watches what is sent and what arrives. Used on the engine's thread only."""

    __slots__ = (
        "_down", "_echoed", "_echoes", "_ignored", "_last_echo_ns", "_marked", "_marked_place", "_pruned_ns",
        "_returns", "_sent", "_trusted_until_ns", "_unreturned_ns", "is_looped",
    )  # fmt: skip

    def __init__(self) -> None:
        self._sent: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=_MAX_SENT))
        """Time and channel (-1: any) of what was sent, by pitch and velocity."""
        self._echoes: deque[bool] = deque(maxlen=_RECENT_KEYS)
        self._down: set[tuple[int, int]] = set()
        """Channel and pitch of the keys that are down and count."""
        self._echoed: set[tuple[int, int]] = set()
        """Channel and pitch of the keys whose last note-on was an echo."""
        self._ignored: set[tuple[int, int]] = set()
        """Channel and pitch of ignored echoes whose note-offs are ignored too."""
        self._returns: dict[tuple[int, int], int] = {}
        """Numbers of returns in a row of the short notes of a key (channel, pitch)."""
        self._marked_place: tuple[int, int] | None = None
        """The key (channel, pitch) whose note is to be marked if it is passed on."""
        self._marked: tuple[midi.NoteOn, int] | None = None
        """The note that was marked, as it was sent, and when."""
        self._last_echo_ns = self._pruned_ns = self._trusted_until_ns = 0
        self._unreturned_ns: int | None = None
        """Time of the first note that was sent after the last echo."""
        self.is_looped = False

    def add_sent(self, now_ns: int, data: bytes, *, is_passed_on: bool) -> None:
        """Remember what is sent; `is_passed_on` if it is the player's own message."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity):
                self._unreturned_ns = self._unreturned_ns or now_ns
                self._sent[pitch, velocity].append((now_ns, channel if is_passed_on else -1))
            case midi.NoteOff(_, pitch):
                self._sent[pitch, _NOTE_OFF].append((now_ns, -1))
            case _:
                pass
        if now_ns - self._pruned_ns > _WINDOW_NS:
            self._pruned_ns = now_ns
            for key in [key for key, sent in self._sent.items() if not sent or now_ns - sent[-1][0] > _WINDOW_NS]:
                del self._sent[key]

    def mark(self, now_ns: int, data: bytes) -> bytes:
        """Return a message that is passed on, marked by its velocity if a loop is suspected of the note."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity) if (channel, pitch) == self._marked_place:
                marked = midi.NoteOn(channel, pitch, velocity - 1 if velocity > 1 else velocity + 1)
                self._marked_place, self._marked = None, (marked, now_ns)
                return midi.note_on(marked.channel, marked.pitch, marked.velocity)
            case _:
                return data

    def ignores(self, now_ns: int, message: midi.MidiMessage) -> bool:
        """Return True if this message from the player is an echo that counts as nothing."""
        match message:
            case midi.NoteOn(channel, pitch, velocity):
                if not self.is_looped:
                    self._follow_returns(now_ns, message)
                is_echo = self._remove_echoed(now_ns, channel, pitch, velocity)
                self._echoes.append(is_echo)
                if is_echo:
                    self._last_echo_ns, self._unreturned_ns = now_ns, None
                (self._echoed.add if is_echo else self._echoed.discard)((channel, pitch))
                if is_echo and (self.is_looped or sum(self._echoes) >= _MIN_ECHOES):
                    self._ignored.add((channel, pitch))
                    return True
                self._down.add((channel, pitch))
            case midi.NoteOff(channel, pitch):
                is_counted = (channel, pitch) in self._down
                may_be_echo = (channel, pitch) in self._ignored or (self.is_looped and not is_counted)
                if may_be_echo and self._remove_echoed(now_ns, -1, pitch, _NOTE_OFF):
                    self._ignored.discard((channel, pitch))
                    return True
                self._down.discard((channel, pitch))
            case _:
                pass
        return False

    def report(self, now_ns: int) -> list[FeedbackLoop]:
        """Return a report if a loop has begun or ended with the message before."""
        was_looped = self.is_looped
        if was_looped:
            has_unreturned = self._unreturned_ns is not None and now_ns - self._unreturned_ns > _WINDOW_NS
            self.is_looped = now_ns - self._last_echo_ns <= _QUIET_NS or not has_unreturned
        else:
            self.is_looped = sum(self._echoes) >= _MIN_ECHOES
        return [FeedbackLoop(self.is_looped)] if self.is_looped != was_looped else []

    def _follow_returns(self, now_ns: int, note: midi.NoteOn) -> None:
        """Count how often a short note has come back; look whether the marked one has."""
        place = note.channel, note.pitch
        if self._marked:
            marked, marked_ns = self._marked
            if now_ns - marked_ns > _WINDOW_NS:
                self._marked = None
            elif note == marked:
                self._marked = None
                self._echoed.add(place)
                self._echoes.extend([True] * _MIN_ECHOES)
                return
            elif place == (marked.channel, marked.pitch):
                self._marked, self._trusted_until_ns = None, now_ns + _TRUST_NS
        times_ns = [
            sent_ns
            for sent_ns, sent_channel in self._sent.get((note.pitch, note.velocity), ())
            if sent_channel == note.channel
        ]
        delay_ns = now_ns - times_ns[-1] if times_ns else 0
        if not 0 < delay_ns <= _WINDOW_NS or now_ns < self._trusted_until_ns:
            self._returns.pop(place, None)
            return
        self._returns[place] = self._returns.get(place, 0) + 1
        if self._returns[place] > _MAX_RETURNS and not self._marked:
            self._marked_place = place

    def _remove_echoed(self, now_ns: int, channel: int, pitch: int, velocity: int) -> bool:
        """Return True if we sent this key a moment before; every key that was sent comes back only once."""
        sent, place = self._sent.get((pitch, velocity)), (channel, pitch)
        if sent is None:
            return False
        while sent and now_ns - sent[0][0] > _WINDOW_NS:
            sent.popleft()
        is_known = self.is_looped or place in self._down or place in self._echoed
        for index, (sent_ns, sent_channel) in enumerate(sent):
            if sent_ns <= now_ns and (sent_channel == -1 or (sent_channel == channel and is_known)):
                del sent[index]
                return True
        return False
