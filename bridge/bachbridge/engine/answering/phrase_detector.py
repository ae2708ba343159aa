"""The listening half of the dialogue: the phrase being played, when it is over, and what the model is told of it.

A phrase ends by silence, by its length in bars, by the pedal's release or when somebody says so; which of them counts
is a setting. While it lasts, the model is told what is certain of it: a moment after each key and on every beat.
"""

from bachbridge.engine.answering.phrase_recorder import Take
from bachbridge.engine.tempo.tracker import Grid, Reader
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase, key_named, key_number
from bachbridge.protocol.events import Feed, Heard
from bachbridge.settings import Settings

_LEAD_NS = 20_000_000
"""A phrase of a fixed number of bars ends this long before its bar line, so that the answer is there on it."""
_EARLY_NS = 150_000_000
"""An answer is asked for so long before the phrase ends: what a network of many passes takes, and a little more."""
_FEED_NS, _CLEAR_NS = 1_000_000, 3_000_000
"""How long after a key the model is told of it, and how far ahead the next note that is due must be then."""
_SEEDS = 1 << 31


class Listener:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_begun_ns", "_bpm", "_fed", "_foreseen", "feed_ns", "settings", "take")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._bpm: float | None = None
        """The tempo of the phrase before."""
        self._begun_ns = 0
        self._fed: Phrase | None = None
        self._foreseen = False
        """Whether it was looked ahead to the phrase's end and nothing has happened since."""
        self.feed_ns: int | None = None
        """When the model is next told how far the phrase has come."""
        self.take = Take(Reader(settings.bpm, None))

    @property
    def playing(self) -> bool:
        """Whether a phrase has begun."""
        return bool(self.take.played)

    @property
    def grid(self) -> Grid:
        return self.take.grid

    @property
    def steps_per_bar(self) -> int:
        return self.settings.beats_per_bar * STEPS_PER_BEAT

    @property
    def seed(self) -> int:
        """The phrase's seed: the one that was set, or one that comes from the time at which the phrase began."""
        return self.seed_at(self._begun_ns)

    def seed_at(self, begun_ns: int) -> int:
        """The seed of a phrase that began then."""
        return self.settings.seed if self.settings.seed >= 0 else begun_ns % _SEEDS

    @property
    def end_ns(self) -> int | None:
        """When the phrase will be over if nothing more is played; None: not by itself."""
        settings, take = self.settings, self.take
        if not take.played:
            return None
        if settings.phrase_end == "bars":
            return take.grid.time_of(settings.phrase_bars * self.steps_per_bar) - _LEAD_NS
        if settings.phrase_end == "silence" and take.quiet_since_ns is not None:
            return take.quiet_since_ns + round(settings.silence_beats * STEPS_PER_BEAT * take.grid.step_ns)
        return None

    @property
    def early_ns(self) -> int | None:
        """When to ask for the answer to what the phrase will be if nothing more is played; None: not now."""
        end_ns = None if self._foreseen else self.end_ns
        return None if end_ns is None else end_ns - _EARLY_NS

    def foreseen(self, now_ns: int) -> Phrase:
        """The phrase as it will be if nothing more is played."""
        self._foreseen = True
        return self.heard(self.end_ns or now_ns, self.settings.phrase_end).phrase

    def note_on(self, now_ns: int, pitch: int, velocity: int) -> None:
        self._foreseen = False
        if not self.take.played:
            self._begun_ns = now_ns
        self.take.note_on(now_ns, pitch, velocity)
        self.feed_ns = now_ns + _FEED_NS

    def note_off(self, now_ns: int, pitch: int) -> None:
        self._foreseen = False
        self.take.note_off(now_ns, pitch)
        self.feed_ns = now_ns + _FEED_NS

    def all_off(self, now_ns: int) -> None:
        """The player's program says that no key is down."""
        self._foreseen = False
        self.take.all_off(now_ns)

    def pedal(self, now_ns: int, *, down: bool) -> bool:
        """Returns whether that ends the phrase."""
        self._foreseen = False
        released = self.take.pedal and not down
        self.take.set_pedal(now_ns, down)
        return released and self.settings.phrase_end == "pedal"

    def set(self, settings: Settings) -> None:
        """Take new settings; what was played is read again if the tempo is another one now."""
        self._foreseen = False
        other_tempo = settings.bpm != self.settings.bpm
        self.settings = settings
        if other_tempo:
            self.take.read_at(settings.bpm)

    def feed(self, now_ns: int, due_ns: int | None) -> Feed | None:
        """What the model is to be told of the phrase now, if anything is new; plans the next time.

        Looking through a long phrase takes time, so a note that is due very soon (`due_ns`) comes first.
        """
        if due_ns is not None and due_ns - now_ns < _CLEAR_NS:
            self.feed_ns = due_ns + 1
            return None
        self.feed_ns = None
        if not self.playing:
            return None
        grid = self.take.grid
        self.feed_ns = grid.time_of(grid.next_beat(now_ns + 1))
        phrase = self.take.phrase(now_ns, self.steps_per_bar, at_most=grid.nearest(now_ns))
        if not phrase.notes or phrase == self._fed:
            return None
        self._fed = phrase
        return Feed(self.settings.model, phrase, self.seed, key_number(key_named(self.settings.key)))

    def heard(self, now_ns: int, ended_by: str) -> Heard:
        """The phrase is over; what is held lasts until its end, which may have been a moment ago."""
        whole = self.settings.phrase_bars * self.steps_per_bar if ended_by == "bars" else None
        until_ns = now_ns if self.end_ns is None else min(now_ns, self.end_ns)
        phrase = self.take.phrase(until_ns, self.steps_per_bar, steps=whole)
        return Heard(phrase, self.grid.origin_ns, self.grid.step_ns, ended_by)

    def begin_again(self) -> None:
        """Wait for the next phrase; the tempo stays in mind, and the pedal if it is down."""
        self._bpm = self.grid.bpm
        self.forget(pedal=self.take.pedal)

    def forget(self, *, pedal: bool = False) -> None:
        """Whatever was played counts for nothing."""
        self.take = Take(Reader(self.settings.bpm, self._bpm), pedal=pedal)
        self._foreseen = False
        self._fed = self.feed_ns = None
