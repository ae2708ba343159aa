"""Live harmony: three voices under each note of the player, played in the same call that handles the note.

There is no time to ask the model process at that moment, so it is asked beforehand. As soon as a step's harmony is
known, it is sent to the model process (`PlanRequest`), which answers with the harmony of the next step under every note
that the player may play there (`Plan`). When a note comes, its chord is looked up. Each change of the current step
requests a new plan for the next one.

    step 7 known ──PlanRequest(7)──▶ Plan(8): C5 → E4 G4 C3, D5 → ..., held → ...
                                         │
    the player's D5 in step 8 ───────────┴──▶ chord at once; step 8 known ──PlanRequest(8)──▶ Plan(9)

A step lasts a 16th and becomes current half a step before its time (see `beat_counter`). A step without a new note
continues the one before. If the beat is set, shared or heard, the inner voices may move on 8ths under a held note, as
the plan's last row says. A chord whose plan is late is played as soon as the plan arrives.

`bachbridge.engine.input.chord_onsets` says which key is the melody's. The first key of a chord has its harmony at once.
If that is not the outermost one, the harmony is revised once, when it has lasted long enough. The voices hold until all
keys and the pedal are up, and a moment longer for legato. Ornaments (see `ornaments`), and notes off the metre set by
`chord_on`, have no chord of their own until they have stayed or fall on a beat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bachbridge.engine.accompaniment.harmony_history import octave_shift_for
from bachbridge.engine.accompaniment.harmony_player import HarmonyPlayer
from bachbridge.engine.accompaniment.late_chords import LateChords
from bachbridge.engine.accompaniment.melody import Hands, MelodyNote
from bachbridge.engine.accompaniment.melody_timing import AnyBeatCounter, MelodyTiming
from bachbridge.engine.accompaniment.ornaments import BeatPlace, ChordWait, Ornaments
from bachbridge.engine.accompaniment.played_voice import PlayedVoice
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import played_voice_channel
from bachbridge.engine.tempo.beat_counter import BeatCounter
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.engine.tempo.shared_beat_counter import SharedBeatCounter
from bachbridge.midi import messages as midi
from bachbridge.music.notes import NS_PER_MS, STEPS_PER_BEAT, VOICES
from bachbridge.protocol.effects import Effect, PhraseEnded, PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.settings import Settings

_DEFAULT_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class _Timer:
    """Something that only the time triggers: when it is due (ns; None: never) and what it does."""

    due_ns: Callable[[], int | None]
    action: Callable[[int], Sequence[Effect]]


class Accompanist:
    """The session part that accompanies the player. Its notes are sent through the scheduler.

    `HarmonyPlayer` plays the voices, `MelodyTiming` knows when; here the player's notes and the plans meet. Used on the
    engine's thread only.
    """

    __slots__ = (
        "_beat_counter", "_hands", "_harmony", "_late_chords", "_ornaments", "_played_voice", "_shared_grid", "_timers",
        "_timing",
    )  # fmt: skip

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self._played_voice = PlayedVoice(settings.voice)
        self._harmony = HarmonyPlayer(replace(settings, voice=self._played_voice.name), scheduler)
        self._timing = MelodyTiming(self._harmony)
        self._hands, self._ornaments, self._late_chords = Hands(), Ornaments(), LateChords()
        self._shared_grid: Grid | None = None
        self._beat_counter: AnyBeatCounter = _playing_counter(settings, None)
        harmony, timing = self._harmony, self._timing
        self._timers = (
            _Timer(self._next_step_ns, self._begin_steps),
            _Timer(lambda: harmony.plan_request_ns, lambda _: [self._request_plan()]),
            _Timer(harmony.chord_namer.due_ns, harmony.chord_namer.name_chord),
            _Timer(lambda: timing.revision_ns, lambda _: self._request_revision()),
            _Timer(timing.release_ns, harmony.release),
            _Timer(lambda: timing.planned_chord_ns(self._beat_counter), self._play_planned_chord),
            _Timer(lambda: timing.inner_voices_ns(self._beat_counter), self._move_inner_voices),
            _Timer(lambda: timing.restart_ns(self._beat_counter), self.restart),
        )
        """The timers, in the order in which they act at one instant."""

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When the first timer is due (ns); None before the first note of a piece."""
        if self._timing.note is None:
            return None
        times = [timer.due_ns() for timer in self._timers]
        return min((time_ns for time_ns in times if time_ns is not None), default=None)

    def advance(self, now_ns: int) -> list[Effect]:
        """Run the actions of the timers that are due, in their order."""
        effects: list[Effect] = []
        for timer in self._timers:
            if is_due(now_ns, timer.due_ns()):
                effects += timer.action(now_ns)
        return effects

    def _next_step_ns(self) -> int | None:
        """Timer: begins the next step, once the piece has a first note."""
        if self._timing.note is None:
            return None
        return self._beat_counter.step_begin_ns(self._harmony.history.current_step + 1)

    # ------------------------------------------------------------ pieces and settings

    @property
    def has_begun(self) -> bool:
        """True if there is a harmony to continue."""
        return self._harmony.history.current_step >= 0

    @property
    def played_voice_channel(self) -> int:
        """The channel (from 0) of the voice that the player's tune is taken for."""
        return played_voice_channel(self._harmony.settings)

    @property
    def grid(self) -> Grid:
        """The grid of the player's notes."""
        return self._beat_counter.grid

    def restart(self, now_ns: int) -> list[Effect]:
        """End the voices and begin a new piece, with a request for its first plan."""
        sends = self._harmony.release(now_ns)
        self.reset()
        return [*sends, self._request_plan()]

    def reset(self) -> None:
        """Begin a new piece; call this after the scheduler has ended all notes."""
        self._harmony.begin_piece()
        self._timing.begin_piece()
        self._hands.release_all()
        self._ornaments.clear()
        self._played_voice.begin_piece()
        self._beat_counter = self._new_beat_counter()

    def _new_beat_counter(self) -> AnyBeatCounter:
        settings = self._harmony.settings
        if self._shared_grid:
            return SharedBeatCounter(self._shared_grid, settings.steps_per_bar)
        previous_bpm = self._beat_counter.bpm if self._beat_counter.has_begun else None
        return _playing_counter(settings, previous_bpm)

    def follow_grid(self, now_ns: int, shared: Grid | None, shift_steps: int) -> list[Effect]:
        """Count on this shared grid, which has a bar line at step 0.

        A piece that was begun before the grid gives way to a new one, unless the player holds a key.
        """
        self._shared_grid = shared
        if shared and isinstance(self._beat_counter, SharedBeatCounter):
            self._beat_counter.follow(shared, shift_steps)
        elif not self._beat_counter.has_begun:
            self._beat_counter = self._new_beat_counter()
        elif shared and self._hands.hold_nothing:
            return self.restart(now_ns)
        return []

    def replan(self) -> list[Effect]:
        """Request the next plan again, because settings changed."""
        return [self._request_plan()]

    def resend_history(self) -> list[Effect]:
        """Send the whole history to a new model process and request the next plan."""
        self._harmony.history.discard_plans()
        return [self._request_plan()]

    def request_cadence(self) -> list[Effect]:
        """Lead to a full close as soon as the melody allows it."""
        self._harmony.history.cadence_requested = True
        return [self._request_plan()]

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings for all plans from now on."""
        if settings.bpm != self._harmony.settings.bpm and isinstance(self._beat_counter, BeatCounter):
            self._beat_counter = self._beat_counter.with_tempo(settings.bpm)
        self._played_voice.choose(settings.voice)
        self._harmony.settings = replace(settings, voice=self._played_voice.name)

    def apply_voice_settings(self, now_ns: int) -> list[Effect]:
        """Adapt the sounding chord to the present settings of the voices."""
        note = self._timing.note
        return self._harmony.adapt_voices(now_ns, note) if note and self._harmony.is_sounding else []

    def report_phrase_ended(self, ended_by: str) -> PhraseEnded:
        """Report the harmony so far, in four voices, as a phrase that can be answered."""
        history, note, grid = self._harmony.history, self._timing.note, self._beat_counter.grid
        velocity = note.velocity if note else _DEFAULT_VELOCITY
        bar_lines_known = isinstance(self._beat_counter, SharedBeatCounter)
        phrase = history.phrase(self._harmony.settings.steps_per_bar, velocity, bar_lines_known=bar_lines_known)
        return PhraseEnded(phrase, grid.time_of(history.first_step), grid.step_ns, ended_by)

    # ------------------------------------------------------------ the player's hands

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of the player."""
        if isinstance(message, midi.NoteOn):
            lowest = self._harmony.settings.voice == VOICES[-1]
            onset = self._hands.keys.press(now_ns, message.pitch, message.velocity, lowest=lowest)
            self._timing.end_silence()
            return [] if onset == "inner" else self._begin_note(now_ns, message, in_chord=onset == "chord")
        if self._hands.handle_release(now_ns, message):
            following = self._hands.next_note
            if following:
                self._timing.keep_chord()
                return self._begin_note(now_ns, midi.NoteOn(0, following.pitch, following.velocity), in_chord=False)
            if self._hands.hold_nothing:
                self._timing.begin_silence(now_ns)
        return []

    def follow_left_hand(self, now_ns: int, left_hand: LeftHand | None) -> list[Effect]:
        """Obey the left hand from now on (None: it gives no harmony).

        A chord that contradicts it is planned again under the melody's note. If it sounds already, it is revised when
        it has lasted long enough.
        """
        harmony, timing = self._harmony, self._timing
        if left_hand == harmony.left_hand:
            return []
        harmony.left_hand = left_hand
        if timing.note is None or left_hand is None or timing.silent_since_ns is not None:
            timing.cancel_revision()
        elif timing.is_chord_pending or harmony.is_contradicted(harmony.history.current_frame):
            timing.revise_for_left_hand(now_ns, timing.note)
            return []
        return [self._request_plan()]

    def _request_revision(self) -> list[Effect]:
        """Request the plan of the current step again, now that the left hand is complete."""
        self._timing.cancel_revision()
        self._harmony.history.discard_coming_plans()
        return [self._request_plan(again=True)]

    def _begin_note(self, now_ns: int, note: midi.NoteOn, *, in_chord: bool) -> list[Effect]:
        """Make this note the melody's, and play its chord if it may sound now."""
        harmony, timing, counter = self._harmony, self._timing, self._beat_counter
        before, allowed_ns = timing.note, timing.chord_allowed_ns(counter)
        missed = self._late_chords.add_missed(now_ns, now_ns - allowed_ns) if allowed_ns is not None else []
        quick_ns = harmony.settings.chord_ms * NS_PER_MS
        wait = self._ornaments.add(now_ns, note.pitch, self._beat_place(now_ns), timing.last_chord_ns, quick_ns)
        step = counter.add_ornament(now_ns) if wait.wait_ns else counter.add_onset(now_ns)
        if before is None and step:
            harmony.history.begin_at(step)
        harmony.history.extend_to(step)
        changes_voice = self._follow_register(note.pitch)
        shift_before = before.octave_shift if before and not changes_voice else 0
        shift = octave_shift_for(note.pitch, harmony.tune_voice, shift_before)
        if in_chord and before:
            revises = not timing.is_chord_pending or before.revises_chord
            wait = ChordWait(0 if revises else before.wait_ns, revises)
        revises_chord = wait.revises_chord and before is not None
        melody_note = MelodyNote(note.pitch, note.velocity, now_ns, shift, wait.wait_ns, revises_chord)
        timing.add_note(melody_note, step)
        chord = self._play_planned_chord(now_ns) if is_due(now_ns, timing.chord_allowed_ns(counter)) else []
        if not chord:
            harmony.record_ornament(now_ns, melody_note)
        requests = [self._request_plan(again=True)] if changes_voice else []
        return [*chord, *missed, *requests]

    def _follow_register(self, pitch: int) -> bool:
        """Return True if the tune is taken for another voice from this note on: then its plan is requested again."""
        if not self._played_voice.add_note(pitch):
            return False
        self._harmony.settings = replace(self._harmony.settings, voice=self._played_voice.name)
        self._harmony.history.discard_coming_plans()
        return True

    def _beat_place(self, now_ns: int) -> BeatPlace:
        """Return where a note that begins now falls in the beat."""
        step = self._beat_counter.step_at(now_ns)
        step_ns = self._beat_counter.grid.time_of(step)
        return BeatPlace(step % STEPS_PER_BEAT == 0, step_ns, self._beat_counter.is_beat_known)

    # ------------------------------------------------------------ steps and chords

    def _begin_steps(self, now_ns: int) -> list[Effect]:
        """Advance to the step that is current at `now_ns`, and request the plan of the next."""
        history = self._harmony.history
        self._beat_counter.update_tempo()
        self._shorten_rest()
        if not history.extend_to(self._beat_counter.step_at(now_ns)):
            return []
        if not self._timing.awaits_revision:
            return [self._request_plan()]
        is_retracted = self._timing.is_passing(now_ns) and history.retract_change()
        return [self._request_plan(again=is_retracted or history.planned_frame(None) is None)]

    def _shorten_rest(self) -> None:
        """Let a rest count as one beat (or bar) at most: drop its last beat each time that another one has passed.

        The next note therefore finds a plan and keeps its place in the beat or bar, however long the rest is.
        """
        steps = self._beat_counter.rest_steps
        if self._timing.has_rested(steps):
            self._harmony.history.drop_last(steps)
            self._beat_counter.skip_silence(steps)

    def handle_plan(self, now_ns: int, plan: Plan) -> list[Effect]:
        """Store a plan, and play the pending chord if it was waiting for this plan."""
        due_ns = self._timing.chord_allowed_ns(self._beat_counter)
        self._late_chords.has_plans = True
        is_current = self._harmony.history.add_plan(plan)
        return self._play_planned_chord(now_ns) if is_current and is_due(now_ns, due_ns) else []

    def _play_planned_chord(self, now_ns: int) -> list[Effect]:
        """Play the chord of the melody note, if its plan has arrived."""
        harmony, timing, note = self._harmony, self._timing, self._timing.note
        assert note
        planned = harmony.planned_chord(note)
        if planned is None:
            return []
        frame, key = planned
        # The left hand may have changed since the plan was requested. A plan that does not obey even then is played.
        if harmony.is_contradicted(frame) and timing.refuse_plan(now_ns, note):
            return []
        reports = self._late_chords.add(now_ns, now_ns - (timing.chord_allowed_ns(self._beat_counter) or now_ns))
        timing.add_chord(now_ns, note)
        if note.is_ornament or note.revises_chord:
            frame = harmony.without_repeats(frame)
        effects = harmony.play_frame(now_ns, note, frame, key)
        harmony.history.finish_cadence(key)
        return [*effects, *reports]

    def _move_inner_voices(self, now_ns: int) -> list[Effect]:
        """Move the inner voices under the held note, if the plan has another chord for it."""
        assert self._timing.note
        history = self._harmony.history
        self._timing.mark_inner_voices_decided()
        planned = history.planned_frame(None)
        if planned is None or planned[0][: len(VOICES)] == history.current_frame[: len(VOICES)]:
            return []
        return self._harmony.play_frame(now_ns, self._timing.note, *planned)

    def _request_plan(self, *, again: bool = False) -> PlanRequest:
        return self._harmony.request_plan(self._timing.note, again=again)


def _playing_counter(settings: Settings, previous_bpm: float | None) -> BeatCounter:
    """Return a count of the player's own beats; `previous_bpm` is the tempo of the piece before."""
    return BeatCounter(settings.bpm, previous_bpm, meter=(settings.steps_per_bar, settings.steps_per_beat))
