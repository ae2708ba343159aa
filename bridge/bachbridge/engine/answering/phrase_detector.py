"""The listening half of the dialogue: the phrase being played, its end, and feeding it to the model.

A phrase ends by silence, by its length in bars, by the pedal's release or by a command; a setting chooses. While it
lasts, the model is fed what is certain of it: a moment after each key and on every beat.
"""

from collections.abc import Callable

from bachbridge.engine.answering.phrase_end import first_bar_line, foreseen_end_ns
from bachbridge.engine.answering.phrase_recorder import PhraseRecorder
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.engine.tempo.grid_tracker import GridTracker
from bachbridge.engine.tempo.tracker import TempoTracker
from bachbridge.music.notes import NS_PER_MS, SEED_COUNT, Phrase, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.protocol.effects import Effect, Feed, PhraseEnded
from bachbridge.settings import Settings

BAR_LINE_LEAD_NS = 20_000_000
"""A phrase of a fixed number of bars ends this long before its bar line, so that the answer can begin on it."""
EARLY_ASK_LEAD_NS = 150_000_000
"""An answer is asked for this long before the phrase ends: a little more than a network of many sweeps needs."""
_FORESEEING_CONFIDENCE = 0.75
"""Bar lines that are less certain than this foretell no end."""
_EARLY_NOTE_NS = 200_000_000
"""A phrase that began at most this long before the shared grid belongs to it."""
_FEED_DELAY_NS = 1_000_000
"""The model is fed this long after a key."""
_FEED_MARGIN_NS = 3_000_000
"""The model is not fed if a note is due within this time."""


class PhraseDetector:
    """The session's part that ends phrases and feeds the model. Used on the engine's thread only."""

    __slots__ = (
        "_early_ask_made", "_feed_ns", "_last_fed_phrase", "_on_early_ask", "_on_end", "_phrase_start_ns",
        "_previous_bpm", "_scheduler", "_shared_grid", "recorder", "settings",
    )  # fmt: skip

    def __init__(
        self,
        settings: Settings,
        scheduler: Scheduler,
        on_end: Callable[[int, str], list[Effect]],
        on_early_ask: Callable[[int, PhraseEnded], list[Effect]],
    ) -> None:
        """`on_end(now_ns, ended_by)` ends the phrase; `on_early_ask(end_ns, phrase)` asks for its answer beforehand."""
        self.settings = settings
        self._scheduler, self._on_end, self._on_early_ask = scheduler, on_end, on_early_ask
        self._previous_bpm: float | None = None
        """Tempo of the previous phrase."""
        self._phrase_start_ns = 0
        self._shared_grid: Grid | None = None
        self._last_fed_phrase: Phrase | None = None
        self._early_ask_made = False
        """True if the answer was asked for early and the player has done nothing since."""
        self._feed_ns: int | None = None
        """When to feed the model next."""
        self.recorder = PhraseRecorder(self._inferring_tracker())

    @property
    def phrase_started(self) -> bool:
        return bool(self.recorder.key_presses)

    @property
    def grid(self) -> Grid:
        return self.recorder.grid

    @property
    def steps_per_bar(self) -> int:
        return self.settings.steps_per_bar

    @property
    def seed(self) -> int:
        """The phrase's seed: the one that is set, or else one made from the time at which the phrase began."""
        return self.seed_for(self._phrase_start_ns)

    def seed_for(self, start_ns: int) -> int:
        """Return the seed of a phrase that began at `start_ns`."""
        return self.settings.seed if self.settings.seed >= 0 else start_ns % SEED_COUNT

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When to ask early, to end the phrase or to feed the model (ns), or None."""
        end_ns = self._end_ns
        if end_ns is None:
            return self._feed_ns
        next_ns = end_ns if self._early_ask_made else end_ns - EARLY_ASK_LEAD_NS
        return next_ns if self._feed_ns is None else min(next_ns, self._feed_ns)

    def advance(self, now_ns: int) -> list[Effect]:
        """End the phrase, or else ask early for its answer; then feed the model."""
        effects: list[Effect] = []
        end_ns = self._end_ns
        if is_due(now_ns, end_ns):
            effects += self._on_end(now_ns, self.settings.phrase_end)
        elif end_ns is not None and not self._early_ask_made and end_ns - EARLY_ASK_LEAD_NS <= now_ns:
            self._early_ask_made = True
            expected = self.report_phrase_ended(end_ns, self.settings.phrase_end)
            effects += self._on_early_ask(end_ns, expected)
        if is_due(now_ns, self._feed_ns):
            effects += self._feed_model(now_ns)
        return effects

    @property
    def _end_ns(self) -> int | None:
        """When the phrase ends if nothing more is played; None if it does not end by itself."""
        settings, recorder = self.settings, self.recorder
        if not recorder.key_presses:
            return None
        if settings.phrase_end == "bars":
            return recorder.grid.time_of(self._set_length_steps) - self._lead_ns
        if settings.phrase_end != "silence":
            return None
        ends_ns = [end_ns for end_ns in (self._silence_end_ns, self._foreseen_end_ns) if end_ns is not None]
        return min(ends_ns, default=None)

    @property
    def _silence_end_ns(self) -> int | None:
        """When the silence will have lasted long enough, or a little before the bar line that follows that time."""
        recorder, settings = self.recorder, self.settings
        if recorder.silent_since_ns is None:
            return None
        grid, beat_ns = recorder.grid, settings.steps_per_beat * recorder.grid.step_ns
        end_ns = recorder.silent_since_ns + round(settings.silence_beats * beat_ns)
        bar_step = recorder.tempo_tracker.bar_step
        if bar_step is None or settings.start == "beat":
            return end_ns
        lead_ns = self._lead_ns
        line = grid.next_step(end_ns + lead_ns, self.steps_per_bar, bar_step % self.steps_per_bar)
        return grid.time_of(line) - lead_ns

    @property
    def _foreseen_end_ns(self) -> int | None:
        """A little before the bar line at which the meter lets the phrase end."""
        bar_step = self.recorder.tempo_tracker.bar_step
        if bar_step is None or not self.settings.foresee_end or self.bar_confidence < _FORESEEING_CONFIDENCE:
            return None
        line_ns = foreseen_end_ns(
            self.recorder, bar_step, self.steps_per_bar, self.settings.steps_per_beat, self._lead_ns
        )
        return None if line_ns is None else line_ns - self._lead_ns

    @property
    def _lead_ns(self) -> int:
        """How long before a bar line the phrase ends, so that the answer can begin on it."""
        return BAR_LINE_LEAD_NS + max(0, self.settings.latency_ms) * NS_PER_MS

    @property
    def _set_length_steps(self) -> int:
        """End of a phrase of a set number of bars, in its steps; an upbeat comes before the first of them."""
        bar_step = self.recorder.tempo_tracker.bar_step or 0
        return first_bar_line(bar_step, self.steps_per_bar) + self.settings.phrase_bars * self.steps_per_bar

    def _feed_model(self, now_ns: int) -> list[Effect]:
        """Feed the model the phrase as it would be if it ended now, if it has changed.

        So the model has read it all when it does end now. A note that is due very soon goes first.

        (Quantizing a long phrase takes time.)
        """
        next_note_ns = self._scheduler.deadline
        if next_note_ns is not None and next_note_ns - now_ns < _FEED_MARGIN_NS:
            self._feed_ns = next_note_ns + 1
            return []
        self._feed_ns = None
        if not self.phrase_started:
            return []
        grid = self.recorder.grid
        self._feed_ns = grid.time_of(grid.next_step(now_ns + 1, self.settings.steps_per_beat))
        phrase = self.recorder.to_phrase(now_ns, self.steps_per_bar, steps_per_beat=self.settings.steps_per_beat)
        if not phrase.notes or phrase == self._last_fed_phrase:
            return []
        self._last_fed_phrase = phrase
        return [Feed(self.settings.model, phrase, self.seed, key_to_number(parse_key(self.settings.key)))]

    # ------------------------------------------------------------ the player's hands

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self._early_ask_made = False
        if not self.recorder.key_presses:
            self._phrase_start_ns = now_ns
            self.recorder.tempo_tracker = self._new_tracker()
        self.recorder.note_on(now_ns, pitch, velocity)
        self._feed_ns = now_ns + _FEED_DELAY_NS

    def note_off(self, now_ns: int, pitch: int) -> None:
        self._early_ask_made = False
        self.recorder.note_off(now_ns, pitch)
        self._feed_ns = now_ns + _FEED_DELAY_NS

    def all_notes_off(self, now_ns: int) -> None:
        """Release all keys, as MIDI's All Notes Off demands."""
        self._early_ask_made = False
        self.recorder.all_notes_off(now_ns)

    def handle_pedal(self, now_ns: int, *, is_down: bool) -> bool:
        """Move the sustain pedal; return True if its release ends the phrase."""
        self._early_ask_made = False
        was_released = self.recorder.pedal_down and not is_down
        self.recorder.set_pedal(now_ns, is_down)
        return was_released and self.settings.phrase_end == "pedal"

    # ------------------------------------------------------------ phrases

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings from now on; another tempo or meter quantizes the phrase anew."""
        self._early_ask_made = False
        before, self.settings = self.settings, settings
        changed = any(getattr(settings, name) != getattr(before, name) for name in ("bpm", "meter", "tempo_hint"))
        if changed and isinstance(self.recorder.tempo_tracker, TempoTracker):
            self.recorder.track_with(self._inferring_tracker())

    def follow_grid(self, now_ns: int, shared: Grid | None, shift_steps: int) -> None:
        """Record on this shared grid, which has a bar line at step 0, from now on.

        A phrase that began a moment before the grid was known moves to it; without a grid, a phrase stays as it is.
        """
        self._shared_grid = shared
        tracker = self.recorder.tempo_tracker
        if shared is None:
            return
        if isinstance(tracker, GridTracker):
            tracker.follow(shared, shift_steps)
        elif self.phrase_started and now_ns - self._phrase_start_ns < _EARLY_NOTE_NS:
            self.recorder.track_with(self._new_tracker())

    def _new_tracker(self) -> TempoTracker | GridTracker:
        if self._shared_grid:
            return GridTracker(self._shared_grid, self.settings.steps_per_beat, self.steps_per_bar)
        return self._inferring_tracker()

    def _inferring_tracker(self) -> TempoTracker:
        settings = self.settings
        return TempoTracker(
            settings.bpm,
            self._previous_bpm,
            steps_per_bar=settings.steps_per_bar,
            steps_per_beat=settings.steps_per_beat,
            tempo_hint=settings.tempo_hint,
        )

    @property
    def beat_step(self) -> int:
        """A step of the phrase that is on a beat; 0 without a phrase."""
        return self.recorder.tempo_tracker.beat_step if self.phrase_started else 0

    @property
    def bar_confidence(self) -> float:
        """Probability that the bar lines of the phrase are right; 1 without a phrase."""
        return self.recorder.tempo_tracker.bar_confidence if self.phrase_started else 1.0

    @property
    def bar_grid(self) -> Grid:
        """The grid of the phrase, with a bar line at step 0 if one is known."""
        grid = self.recorder.grid
        return Grid(grid.time_of(self.recorder.tempo_tracker.bar_step or 0), grid.step_ns)

    def report_phrase_ended(self, now_ns: int, ended_by: str) -> PhraseEnded:
        """Return the report of the phrase; held notes last until its end, which may be a moment before `now_ns`."""
        steps = self._set_length_steps if ended_by == "bars" else None
        until_ns = now_ns if self._end_ns is None else min(now_ns, self._end_ns)
        phrase = self.recorder.to_phrase(
            until_ns, self.steps_per_bar, steps_per_beat=self.settings.steps_per_beat, steps=steps
        )
        return PhraseEnded(phrase, self.grid.origin_ns, self.grid.step_ns, ended_by)

    def start_next_phrase(self) -> None:
        """Wait for the next phrase; tempo and pedal are kept."""
        self._previous_bpm = self.grid.bpm
        self.reset(pedal_down=self.recorder.pedal_down)

    def reset(self, *, pedal_down: bool = False) -> None:
        """Discard the phrase."""
        self.recorder = PhraseRecorder(self._new_tracker(), pedal_down=pedal_down)
        self._early_ask_made = False
        self._last_fed_phrase = self._feed_ns = None
