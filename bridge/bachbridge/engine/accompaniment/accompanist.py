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
If that is not the outermost one, the harmony is revised once, when it has lasted for `_MIN_CHORD_NS`. The voices hold
until all keys and the pedal are up, and a moment longer for legato. Ornaments (see `ornaments`), and notes off the
metre set by `chord_on`, have no chord of their own until they have stayed or fall on a beat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bachbridge.engine.accompaniment.chord_namer import ChordNamer
from bachbridge.engine.accompaniment.harmony_history import FrameRow, HarmonyHistory, octave_shift_for
from bachbridge.engine.accompaniment.late_chords import LateChords
from bachbridge.engine.accompaniment.melody import Hands, MelodyNote
from bachbridge.engine.accompaniment.ornaments import BeatPlace, ChordWait, Ornaments
from bachbridge.engine.accompaniment.played_voice import PlayedVoice
from bachbridge.engine.accompaniment.registers import Registers
from bachbridge.engine.accompaniment.voices import AccompanimentVoices
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import played_voice_channel
from bachbridge.engine.tempo.beat_counter import BeatCounter
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.engine.tempo.shared_beat_counter import SharedBeatCounter
from bachbridge.midi import messages as midi
from bachbridge.music.frames import REST, midi_pitch
from bachbridge.music.notes import NS_PER_MS, STEPS_PER_BEAT, VOICES
from bachbridge.protocol.effects import Effect, Harmonized, PhraseEnded, PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.settings import Settings

_PLAN_REQUEST_DELAY_NS = 4_000_000
"""Delay of the next plan request after a chord: planning occupies a core that sending the chord may need."""
_INNER_VOICES_DELAY_NS = 30_000_000
"""Wait of the inner voices for a note of the player on the same 8th, which would have a chord of its own."""
_CHORD_ON_STEPS = {"note": 1, "eighth": STEPS_PER_BEAT // 2, "beat": STEPS_PER_BEAT}
_STEPS_PER_EIGHTH = STEPS_PER_BEAT // 2
_MIN_CHORD_NS = 62_000_000
"""A change that is not for a new note of the tune waits until the last change has lasted this long."""
_PASSING_CHORD_NS = 150_000_000
"""A chord that is revised within this time is no step of the harmony."""
_LEFT_HAND_NS = 12_000_000
"""Wait for the other keys of the left hand's chord before the harmony is planned again."""
_DEFAULT_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class _Timer:
    """Something that only the time triggers: when it is due (ns; None: never) and what it does."""

    due_ns: Callable[[], int | None]
    action: Callable[[int], Sequence[Effect]]


class Accompanist:
    """The session part that accompanies the player. Its notes are sent through the scheduler.

    Used on the engine's thread only.
    """

    __slots__ = (
        "_beat_counter", "_chord_namer", "_hands", "_history", "_kept_until_ns", "_last_change_ns", "_last_chord_ns",
        "_last_decided_step", "_late_chords", "_left_hand", "_melody_note", "_ornaments", "_pending_chord",
        "_plan_request_ns", "_played_voice", "_registers", "_revised_for", "_revision_ns", "_settings", "_shared_grid",
        "_silent_since_ns", "_silent_since_step", "_timers", "_voices",
    )  # fmt: skip

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self._played_voice = PlayedVoice(settings.voice)
        self._settings = replace(settings, voice=self._played_voice.name)
        """The settings, with the voice that the tune is taken for."""
        self._voices, self._hands, self._registers = AccompanimentVoices(scheduler), Hands(), Registers()
        self._history, self._chord_namer, self._late_chords = HarmonyHistory(0), ChordNamer(), LateChords()
        self._shared_grid: Grid | None = None
        self._beat_counter: BeatCounter | SharedBeatCounter = _playing_counter(settings, None)
        self._melody_note: MelodyNote | None = None
        self._ornaments = Ornaments()
        self._pending_chord = False
        """True while the melody note has no chord of its own yet."""
        self._last_decided_step = -1
        """The last step with a new note, or with a decision on whether the inner voices move."""
        self._last_chord_ns: int | None = None
        """When the last chord was played. Not a timer: it tells whether a quick note is an ornament."""
        self._left_hand: LeftHand | None = None
        """The harmony that the player's left hand gives; None if it is free."""
        self._revision_ns: int | None = None
        """Timer: plans the current step again, because the left hand has changed."""
        self._revised_for: tuple[int, LeftHand | None] | None = None
        """The melody's note (its time) and the left hand for which a plan was refused."""
        self._last_change_ns = self._kept_until_ns = 0
        """When voices last changed, and until when a chord that revised another one stays in any case."""
        self._plan_request_ns: int | None = None
        """Timer: requests the next plan. Set after a chord or an ornament; cleared by any request."""
        self._silent_since_ns: int | None = None
        """When the last key and the pedal were released; None while they hold the melody.

        The timers that end the voices and restart the piece count from it.
        """
        self._silent_since_step = 0
        """The step that was current at `_silent_since_ns`."""
        self._timers = (
            _Timer(self._next_step_ns, self._begin_steps),
            _Timer(lambda: self._plan_request_ns, lambda _: [self._request_plan()]),
            _Timer(self._chord_namer.due_ns, self._chord_namer.name_chord),
            _Timer(lambda: self._revision_ns, lambda _: self._request_revision()),
            _Timer(self._release_ns, self._voices.release_all),
            _Timer(self._planned_chord_ns, self._play_planned_chord),
            _Timer(self._inner_voices_ns, self._move_inner_voices),
            _Timer(self._restart_ns, self.restart),
        )
        """The timers, in the order in which they act at one instant."""

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When the first timer is due (ns); None before the first note of a piece."""
        if self._melody_note is None:
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
        return None if self._melody_note is None else self._beat_counter.step_begin_ns(self._history.current_step + 1)

    def _release_ns(self) -> int | None:
        """Timer: ends the voices, a moment (`legato_ms`) after keys and pedal were released."""
        if self._silent_since_ns is None or not self._voices.is_sounding:
            return None
        return self._silent_since_ns + self._settings.legato_ms * NS_PER_MS

    def _planned_chord_ns(self) -> int | None:
        """Timer: plays the pending chord; None until its plan has arrived (then `handle_plan` may play it at once)."""
        allowed_ns = self._chord_allowed_ns()
        if allowed_ns is None or self._melody_note is None:
            return None
        return None if self._history.planned_frame(self._melody_note.pitch_index) is None else allowed_ns

    def _chord_allowed_ns(self) -> int | None:
        """When the pending chord may sound: on the metre, and not before an ornament has lasted `chord_ms`.

        A chord that revises another one need not wait for the metre, but until that one has lasted long enough.
        """
        if not self._pending_chord or self._melody_note is None or self._silent_since_ns is not None:
            return None
        if self._revision_ns is not None:
            return None
        soonest_ns = max(self._melody_note.on_ns + self._melody_note.wait_ns, self._kept_until_ns)
        if self._melody_note.is_ornament or self._melody_note.revises_chord:
            soonest_ns = max(soonest_ns, self._last_change_ns + _MIN_CHORD_NS)
        if self._melody_note.revises_chord:
            return soonest_ns
        metre = _CHORD_ON_STEPS[self._settings.chord_on]
        step = self._beat_counter.step_at(soonest_ns)
        if step % metre == 0:
            return soonest_ns
        return self._beat_counter.grid.time_of(-(-step // metre) * metre)

    def _inner_voices_ns(self) -> int | None:
        """Timer: moves the inner voices in the current step, on 8ths under a held note, if the beat is known."""
        step = self._history.current_step
        may_move = self._beat_counter.is_beat_known and self._settings.density > -1 and self._voices.is_sounding
        is_decided = self._pending_chord or self._last_decided_step >= step or self._silent_since_ns is not None
        if not may_move or is_decided or step % _STEPS_PER_EIGHTH:
            return None
        due_ns = self._beat_counter.grid.time_of(step) + _INNER_VOICES_DELAY_NS
        return max(due_ns, self._last_change_ns + _MIN_CHORD_NS)

    def _restart_ns(self) -> int | None:
        """Timer: begins a new piece, some bars (`rest_bars`) after keys and pedal were released."""
        if self._silent_since_ns is None:
            return None
        bar_ns = self._settings.steps_per_bar * self._beat_counter.step_ns
        return self._silent_since_ns + self._settings.rest_bars * bar_ns

    # ------------------------------------------------------------ pieces and settings

    @property
    def has_begun(self) -> bool:
        """True if there is a harmony to continue."""
        return self._history.current_step >= 0

    @property
    def played_voice_channel(self) -> int:
        """The channel (from 0) of the voice that the player's tune is taken for."""
        return played_voice_channel(self._settings)

    @property
    def grid(self) -> Grid:
        """The grid of the player's notes."""
        return self._beat_counter.grid

    def restart(self, now_ns: int) -> list[Effect]:
        """End the voices and begin a new piece, with a request for its first plan."""
        sends = self._voices.release_all(now_ns)
        self.reset()
        return [*sends, self._request_plan()]

    def reset(self) -> None:
        """Begin a new piece; call this after the scheduler has ended all notes."""
        self._voices.clear()
        self._hands.release_all()
        self._chord_namer.clear()
        self._ornaments.clear()
        self._pending_chord = False
        self._history = HarmonyHistory(self._history.number + 1)
        self._registers.clear()
        self._played_voice.begin_piece()
        self._beat_counter = self._new_beat_counter()
        self._melody_note = self._last_chord_ns = self._silent_since_ns = self._plan_request_ns = None
        self._last_decided_step, self._kept_until_ns, self._last_change_ns = -1, 0, 0
        self._revision_ns = self._revised_for = None

    def _new_beat_counter(self) -> BeatCounter | SharedBeatCounter:
        if self._shared_grid:
            return SharedBeatCounter(self._shared_grid, self._settings.steps_per_bar)
        previous_bpm = self._beat_counter.bpm if self._beat_counter.has_begun else None
        return _playing_counter(self._settings, previous_bpm)

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
        self._history.discard_plans()
        return [self._request_plan()]

    def request_cadence(self) -> list[Effect]:
        """Lead to a full close as soon as the melody allows it."""
        self._history.cadence_requested = True
        return [self._request_plan()]

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings for all plans from now on."""
        if settings.bpm != self._settings.bpm and isinstance(self._beat_counter, BeatCounter):
            self._beat_counter = self._beat_counter.with_tempo(settings.bpm)
        self._played_voice.choose(settings.voice)
        self._settings = replace(settings, voice=self._played_voice.name)

    def apply_voice_settings(self, now_ns: int) -> list[Effect]:
        """Adapt the sounding chord to the present settings of the voices."""
        if not self._voices.is_sounding or not self._melody_note:
            return []
        held = (*self._history.current_frame[: len(VOICES)], 0)
        sends, started = self._play_voices(now_ns, self._melody_note, held)
        if not started:
            return list(sends)
        return [*sends, Harmonized(self._history.number, self._history.current_step, started, -1)]

    def report_phrase_ended(self, ended_by: str) -> PhraseEnded:
        """Report the harmony so far, in four voices, as a phrase that can be answered."""
        velocity = self._melody_note.velocity if self._melody_note else _DEFAULT_VELOCITY
        bar_lines_known = isinstance(self._beat_counter, SharedBeatCounter)
        phrase = self._history.phrase(self._settings.steps_per_bar, velocity, bar_lines_known=bar_lines_known)
        grid = self._beat_counter.grid
        return PhraseEnded(phrase, grid.time_of(self._history.first_step), grid.step_ns, ended_by)

    # ------------------------------------------------------------ the player's hands

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of the player."""
        if isinstance(message, midi.NoteOn):
            lowest = self._settings.voice == VOICES[-1]
            onset = self._hands.keys.press(now_ns, message.pitch, message.velocity, lowest=lowest)
            self._silent_since_ns = None
            return [] if onset == "inner" else self._begin_note(now_ns, message, in_chord=onset == "chord")
        if self._hands.handle_release(now_ns, message):
            following = self._hands.next_note
            if following:
                self._kept_until_ns = max(self._kept_until_ns, self._last_change_ns + _MIN_CHORD_NS)
                return self._begin_note(now_ns, midi.NoteOn(0, following.pitch, following.velocity), in_chord=False)
            if self._melody_note and self._silent_since_ns is None and self._hands.hold_nothing:
                self._silent_since_ns, self._silent_since_step = now_ns, self._history.current_step
        return []

    def follow_left_hand(self, now_ns: int, left_hand: LeftHand | None) -> list[Effect]:
        """Obey the left hand from now on (None: it gives no harmony).

        A chord that contradicts it is planned again under the melody's note. If it sounds already, it is revised when
        it has lasted for `_MIN_CHORD_NS`.
        """
        if left_hand == self._left_hand:
            return []
        self._left_hand = left_hand
        melody_note = self._melody_note
        if melody_note is None or left_hand is None or self._silent_since_ns is not None:
            self._revision_ns = None
            return [self._request_plan()]
        if not self._pending_chord and not self._is_contradicted(self._history.current_frame):
            return [self._request_plan()]
        self._melody_note = replace(melody_note, revises_chord=melody_note.revises_chord or not self._pending_chord)
        self._pending_chord = True
        self._revision_ns = now_ns + _LEFT_HAND_NS
        return []

    def _request_revision(self) -> list[Effect]:
        """Request the plan of the current step again, now that the left hand is complete."""
        self._revision_ns = None
        self._history.discard_coming_plans()
        return [self._request_plan(again=True)]

    def _is_contradicted(self, frame: FrameRow) -> bool:
        """Return True if voices of a frame, other than the player's, do not keep to the left hand's harmony."""
        own = VOICES.index(self._settings.voice)
        voices = [voice for voice in range(len(VOICES)) if voice != own and frame[voice] != REST]
        classes = {voice: midi_pitch(frame[voice]) % 12 for voice in voices}
        bass = classes.get(len(VOICES) - 1)
        return self._left_hand is not None and self._left_hand.contradicts(bass, classes.values())

    def _begin_note(self, now_ns: int, note: midi.NoteOn, *, in_chord: bool) -> list[Effect]:
        """Make this note the melody's, and play its chord if it may sound now."""
        before, allowed_ns = self._melody_note, self._chord_allowed_ns()
        missed = self._late_chords.add_missed(now_ns, now_ns - allowed_ns) if allowed_ns is not None else []
        place = self._beat_place(now_ns)
        quick_ns = self._settings.chord_ms * NS_PER_MS
        wait = self._ornaments.add(now_ns, note.pitch, place, self._last_chord_ns, quick_ns)
        counter = self._beat_counter
        step = counter.add_ornament(now_ns) if wait.wait_ns else counter.add_onset(now_ns)
        if before is None and step:
            self._history.begin_at(step)
        self._history.extend_to(step)
        changes_voice = self._follow_register(note.pitch)
        shift_before = before.octave_shift if before and not changes_voice else 0
        shift = octave_shift_for(note.pitch, VOICES.index(self._settings.voice), shift_before)
        if in_chord and before:
            revises = not self._pending_chord or before.revises_chord
            wait = ChordWait(0 if revises else before.wait_ns, revises)
        self._melody_note = MelodyNote(
            note.pitch, note.velocity, now_ns, shift, wait.wait_ns, wait.revises_chord and before is not None
        )
        self._last_decided_step = step
        self._pending_chord = True
        chord = self._play_planned_chord(now_ns) if is_due(now_ns, self._chord_allowed_ns()) else []
        if not chord:
            self._record_ornament(now_ns)
        requests = [self._request_plan(again=True)] if changes_voice else []
        return [*chord, *missed, *requests]

    def _follow_register(self, pitch: int) -> bool:
        """Return True if the tune is taken for another voice from this note on: then its plan is requested again."""
        if not self._played_voice.add_note(pitch):
            return False
        self._settings = replace(self._settings, voice=self._played_voice.name)
        self._history.discard_coming_plans()
        return True

    def _beat_place(self, now_ns: int) -> BeatPlace:
        """Return where a note that begins now falls in the beat."""
        step = self._beat_counter.step_at(now_ns)
        step_ns = self._beat_counter.grid.time_of(step)
        return BeatPlace(step % STEPS_PER_BEAT == 0, step_ns, self._beat_counter.is_beat_known)

    def _record_ornament(self, now_ns: int) -> None:
        """Write the melody note into the current step, above the sounding chord."""
        assert self._melody_note
        voice = VOICES.index(self._settings.voice)
        frame = list(self._history.current_frame)
        frame[voice] = self._melody_note.pitch_index
        frame[-1] |= 1 << voice
        self._history.replace_current(tuple(frame), changes_harmony=False)
        self._registers.move_tune(
            self._history.current_step, voice, self._melody_note.pitch, self._melody_note.pitch_index
        )
        self._plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS

    # ------------------------------------------------------------ steps and chords

    def _begin_steps(self, now_ns: int) -> list[Effect]:
        """Advance to the step that is current at `now_ns`, and request the plan of the next."""
        self._beat_counter.update_tempo()
        self._shorten_rest()
        if not self._history.extend_to(self._beat_counter.step_at(now_ns)):
            return []
        melody_note = self._melody_note
        awaits_revision = self._pending_chord and melody_note is not None and melody_note.revises_chord
        if not awaits_revision:
            return [self._request_plan()]
        is_passing = now_ns - self._last_change_ns < _PASSING_CHORD_NS
        is_retracted = is_passing and self._history.retract_change()
        return [self._request_plan(again=is_retracted or self._history.planned_frame(None) is None)]

    def _shorten_rest(self) -> None:
        """Let a rest count as one beat (or bar) at most: drop its last beat each time that another one has passed.

        The next note therefore finds a plan and keeps its place in the beat or bar, however long the rest is.
        """
        steps = self._beat_counter.rest_steps
        if self._silent_since_ns is not None and self._history.current_step >= self._silent_since_step + steps:
            self._history.drop_last(steps)
            self._beat_counter.skip_silence(steps)

    def handle_plan(self, now_ns: int, plan: Plan) -> list[Effect]:
        """Store a plan, and play the pending chord if it was waiting for this plan."""
        due_ns = self._chord_allowed_ns()
        self._late_chords.has_plans = True
        is_current = self._history.add_plan(plan)
        return self._play_planned_chord(now_ns) if is_current and is_due(now_ns, due_ns) else []

    def _play_planned_chord(self, now_ns: int) -> list[Effect]:
        """Play the chord of the melody note, if its plan has arrived."""
        assert self._melody_note
        planned = self._planned_revision(self._melody_note) or self._history.planned_frame(
            self._melody_note.pitch_index
        )
        if planned is None:
            return []
        frame, key = planned
        if self._is_contradicted(frame) and self._revised_for != (self._melody_note.on_ns, self._left_hand):
            # The left hand has changed since the plan was requested; one that does not obey even then is played.
            self._revised_for = self._melody_note.on_ns, self._left_hand
            self._revision_ns = now_ns
            return []
        reports = self._late_chords.add(now_ns, now_ns - (self._chord_allowed_ns() or now_ns))
        self._pending_chord, self._last_chord_ns = False, now_ns
        if self._melody_note.revises_chord:
            self._kept_until_ns = now_ns + _MIN_CHORD_NS
        if self._melody_note.is_ornament or self._melody_note.revises_chord:
            frame = self._without_repeats(frame)
        effects = self._play_frame(now_ns, frame, key)
        if self._history.cadence_requested and self._history.has_cadence_in(key):
            self._history.cadence_requested = False
        return [*effects, *reports]

    def _without_repeats(self, frame: FrameRow) -> FrameRow:
        """Return the frame without onsets of voices that sound already: after an ornament none is struck again."""
        own = VOICES.index(self._settings.voice)
        kept = [voice for voice in range(len(VOICES)) if frame[voice] == self._history.current_frame[voice]]
        return (*frame[: len(VOICES)], frame[-1] & ~sum(1 << voice for voice in kept if voice != own))

    def _planned_revision(self, melody_note: MelodyNote) -> tuple[FrameRow, int] | None:
        """Return the planned frame for a chord that is revised while the note goes on from an earlier step."""
        own = VOICES.index(self._settings.voice)
        if not melody_note.revises_chord or self._history.current_frame[-1] >> own & 1:
            return None
        planned = self._history.planned_frame(None)
        return planned if planned and planned[0][own] == melody_note.pitch_index else None

    def _move_inner_voices(self, now_ns: int) -> list[Effect]:
        """Move the inner voices under the held note, if the plan has another chord for it."""
        self._last_decided_step = self._history.current_step
        planned = self._history.planned_frame(None)
        if planned is None or planned[0][: len(VOICES)] == self._history.current_frame[: len(VOICES)]:
            return []
        return self._play_frame(now_ns, *planned)

    def _play_frame(self, now_ns: int, frame: FrameRow, key: int) -> list[Effect]:
        """Make `frame` the current step and play the voices that change."""
        assert self._melody_note
        self._history.replace_current(frame)
        sends, started = self._play_voices(now_ns, self._melody_note, frame)
        self._last_change_ns = now_ns if started else self._last_change_ns
        self._plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS
        self._chord_namer.add_chord(now_ns, self._history.number, self._history.current_step, frame, key)
        return [*sends, Harmonized(self._history.number, self._history.current_step, started, key)]

    def _play_voices(
        self, now_ns: int, melody_note: MelodyNote, frame: FrameRow
    ) -> tuple[Sequence[Effect], tuple[tuple[int, int, int], ...]]:
        own = VOICES.index(self._settings.voice)
        pitches = self._registers.place(self._history.current_step, frame, own, melody_note.pitch)
        return self._voices.play_frame(now_ns, pitches, frame[-1], self._settings, melody_note.velocity)

    def _request_plan(self, *, again: bool = False) -> PlanRequest:
        """Request the plan of the next step, or of the current one `again`."""
        self._plan_request_ns = None
        held = self._melody_note.pitch_index if self._melody_note else 0
        classes = self._left_hand.pitch_classes if self._left_hand else ()
        return self._history.make_plan_request(self._settings, held, left_hand=classes, again=again)


def _playing_counter(settings: Settings, previous_bpm: float | None) -> BeatCounter:
    """Return a count of the player's own beats; `previous_bpm` is the tempo of the piece before."""
    return BeatCounter(settings.bpm, previous_bpm, meter=(settings.steps_per_bar, settings.steps_per_beat))
