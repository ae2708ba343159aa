"""The sustain pedal of answers, in the manner of the player's in the phrase.

If the pedal was down for a good part of the phrase, the answer has pedal too: changed every beat, half bar or bar,
whichever is nearest to how often the player changed it. It goes up on the beat, together with the new keys, and down
again a moment later, as pianists do: so the sound is joined and not blurred. It is up whenever no answer sounds. While
the player's own pedal passes through on the same channel, that alone counts there.
"""

from collections import deque
from itertools import pairwise
from math import log

from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.output.thru import MidiThru
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import PhraseEnded, Send
from bachbridge.settings import Settings

_MIN_SHARE = 0.3
"""Share of the phrase for which the pedal must have been down."""
_PRESS_DELAY_NS = 60_000_000
"""Time from the new keys until the pedal goes down again."""
_DOWN = 127
_MAX_MOVES = 512


class PedalMoves:
    """The player's last moves of the sustain pedal. Used on the engine's thread only."""

    __slots__ = ("_moves",)

    def __init__(self) -> None:
        self._moves: deque[tuple[int, bool]] = deque(maxlen=_MAX_MOVES)
        """Times (ns), and whether the pedal is down from then on."""

    def add(self, now_ns: int, *, is_down: bool) -> None:
        if is_down != (bool(self._moves) and self._moves[-1][1]):
            self._moves.append((now_ns, is_down))

    def change_ns(self, begin_ns: int, end_ns: int) -> int | None:
        """Return the mean time between presses from `begin_ns` to `end_ns`; None if the pedal was hardly down."""
        times = [*self._moves, (end_ns, False)]
        spans = [
            (max(begin_ns, since_ns), min(end_ns, until_ns))
            for (since_ns, is_down), (until_ns, _) in pairwise(times)
            if is_down
        ]
        lengths = [until_ns - since_ns for since_ns, until_ns in spans if until_ns > since_ns]
        length_ns = end_ns - begin_ns
        return length_ns // len(lengths) if lengths and sum(lengths) >= _MIN_SHARE * length_ns else None


class AnswerPedal:
    """The session's part that moves the pedal of an answer. Used on the engine's thread only."""

    __slots__ = ("_change_steps", "_channels", "_down_since_ns", "_next_step", "_responder", "_thru", "player_moves")

    def __init__(self, responder: Responder, thru: MidiThru) -> None:
        self._responder, self._thru = responder, thru
        self.player_moves = PedalMoves()
        self._change_steps: int | None = None
        """Steps from one change of the pedal to the next; None: the answer has no pedal."""
        self._next_step = 0
        """The step of the answer at which the pedal next changes."""
        self._channels: list[int] = []
        """Channels (from 0) of the answer's voices."""
        self._down_since_ns: int | None = None

    def begin(self, now_ns: int, phrase_ended: PhraseEnded | None, settings: Settings) -> list[Send]:
        """Have pedal in the next answer if the phrase that it answers has; None if it was not played."""
        effects = self.release(now_ns)
        self._change_steps, self._next_step = None, 0
        self._channels = sorted({channel - 1 for channel in settings.channels})
        is_command = settings.phrase_end == "pedal"
        if phrase_ended is None or is_command or not settings.answer_pedal or settings.mode != "continue":
            return effects
        end_ns = phrase_ended.origin_ns + phrase_ended.phrase.steps * phrase_ended.step_ns
        change_ns = self.player_moves.change_ns(phrase_ended.origin_ns, end_ns)
        if change_ns is not None:
            lengths = (settings.steps_per_beat, settings.steps_per_bar // 2, settings.steps_per_bar)
            self._change_steps = min(
                (steps for steps in lengths if steps),
                key=lambda steps: abs(log(steps * phrase_ended.step_ns / change_ns)),
            )
        return effects

    @property
    def deadline(self) -> int | None:
        """When the pedal next moves (ns); at once if it is down and no answer sounds."""
        grid = self._responder.sounding_grid
        if grid is None or self._change_steps is None:
            return self._down_since_ns
        delay_ns = _PRESS_DELAY_NS if self._down_since_ns is None else 0
        return grid.time_of(self._next_step) + delay_ns

    def advance(self, now_ns: int) -> list[Send]:
        """Move the pedal up or down."""
        grid = self._responder.sounding_grid
        if grid is None or self._change_steps is None or self._down_since_ns is not None:
            return self.release(now_ns)
        self._down_since_ns = now_ns
        begun = max(0, grid.nearest_step(now_ns)) // self._change_steps
        self._next_step = (begun + 1) * self._change_steps
        return self._move(now_ns, _DOWN)

    def release(self, now_ns: int) -> list[Send]:
        """Lift the pedal if it is down."""
        if self._down_since_ns is None:
            return []
        self._down_since_ns = None
        return self._move(now_ns, 0)

    def _move(self, now_ns: int, value: int) -> list[Send]:
        free = [channel for channel in self._channels if not self._thru.holds_pedal(channel)]
        return [Send(midi.control_change(channel, midi.SUSTAIN, value), now_ns) for channel in free]
