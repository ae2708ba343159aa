"""The session part that reports what sounds: the chord, its Roman numeral, the key and the cadences, in every mode.

It follows the player's keys behind the input stage and the notes that are sent. Nothing is named at the moment of a
note, since sending must not wait: a note sets a timer of a 16th. The key is that of the player's tune; where live
harmony has chosen a key, or the player has set one, it is that key. The answer of a model counts for the key while the
player's keys are up. The chord that comes next is reported where notes of an answer or a playback are scheduled.
"""

from collections.abc import Iterable, Sequence

from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.hearing.cadence_watch import CadenceWatch
from bachbridge.engine.hearing.chord_changes import SoundingChord, next_chord
from bachbridge.engine.hearing.coming_chord import HORIZON_STEPS, coming_chord
from bachbridge.engine.hearing.sounding_pitches import SoundingPitches
from bachbridge.engine.hearing.tune_key import TuneKey
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi
from bachbridge.music.harmony.chord_names import ChordReading, chord_name
from bachbridge.music.harmony.roman_numerals import roman_numeral
from bachbridge.music.notes import STEPS_PER_BEAT, Key, key_from_number, key_to_number, step_ns_from_bpm
from bachbridge.music.tonality.key_names import key_level, parse_key
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerStarted,
    BarStarted,
    ChordPlanned,
    Effect,
    Harmonized,
    PhraseEnded,
    Send,
    SoundingHarmony,
)

_US, _PLAYER = "us", "player"
_DEFAULT_STEP_NS = 125_000_000
_TOGETHER_NS = 20_000_000
"""Notes that begin within this time are looked at together."""
_COLOUR_STEPS = 3
"""Steps after which a chord is looked at again, since a note over it may have turned out not to be passing."""
_LIVE_MODES = ("harmonize", "duet")


class HarmonyListener:
    """Used on the engine's thread only."""

    __slots__ = (
        "_active_settings", "_cadences", "_chord", "_coming", "_due_ns", "_is_phrase_over", "_live_key", "_player_keys",
        "_reported", "_reported_coming", "_scheduler", "_sounding", "_step_ns", "_tune_key",
    )  # fmt: skip

    def __init__(self, active_settings: ActiveSettings, scheduler: Scheduler) -> None:
        self._active_settings, self._scheduler = active_settings, scheduler
        self._sounding, self._tune_key, self._cadences = SoundingPitches(), TuneKey(), CadenceWatch()
        self._chord: SoundingChord | None = None
        self._coming: SoundingChord | None = None
        """The next chord that is scheduled."""
        self._due_ns: int | None = None
        self._step_ns = 0
        """The step of the last bar that was reported; 0 before the first."""
        self._live_key = -1
        """The key of the last chord of live harmony; -1: none."""
        self._player_keys: set[tuple[int, int]] = set()
        self._is_phrase_over = False
        self._reported: tuple[str, str, int, str] = ("", "", -1, "guess")
        """Chord, numeral, key and level of the last report."""
        self._reported_coming = ChordPlanned(0, "", "", -1)

    # ------------------------------------------------------------ notes

    def add_player_message(self, now_ns: int, message: midi.MidiMessage) -> None:
        """Follow a message of the player, as it comes out of the input stage."""
        match message:
            case midi.NoteOn(channel, pitch):
                self._player_keys.add((channel, pitch))
                self._note_on(now_ns, _PLAYER, channel, pitch)
                self._tune_key.add(now_ns, pitch)
            case midi.NoteOff(channel, pitch):
                self._player_keys.discard((channel, pitch))
                self._note_off(now_ns, _PLAYER, channel, pitch)
            case _:
                pass

    def stop(self, now_ns: int) -> list[Effect]:
        """Forget all that sounds, because everything is ended; return the reports of silence."""
        self._player_keys.clear()
        self._sounding.clear(now_ns)
        self._tune_key.update(now_ns, self._present_step_ns())
        self._cadences.end_phrase(in_silence=True)
        self._chord = self._coming = self._due_ns = None
        self._live_key, self._is_phrase_over = -1, False
        key = self._set_key() or self._heard_key()
        return [*self._report_if_changed(now_ns, key, is_set=self._set_key() is not None), *self._report_coming(key)]

    def follow_effects(self, now_ns: int, effects: Iterable[Effect]) -> None:
        """Follow the notes that are sent, the tempo, the key of live harmony and the ends of phrases."""
        for effect in effects:
            match effect:
                case Send(data):
                    self._follow_sent(now_ns, data)
                case BarStarted(_, step_ns):
                    self._step_ns = step_ns
                case Harmonized(_, _, _, key):
                    self._live_key = key
                case PhraseEnded() | AnswerEnded() if self._chord or self._coming:
                    self._is_phrase_over, self._coming = self._chord is not None, None
                    self._wake(now_ns)
                case AnswerStarted():
                    self._coming = None
                    self._wake(now_ns)
                case _:
                    pass

    def _follow_sent(self, now_ns: int, data: bytes) -> None:
        message, settings = midi.decode(data), self._active_settings.current
        match message:
            case midi.NoteOn(channel, pitch) if not settings.is_click(data):
                self._note_on(now_ns, _US, channel, pitch)
                if settings.mode not in _LIVE_MODES and not self._player_keys:
                    self._tune_key.add(now_ns, pitch)
            case midi.NoteOff(channel, pitch):
                self._note_off(now_ns, _US, channel, pitch)
            case midi.ControlChange(channel, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self._sounding.end_channel(now_ns, (_US, channel))
            case _:
                pass

    def _note_on(self, now_ns: int, sender: str, channel: int, pitch: int) -> None:
        self._sounding.note_on(now_ns, (sender, channel), pitch)
        self._wake(now_ns)

    def _note_off(self, now_ns: int, sender: str, channel: int, pitch: int) -> None:
        if pitch in self._sounding.since_ns:
            self._sounding.note_off(now_ns, (sender, channel), pitch)
            self._wake(now_ns)

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When to look at what sounds (ns), or None."""
        return self._due_ns

    def advance(self, now_ns: int) -> Sequence[Effect]:
        """Return reports of what has changed."""
        step_ns = self._present_step_ns()
        if self._active_settings.current.mode not in _LIVE_MODES:
            self._live_key = -1
        self._tune_key.update(now_ns, step_ns)
        set_key = self._set_key()
        key = set_key or self._heard_key()
        before, self._chord = self._chord, next_chord(now_ns, self._sounding, step_ns, self._chord, key)
        if self._chord and self._chord != before:
            self._cadences.add_chord(self._chord, step_ns, key)
        rests = self._chord is None or (self._cadences.due_ns is not None and now_ns >= self._cadences.due_ns)
        cadences = self._cadences.end_phrase(in_silence=self._chord is None) if rests or self._is_phrase_over else []
        self._is_phrase_over = False
        self._due_ns = self._next_due_ns(now_ns, step_ns)
        if self._chord != before or self._coming is None or self._coming.since_ns <= now_ns:
            self._look_ahead(now_ns, step_ns, key)
        reports = self._report_if_changed(now_ns, key, is_set=set_key is not None)
        return [*reports, *cadences, *self._report_coming(key)]

    def _look_ahead(self, now_ns: int, step_ns: int, key: Key | None) -> None:
        """Find the next chord of what is scheduled."""
        settings = self._active_settings.current
        near = self._scheduler.notes_between(now_ns, now_ns + HORIZON_STEPS * step_ns)
        voices = [note for note in near if not settings.is_click(midi.note_on(note.channel, note.pitch, 1))]
        present = self._chord.reading if self._chord else None
        self._coming = coming_chord(now_ns, voices, step_ns, present, key)

    def _wake(self, now_ns: int) -> None:
        due_ns = now_ns + self._present_step_ns() + _TOGETHER_NS
        if self._due_ns is None or due_ns < self._due_ns:
            self._due_ns = due_ns

    def _present_step_ns(self) -> int:
        if self._step_ns:
            return self._step_ns
        bpm = self._active_settings.current.bpm
        return step_ns_from_bpm(bpm) if bpm else _DEFAULT_STEP_NS

    def _next_due_ns(self, now_ns: int, step_ns: int) -> int | None:
        """Return the next time at which a note counts, silence is an end, or a cadence is clear."""
        times = [
            since_ns + steps * step_ns
            for since_ns in self._sounding.since_ns.values()
            for steps in (1, _COLOUR_STEPS, STEPS_PER_BEAT)
        ]
        if not self._sounding.since_ns and self._chord:
            times.append(max(now_ns + 1, self._sounding.last_off_ns + STEPS_PER_BEAT * step_ns))
        if self._cadences.due_ns is not None:
            times.append(self._cadences.due_ns)
        first_ns = min((time_ns for time_ns in times if time_ns > now_ns), default=None)
        if first_ns is None:
            return None
        return max(time_ns for time_ns in times if time_ns - first_ns < _TOGETHER_NS)

    # ------------------------------------------------------------ reports

    def _set_key(self) -> Key | None:
        return parse_key(self._active_settings.current.key)

    def _heard_key(self) -> Key | None:
        return self._tune_key.key if self._live_key < 0 else key_from_number(self._live_key)

    def _report_if_changed(self, now_ns: int, key: Key | None, *, is_set: bool) -> list[SoundingHarmony]:
        chord, numeral = _chord_and_numeral(self._chord.reading if self._chord else None, key)
        confidence = 1.0 if is_set else self._tune_key.confidence_of(key)
        report = chord, numeral, key_to_number(key), key_level(confidence)
        if report == self._reported:
            return []
        self._reported = report
        begin_ns = self._chord.since_ns if self._chord else self._sounding.last_off_ns or now_ns
        return [SoundingHarmony(begin_ns, chord, numeral, key_to_number(key), round(confidence, 2))]

    def _report_coming(self, key: Key | None) -> list[ChordPlanned]:
        chord, numeral = _chord_and_numeral(self._coming.reading if self._coming else None, key)
        report = ChordPlanned(self._coming.since_ns if self._coming else 0, chord, numeral, key_to_number(key))
        before, self._reported_coming = self._reported_coming, report
        is_news = report.chord and report != before
        return [report] if is_news or (before.chord and not report.chord) else []


def _chord_and_numeral(reading: ChordReading | None, key: Key | None) -> tuple[str, str]:
    """Return the name of a chord and its Roman numeral, both empty without one; the numeral needs a key."""
    if reading is None:
        return "", ""
    return chord_name(reading, key), roman_numeral(reading, key) if key else ""
