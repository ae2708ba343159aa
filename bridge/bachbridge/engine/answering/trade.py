"""Trading: player and model take turns of a fixed number of bars each, on the shared grid, until the beat stops.

    player's turn ──(a little before its end: the answer is asked for)──▶ model's turn ──▶ player's turn ...

The bar lines are those of the shared grid and never move: an answer that comes late begins late, on its own step in the
bar. What the player plays during the model's turn is recorded, but only an upbeat to his next turn counts (see
`turns`). If he plays nothing in a turn of his, the model rests as well, and the count goes on. The first turn begins
with his first note, and again after a Stop.
"""

from collections.abc import Callable

from bachbridge.engine.answering.phrase_detector import BAR_LINE_LEAD_NS, EARLY_ASK_LEAD_NS
from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.answering.turn_recorder import TurnRecorder, last_bars
from bachbridge.engine.answering.turns import Turns, first_turn_step, upbeat_start
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.music.notes import NS_PER_MS, SEED_COUNT, Phrase, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import Ask, Effect, Feed, PhraseEnded
from bachbridge.settings import Settings, task_for_answer

_LATENCY_FACTOR = 1.25
"""An answer is asked for this many times the model's last latency before the bar line, if that is earlier."""
_FEED_DELAY_NS = 1_000_000
"""The model is fed this long after a beat."""

AnswerTurn = Callable[[int, PhraseEnded, int, int], list[Effect]]
"""`(now_ns, phrase_ended, start_ns, seed)`: have the phrase of a turn answered from `start_ns` on."""


class Trade:
    """The session's part that counts the turns and has the player's answered. Used on the engine's thread only."""

    __slots__ = (
        "_answer_turn", "_early_ask_made", "_feed_step", "_first_note_step", "_grid", "_is_model_turn",
        "_last_fed_phrase", "_latency_ns", "_player_turn", "_recorder", "_responder", "_settings", "_timed_ask",
        "_turns",
    )  # fmt: skip

    def __init__(self, settings: Settings, responder: Responder, answer_turn: AnswerTurn) -> None:
        self._settings, self._responder, self._answer_turn = settings, responder, answer_turn
        self._grid: Grid | None = None
        self._latency_ns = 0
        """The model's last latency, from an ask to the first part of its answer."""
        self._timed_ask: tuple[int, int] | None = None
        """Number and time of the last early ask, until the first part of its answer comes."""
        self.reset()

    def reset(self) -> None:
        """Forget the turns: the next note begins the first one."""
        self._recorder = TurnRecorder()
        self._turns: Turns | None = None
        """The turns; None before the first note."""
        self._player_turn = 0
        """The present turn of the player, or the one before the model's present turn."""
        self._is_model_turn = False
        """True from the moment at which the player's turn is closed, a little before the model's begins."""
        self._first_note_step = 0
        self._early_ask_made = False
        """True if the answer was asked for early and the player has done nothing since."""
        self._feed_step: int | None = None
        """The beat on which the model is fed next."""
        self._last_fed_phrase: Phrase | None = None

    @property
    def grid(self) -> Grid | None:
        """The shared grid; None without one."""
        return self._grid

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When to feed the model, to ask early, to close the player's turn or to end the model's (ns), or None."""
        if self._turns is None or self._grid is None:
            return None
        if self._is_model_turn:
            return self._line_ns(self._player_turn + 2)
        lead_ns = BAR_LINE_LEAD_NS if self._early_ask_made else self._early_lead_ns
        end_ns = self._line_ns(self._player_turn + 1) - lead_ns
        return end_ns if self._feed_step is None else min(end_ns, self._feed_ns(self._grid, self._feed_step))

    def advance(self, now_ns: int) -> list[Effect]:
        """Do the next thing that is due."""
        turns, grid = self._turns, self._grid
        if turns is None or grid is None:
            return []
        if self._is_model_turn:
            return self._end_model_turn(now_ns)
        line_ns = self._line_ns(self._player_turn + 1)
        if line_ns - BAR_LINE_LEAD_NS <= now_ns:
            return self._close_player_turn(now_ns, turns, grid)
        effects: list[Effect] = []
        if line_ns - self._early_lead_ns <= now_ns and not self._early_ask_made:
            effects += self._ask_early(now_ns, turns)
        if self._feed_step is not None and is_due(now_ns, self._feed_ns(grid, self._feed_step)):
            effects += self._feed_model(turns, self._feed_step)
        return effects

    def _line_ns(self, turn: int) -> int:
        """Return the time at which what is sent sounds on the bar line that begins a turn."""
        assert self._turns
        assert self._grid
        return self._grid.time_of(self._turns.begin_step(turn)) - self._settings.latency_ms * NS_PER_MS

    @property
    def _early_lead_ns(self) -> int:
        """How long before the bar line the answer is asked for; at most half a turn."""
        assert self._turns
        assert self._grid
        half_turn_ns = self._turns.turn_steps * self._grid.step_ns // 2
        return min(max(EARLY_ASK_LEAD_NS, round(_LATENCY_FACTOR * self._latency_ns)), half_turn_ns)

    @staticmethod
    def _feed_ns(grid: Grid, step: int) -> int:
        return grid.time_of(step) + _FEED_DELAY_NS

    # ------------------------------------------------------------ the player's hands

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        """Record the note; the first one begins the first turn. Without a shared grid nothing happens."""
        grid = self._grid
        if grid is None:
            return
        step = self._recorder.note_on(now_ns, grid, pitch, velocity)
        if self._turns is None:
            bar = self._settings.steps_per_bar
            self._turns = Turns(first_turn_step(step, bar), self._settings.trade_bars * bar)
            self._first_note_step = step
        self._early_ask_made = False
        if self._feed_step is None:
            self._feed_step = grid.next_step(now_ns, self._settings.steps_per_beat)

    def note_off(self, now_ns: int, pitch: int) -> None:
        self._early_ask_made = False
        if self._grid:
            self._recorder.note_off(now_ns, self._grid, pitch)

    def all_notes_off(self, now_ns: int) -> None:
        """Release all keys, as MIDI's All Notes Off demands."""
        self._early_ask_made = False
        if self._grid:
            self._recorder.all_notes_off(now_ns, self._grid)

    # ------------------------------------------------------------ settings and grid

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings from now on; turns of another length are counted from the next note on."""
        before, self._settings = self._settings, settings
        self._early_ask_made = False
        if (settings.steps_per_bar, settings.trade_bars) != (before.steps_per_bar, before.trade_bars):
            self.reset()

    def follow_grid(self, now_ns: int, shared: Grid | None, shift_steps: int) -> None:
        """Count on this shared grid, which has a bar line at step 0, from now on.

        A jump to another place in the bar, or to other numbers of the steps, begins the turns anew.
        """
        before, self._grid = self._grid, shared
        is_whole = shift_steps % self._settings.steps_per_bar == 0
        if not (before and shared and is_whole and shared.counts_on_from(before, now_ns, shift_steps)):
            self.reset()
        elif self._turns and shift_steps:
            self._turns = self._turns.shifted(shift_steps)
            self._recorder.shift_steps(shift_steps)
            self._first_note_step += shift_steps
            self._feed_step = None if self._feed_step is None else self._feed_step + shift_steps

    # ------------------------------------------------------------ turns

    def _begin_step(self, turns: Turns) -> int:
        """Return the step of the shared grid at which the phrase of the player's turn begins."""
        line = turns.begin_step(self._player_turn)
        if task_for_answer(self._settings.answer) != "continue":
            # The answer is as long as the phrase and must fill the turn.
            return line
        if self._player_turn == 0:
            return min(line, self._first_note_step)
        return upbeat_start(
            self._recorder.spans(line), line, self._settings.steps_per_bar, self._settings.steps_per_beat
        )

    def _phrase(self, turns: Turns, until: int) -> Phrase | None:
        """Return what the player has played in his turn up to the step `until`; None if it is nothing."""
        line, begin = turns.begin_step(self._player_turn), self._begin_step(turns)
        if not any(span.start >= begin and line < span.end for span in self._recorder.spans(until)):
            return None
        bar = self._settings.steps_per_bar
        phrase = self._recorder.to_phrase(begin, until, bar, (begin - line) % bar)
        return last_bars(phrase) if task_for_answer(self._settings.answer) == "continue" else phrase

    def _seed(self, turns: Turns) -> int:
        onset_ns = self._recorder.first_onset_ns(self._begin_step(turns))
        return self._settings.seed if self._settings.seed >= 0 else onset_ns % SEED_COUNT

    def _feed_model(self, turns: Turns, step: int) -> list[Effect]:
        """Feed the model what has been played up to the beat `step` if it has changed."""
        self._feed_step = step + self._settings.steps_per_beat
        phrase = self._phrase(turns, step) if step > turns.begin_step(self._player_turn) else None
        if phrase is None or not phrase.notes or phrase == self._last_fed_phrase:
            return []
        self._last_fed_phrase = phrase
        return [Feed(self._settings.model, phrase, self._seed(turns), key_to_number(parse_key(self._settings.key)))]

    def _ask_early(self, now_ns: int, turns: Turns) -> list[Effect]:
        self._early_ask_made = True
        phrase = self._phrase(turns, turns.begin_step(self._player_turn + 1))
        effects = self._responder.ask_early(phrase, self._seed(turns)) if phrase else []
        for effect in effects:
            if isinstance(effect, Ask):
                self._timed_ask = (effect.ask, now_ns)
        return effects

    def time_answer(self, now_ns: int, ask_number: int) -> None:
        """Learn how long the model takes, from the first part of an answer that was asked for early."""
        if self._timed_ask and self._timed_ask[0] == ask_number:
            self._latency_ns = now_ns - self._timed_ask[1]
            self._timed_ask = None

    def _close_player_turn(self, now_ns: int, turns: Turns, grid: Grid) -> list[Effect]:
        """Ask for the answer to the turn; without a note in it, the model rests."""
        self._is_model_turn, self._feed_step = True, None
        end = turns.begin_step(self._player_turn + 1)
        phrase = self._phrase(turns, end)
        if phrase is None or self._line_ns(self._player_turn + 2) <= now_ns:
            return []
        ended = PhraseEnded(phrase, grid.time_of(end - phrase.steps), grid.step_ns, "turn")
        return self._answer_turn(now_ns, ended, self._line_ns(self._player_turn + 1), self._seed(turns))

    def _end_model_turn(self, now_ns: int) -> list[Effect]:
        """End the answer, of which no note is left, and listen to the next turn."""
        assert self._turns
        assert self._grid
        self._player_turn += 2
        self._is_model_turn = self._early_ask_made = False
        line = self._turns.begin_step(self._player_turn)
        self._recorder.forget_before(line - self._turns.turn_steps)
        self._feed_step = line + self._settings.steps_per_beat
        return self._responder.end_turn(now_ns)
