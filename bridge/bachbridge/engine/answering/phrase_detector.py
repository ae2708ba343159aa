"""The listening half of the dialogue: the phrase being played, when it is over, and what the model is told of it.

A phrase ends by silence, by its length in bars, by the pedal's release or when somebody says so; which of them counts
is a setting. While it lasts, the model is told what is certain of it: a moment after each key and on every beat.
"""

from bachbridge.engine.answering.phrase_recorder import PhraseRecorder
from bachbridge.engine.tempo.tracker import Grid, TempoTracker
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase, key_to_number, parse_key
from bachbridge.protocol.events import Feed, PhraseEnded
from bachbridge.settings import Settings

_BAR_LINE_LEAD_NS = 20_000_000
"""A phrase of a fixed number of bars ends this long before its bar line, so that the answer is there on it."""
_EARLY_ASK_LEAD_NS = 150_000_000
"""An answer is asked for so long before the phrase ends: what a network of many passes takes, and a little more."""
_FEED_DELAY_NS, _FEED_MARGIN_NS = 1_000_000, 3_000_000
"""How long after a key the model is told of it, and how far ahead the next note that is due must be then."""
_SEED_COUNT = 1 << 31


class PhraseDetector:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = (
        "_early_ask_made",
        "_last_fed_phrase",
        "_phrase_start_ns",
        "_previous_bpm",
        "feed_ns",
        "recorder",
        "settings",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._previous_bpm: float | None = None
        """The tempo of the phrase before."""
        self._phrase_start_ns = 0
        self._last_fed_phrase: Phrase | None = None
        self._early_ask_made = False
        """Whether it was looked ahead to the phrase's end and nothing has happened since."""
        self.feed_ns: int | None = None
        """When the model is next told how far the phrase has come."""
        self.recorder = PhraseRecorder(TempoTracker(settings.bpm, None))

    @property
    def phrase_started(self) -> bool:
        """Whether a phrase has begun."""
        return bool(self.recorder.key_presses)

    @property
    def grid(self) -> Grid:
        return self.recorder.grid

    @property
    def steps_per_bar(self) -> int:
        return self.settings.beats_per_bar * STEPS_PER_BEAT

    @property
    def seed(self) -> int:
        """The phrase's seed: the one that was set, or one that comes from the time at which the phrase began."""
        return self.seed_for(self._phrase_start_ns)

    def seed_for(self, start_ns: int) -> int:
        """The seed of a phrase that began then."""
        return self.settings.seed if self.settings.seed >= 0 else start_ns % _SEED_COUNT

    @property
    def end_ns(self) -> int | None:
        """When the phrase will be over if nothing more is played; None: not by itself."""
        settings, take = self.settings, self.recorder
        if not take.key_presses:
            return None
        if settings.phrase_end == "bars":
            return take.grid.time_of(settings.phrase_bars * self.steps_per_bar) - _BAR_LINE_LEAD_NS
        if settings.phrase_end == "silence" and take.silent_since_ns is not None:
            return take.silent_since_ns + round(settings.silence_beats * STEPS_PER_BEAT * take.grid.step_ns)
        return None

    @property
    def early_ask_ns(self) -> int | None:
        """When to ask for the answer to what the phrase will be if nothing more is played; None: not now."""
        end_ns = None if self._early_ask_made else self.end_ns
        return None if end_ns is None else end_ns - _EARLY_ASK_LEAD_NS

    def take_expected_phrase(self, now_ns: int) -> Phrase:
        """The phrase as it will be if nothing more is played."""
        self._early_ask_made = True
        return self.report_phrase_ended(self.end_ns or now_ns, self.settings.phrase_end).phrase

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self._early_ask_made = False
        if not self.recorder.key_presses:
            self._phrase_start_ns = now_ns
        self.recorder.note_on(now_ns, pitch, velocity)
        self.feed_ns = now_ns + _FEED_DELAY_NS

    def note_off(self, now_ns: int, pitch: int) -> None:
        self._early_ask_made = False
        self.recorder.note_off(now_ns, pitch)
        self.feed_ns = now_ns + _FEED_DELAY_NS

    def all_notes_off(self, now_ns: int) -> None:
        """The player's program says that no key is down."""
        self._early_ask_made = False
        self.recorder.all_notes_off(now_ns)

    def handle_pedal(self, now_ns: int, *, is_down: bool) -> bool:
        """Returns whether that ends the phrase."""
        self._early_ask_made = False
        released = self.recorder.pedal_down and not is_down
        self.recorder.set_pedal(now_ns, is_down)
        return released and self.settings.phrase_end == "pedal"

    def apply_settings(self, settings: Settings) -> None:
        """Take new settings; what was played is read again if the tempo is another one now."""
        self._early_ask_made = False
        other_tempo = settings.bpm != self.settings.bpm
        self.settings = settings
        if other_tempo:
            self.recorder.set_tempo(settings.bpm)

    def make_feed(self, now_ns: int, next_note_ns: int | None) -> Feed | None:
        """What the model is to be told of the phrase now, if anything is new; plans the next time.

        Looking through a long phrase takes time, so a note that is due very soon (`due_ns`) comes first.
        """
        if next_note_ns is not None and next_note_ns - now_ns < _FEED_MARGIN_NS:
            self.feed_ns = next_note_ns + 1
            return None
        self.feed_ns = None
        if not self.phrase_started:
            return None
        grid = self.recorder.grid
        self.feed_ns = grid.time_of(grid.next_beat_step(now_ns + 1))
        phrase = self.recorder.to_phrase(now_ns, self.steps_per_bar, max_steps=grid.nearest_step(now_ns))
        if not phrase.notes or phrase == self._last_fed_phrase:
            return None
        self._last_fed_phrase = phrase
        return Feed(self.settings.model, phrase, self.seed, key_to_number(parse_key(self.settings.key)))

    def report_phrase_ended(self, now_ns: int, ended_by: str) -> PhraseEnded:
        """The phrase is over; what is held lasts until its end, which may have been a moment ago."""
        whole = self.settings.phrase_bars * self.steps_per_bar if ended_by == "bars" else None
        until_ns = now_ns if self.end_ns is None else min(now_ns, self.end_ns)
        phrase = self.recorder.to_phrase(until_ns, self.steps_per_bar, steps=whole)
        return PhraseEnded(phrase, self.grid.origin_ns, self.grid.step_ns, ended_by)

    def start_next_phrase(self) -> None:
        """Wait for the next phrase; the tempo stays in mind, and the pedal if it is down."""
        self._previous_bpm = self.grid.bpm
        self.reset(pedal_down=self.recorder.pedal_down)

    def reset(self, *, pedal_down: bool = False) -> None:
        """Whatever was played counts for nothing."""
        self.recorder = PhraseRecorder(TempoTracker(self.settings.bpm, self._previous_bpm), pedal_down=pedal_down)
        self._early_ask_made = False
        self._last_fed_phrase = self.feed_ns = None
