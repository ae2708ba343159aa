"""Live harmony: under each note of the player the other three voices, in the very turn in which the note arrives.

There is no time to ask anybody then, so the question is asked beforehand. As soon as a step's harmony stands, the
model's process is told of it (`Foresee`) and says what it would sing in the next step under every note that may come
(`Plan`). When one comes, its chord is looked up. Each change of the step at hand makes a new plan for the next.

    step 7 stands ──Foresee(7)──▶ Plan(8): C5 → E4 G4 C3, D5 → ..., going on → ...
                                        │
    the player's D5 in step 8 ──────────┴──▶ chord at once; step 8 stands ──Foresee(8)──▶ Plan(9)

A step lasts a 16th and is in force from half a step before its time (see `pulse`); one in which nothing new is played
continues the one before. Where the tempo is set, the inner voices may move on 8ths under a long note: the plan's last
row. A plan that is not there in time is played the moment it comes.

The player's hands: of keys struck together the outer one counts (`_CHORD_NS`), otherwise the newest; the voices hold
until all keys and the pedal are up, and a moment longer for legato. Notes that follow each other within `chord_ms`, or
off the metre set by `chord_on`, are ornaments: the harmony waits until one of them stays or falls on a beat.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bachbridge.engine.accompaniment.harmony_history import FrameRow, HarmonyHistory, octave_shift_for
from bachbridge.engine.accompaniment.voices import AccompanimentVoices
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.beat_counter import BeatCounter
from bachbridge.engine.tempo.tracker import Grid, is_due
from bachbridge.midi import messages as midi
from bachbridge.music.frames import pitch_index
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.protocol.events import Effect, Harmonized, PhraseEnded, Plan, PlanRequest
from bachbridge.settings import Settings

_CHORD_WINDOW_NS = 35_000_000
"""Keys struck within this time are one chord."""
_PLAN_REQUEST_DELAY_NS = 4_000_000
"""The next plan is asked for so long after a chord: making it takes a core, which the chord's way out may need."""
_INNER_VOICES_DELAY_NS = 30_000_000
"""The inner voices wait so long for a note of the player's on the same 8th: it would have a chord of its own."""
_CHORD_ON_STEPS = {"note": 1, "eighth": STEPS_PER_BEAT // 2, "beat": STEPS_PER_BEAT}
_STEPS_PER_EIGHTH = STEPS_PER_BEAT // 2
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class _MelodyNote:
    """The note that is harmonised; `shift` is what is added to its pitch for the model."""

    pitch: int
    velocity: int
    on_ns: int
    octave_shift: int
    is_ornament: bool
    """Whether it is one of several quick notes."""

    @property
    def pitch_index(self) -> int:
        """Its class."""
        return pitch_index(self.pitch + self.octave_shift)


class Accompanist:
    """Used on the engine's thread only; knows no clock. Its notes are struck and released on the agenda's count."""

    __slots__ = (
        *(
            "_last_chord_ns",
            "_voices",
            "_held_pitches",
            "_melody_note",
            "_last_decided_step",
            "_pending_chord",
            "_pedal_down",
            "_history",
            "_beat_counter",
        ),
        *("_settings", "_silent_since_ns", "_silent_since_step", "_plan_request_ns"),
    )

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self._settings, self._voices = settings, AccompanimentVoices(scheduler)
        self._held_pitches: set[int] = set()
        self._pedal_down = False
        self._history, self._beat_counter = HarmonyHistory(0), BeatCounter(settings.bpm)
        self._melody_note: _MelodyNote | None = None
        self._pending_chord = False
        """Whether the melody's note still has no chord of its own."""
        self._last_decided_step = -1
        """The last step in which something was decided: a note, or that the inner voices move or not."""
        self._last_chord_ns: int | None = None
        """When the last chord was played."""
        self._plan_request_ns: int | None = None
        """When the model's process is told of the step at hand."""
        self._silent_since_ns: int | None = None
        self._silent_since_step = 0
        """Since when, and since which step, no key and no pedal holds the melody."""

    # ------------------------------------------------------------ what the session asks

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to continue."""
        return self._history.current_step >= 0

    @property
    def deadline(self) -> int | None:
        """When `advance` has something to do (ns), or None."""
        return min(self._deadlines(), default=None)

    def restart(self, now_ns: int) -> list[Effect]:
        """A new piece; what sounds, ends."""
        sends = self._voices.release_all(now_ns)
        self.reset()
        return [*sends, self._request_plan()]

    def reset(self) -> None:
        """A new piece; what sounds was ended by the agenda."""
        self._voices.clear()
        self._held_pitches.clear()
        self._pedal_down = self._pending_chord = False
        self._history = HarmonyHistory(self._history.number + 1)
        self._beat_counter = BeatCounter(
            self._settings.bpm, self._beat_counter.bpm if self._beat_counter.has_begun else None
        )
        self._melody_note = self._last_chord_ns = self._silent_since_ns = self._plan_request_ns = None
        self._last_decided_step = -1

    def replan(self, *, model_restarted: bool) -> list[Effect]:
        """Plan the next step again; a `new` process of the model is told everything."""
        if model_restarted:
            self._history.discard_plans()
        return [self._request_plan()]

    def request_cadence(self) -> list[Effect]:
        """Lead to a full close as soon as the melody allows it."""
        self._history.cadence_requested = True
        return [self._request_plan()]

    def apply_settings(self, settings: Settings) -> None:
        """Take new settings; they steer what is planned from now on."""
        if settings.bpm != self._settings.bpm:
            self._beat_counter = self._beat_counter.with_tempo(settings.bpm)
        self._settings = settings

    @property
    def grid(self) -> Grid:
        """The grid that the player is on."""
        return self._beat_counter.grid

    def apply_voice_settings(self, now_ns: int) -> list[Effect]:
        """The voices sound otherwise from now on: what sounds is put right."""
        if not self._voices.is_sounding or not self._melody_note:
            return []
        frame = (*self._history.current_frame[: len(VOICES)], 0)
        lower = max(0, self._melody_note.octave_shift)
        sends, begun = self._voices.play_frame(now_ns, frame, self._settings, self._melody_note.velocity, lower)
        return (
            [*sends, Harmonized(self._history.number, self._history.current_step, begun, -1)] if begun else list(sends)
        )

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """What is to be done about a message of the player's."""
        match message:
            case midi.NoteOn(_, pitch, velocity):
                return self._note_on(now_ns, pitch, velocity)
            case midi.NoteOff(_, pitch):
                self._held_pitches.discard(pitch)
            case midi.ControlChange(_, midi.SUSTAIN, value):
                self._pedal_down = value >= midi.SWITCH_THRESHOLD
            case midi.ControlChange(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self._held_pitches.clear()
            case midi.ControlChange(_, controller, value) if value >= midi.SWITCH_THRESHOLD:
                return self._handle_control(now_ns, controller)
            case _:
                return []
        if self._melody_note and self._silent_since_ns is None and not self._held_pitches and not self._pedal_down:
            self._silent_since_ns, self._silent_since_step = now_ns, self._history.current_step
        return []

    def handle_plan(self, now_ns: int, plan: Plan) -> list[Effect]:
        """A plan has come; a note that waits for it gets its chord."""
        due_ns = self._chord_allowed_ns()
        at_hand = self._history.add_plan(plan)
        return self._play_planned_chord(now_ns) if at_hand and due_ns is not None and due_ns <= now_ns else []

    def advance(self, now_ns: int) -> list[Effect]:
        """What time alone brings."""
        effects: list[Effect] = []
        if is_due(now_ns, self._next_step_ns()):
            self._beat_counter.update_tempo()
            self._shorten_rest()
            if self._history.extend_to(self._beat_counter.step_at(now_ns)):
                effects.append(self._request_plan())
        if is_due(now_ns, self._plan_request_ns):
            effects.append(self._request_plan())
        if is_due(now_ns, self._release_ns()):
            effects += self._voices.release_all(now_ns)
        if is_due(now_ns, self._chord_due_ns()):
            effects += self._play_planned_chord(now_ns)
        if is_due(now_ns, self._inner_voices_ns()):
            effects += self._move_inner_voices(now_ns)
        if is_due(now_ns, self._restart_ns()):
            effects += self.restart(now_ns)
        return effects

    def report_phrase_ended(self, ended_by: str) -> PhraseEnded:
        """What was harmonised, in four voices, as a phrase to be continued."""
        velocity = self._melody_note.velocity if self._melody_note else 80
        phrase = self._history.phrase(self._settings.beats_per_bar * STEPS_PER_BEAT, velocity)
        grid = self._beat_counter.grid
        return PhraseEnded(phrase, grid.time_of(self._history.first_step), grid.step_ns, ended_by)

    # ------------------------------------------------------------ the player's hands

    def _handle_control(self, now_ns: int, controller: int) -> list[Effect]:
        if controller == self._settings.reset_control:
            return self.restart(now_ns)
        return self.request_cadence() if controller == self._settings.cadence_control else []

    def _note_on(self, now_ns: int, pitch: int, velocity: int) -> list[Effect]:
        before = self._melody_note
        self._held_pitches.add(pitch)
        self._silent_since_ns = None
        together = (
            before is not None and now_ns - before.on_ns < _CHORD_WINDOW_NS and before.pitch in self._held_pitches
        )
        if together and before and not self._is_outer(pitch, before.pitch):
            return []
        step = self._beat_counter.add_onset(now_ns)
        self._history.extend_to(step)
        voice = VOICES.index(self._settings.voice)
        self._melody_note = _MelodyNote(
            pitch,
            velocity,
            now_ns,
            octave_shift_for(pitch, voice, before.octave_shift if before else 0),
            self._is_ornament(now_ns, step),
        )
        self._last_decided_step = step
        self._pending_chord = True
        due_ns = now_ns if together else self._chord_allowed_ns()
        chord = self._play_planned_chord(now_ns) if due_ns is not None and due_ns <= now_ns else []
        if not chord:
            self._record_ornament(now_ns)
        return chord

    def _is_ornament(self, now_ns: int, step: int) -> bool:
        """Whether a note that begins now is too quick to have a chord at once; on a beat it has one all the same."""
        quick_ns = self._settings.chord_ms * _NS_PER_MS
        quick = self._melody_note is not None and now_ns - self._melody_note.on_ns < quick_ns
        resting = self._last_chord_ns is None or now_ns - self._last_chord_ns >= quick_ns
        return quick and not (resting and step % STEPS_PER_BEAT == 0)

    def _is_outer(self, pitch: int, other: int) -> bool:
        """Whether `pitch` rather than `other` is the melody of a chord."""
        return pitch < other if self._settings.voice == VOICES[-1] else pitch > other

    def _record_ornament(self, now_ns: int) -> None:
        """The melody goes its way over the chord as it lies."""
        assert self._melody_note
        voice = VOICES.index(self._settings.voice)
        frame = list(self._history.current_frame)
        frame[voice] = self._melody_note.pitch_index
        frame[-1] |= 1 << voice
        self._history.replace_current(tuple(frame))
        self._plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS

    def _shorten_rest(self) -> None:
        """A rest counts as a beat: after that its last beat is taken back again and again, and planned for anew.

        So the next note has its chord at once, and falls on its place in the beat, however long the rest was.
        """
        if self._silent_since_ns is not None and self._history.current_step >= self._silent_since_step + STEPS_PER_BEAT:
            self._history.drop_last(STEPS_PER_BEAT)
            self._beat_counter.skip_silence(STEPS_PER_BEAT)

    # ------------------------------------------------------------ chords

    def _play_planned_chord(self, now_ns: int) -> list[Effect]:
        """The melody's note gets its chord, if the plan is there."""
        assert self._melody_note
        planned = self._history.planned_frame(self._melody_note.pitch_index)
        if planned is None:
            return []
        frame, key = planned
        self._pending_chord, self._last_chord_ns = False, now_ns
        effects = self._play_frame(now_ns, frame, key)
        if self._history.cadence_requested and self._history.has_cadence_in(key):
            self._history.cadence_requested = False
        return effects

    def _move_inner_voices(self, now_ns: int) -> list[Effect]:
        """The melody's note goes on: the inner voices may move under it."""
        self._last_decided_step = self._history.current_step
        planned = self._history.planned_frame(None)
        if planned is None or planned[0][: len(VOICES)] == self._history.current_frame[: len(VOICES)]:
            return []
        return self._play_frame(now_ns, *planned)

    def _play_frame(self, now_ns: int, frame: FrameRow, key: int) -> list[Effect]:
        """Make `frame` the step at hand; what changes, moves.

        Where the melody lies below its voice's range the others go down with it; above it they stay where they are.
        """
        assert self._melody_note
        self._history.replace_current(frame)
        lower = max(0, self._melody_note.octave_shift)
        sends, begun = self._voices.play_frame(now_ns, frame, self._settings, self._melody_note.velocity, lower)
        self._plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS
        return [*sends, Harmonized(self._history.number, self._history.current_step, begun, key)]

    def _request_plan(self) -> PlanRequest:
        self._plan_request_ns = None
        return self._history.make_plan_request(
            self._settings, self._melody_note.pitch_index if self._melody_note else 0
        )

    # ------------------------------------------------------------ times

    def _deadlines(self) -> Iterator[int]:
        """When something is to be done."""
        for time_ns in (
            self._next_step_ns(),
            self._plan_request_ns,
            self._release_ns(),
            self._chord_due_ns(),
            self._inner_voices_ns(),
            self._restart_ns(),
        ):
            if time_ns is not None:
                yield time_ns

    def _next_step_ns(self) -> int | None:
        """When the next step begins."""
        return None if self._melody_note is None else self._beat_counter.step_begin_ns(self._history.current_step + 1)

    def _release_ns(self) -> int | None:
        if self._silent_since_ns is None or not self._voices.is_sounding:
            return None
        return self._silent_since_ns + self._settings.legato_ms * _NS_PER_MS

    def _chord_allowed_ns(self) -> int | None:
        """From when on the melody's note may have its chord: not in a run, and on the metre."""
        if not self._pending_chord or self._melody_note is None or self._silent_since_ns is not None:
            return None
        soonest_ns = self._melody_note.on_ns + (
            self._settings.chord_ms * _NS_PER_MS if self._melody_note.is_ornament else 0
        )
        metre = _CHORD_ON_STEPS[self._settings.chord_on]
        step = self._beat_counter.step_at(soonest_ns)
        if step % metre == 0:
            return soonest_ns
        return self._beat_counter.grid.time_of(-(-step // metre) * metre)

    def _chord_due_ns(self) -> int | None:
        """The same, where the plan is there; otherwise `planned` sees to it."""
        ready = self._melody_note is not None and self._history.planned_frame(self._melody_note.pitch_index) is not None
        return self._chord_allowed_ns() if ready else None

    def _inner_voices_ns(self) -> int | None:
        """When the inner voices may move in the step at hand: on 8ths, where the tempo is set."""
        step = self._history.current_step
        still = not self._settings.bpm or self._settings.density <= -1
        if (
            still
            or not self._voices.is_sounding
            or self._pending_chord
            or self._last_decided_step >= step
            or step % _STEPS_PER_EIGHTH
        ):
            return None
        return self._beat_counter.grid.time_of(step) + _INNER_VOICES_DELAY_NS

    def _restart_ns(self) -> int | None:
        if self._silent_since_ns is None:
            return None
        bar_ns = self._settings.beats_per_bar * STEPS_PER_BEAT * self._beat_counter.step_ns
        return self._silent_since_ns + self._settings.rest_bars * bar_ns
