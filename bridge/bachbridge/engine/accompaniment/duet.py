"""A duet: one voice of the model's against the player's melody, in real time on the shared grid of 16ths.

The voice sounds on grid lines only. What it does on the line of step n is decided at that moment, and this is all that
is known then:

- the four-part frames of the steps before n: the melody as the player has played it, the voice as it has sounded, and
  two inner voices that nobody hears, which keep the harmony together;
- the key that the player holds on the line, and whether it was pressed since the line before;
- the meter and the place of the line in the bar, and the settings.

Nothing of the future is known. A key that comes after the line, however little, is not known on it: the voice has
decided for a melody that goes on, and the note counts from the next line on. There is no time to ask the model process
on the line itself. So the plan for step n is requested as soon as step n - 1 is decided, for every note that the player
may play there and for a held one (`PlanRequest`, `Plan`), and on the line it is only looked up. A late note makes the
plan void and has it requested again. If a plan does not arrive in time, the voice holds.

In a pause of the player the voice goes on for a bar as if his last note were held; then it rests until he plays again.
It enters on a beat, or together with a note of his.

With the setting `counterpoint` the voice is a lane in a species of counterpoint (see `music.counterpoint.species`): the
plan says where it strikes, and `lane_timing` when. A lane rests a beat after the player's last key has gone up.
"""

from dataclasses import replace

from bachbridge.engine.accompaniment.harmony_history import FrameRow, HarmonyHistory, octave_shift_for
from bachbridge.engine.accompaniment.lane_timing import LaneTiming
from bachbridge.engine.accompaniment.melody import Hands, MelodyNote
from bachbridge.engine.accompaniment.registers import Registers
from bachbridge.engine.accompaniment.voices import AccompanimentVoices
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.midi import messages as midi
from bachbridge.music.frames import REST
from bachbridge.music.notes import NS_PER_MS, VOICES
from bachbridge.protocol.effects import Effect, Harmonized, PlanRequest
from bachbridge.protocol.events import Plan
from bachbridge.settings import Settings

_GRACE_NS = 2_000_000
"""The voice is decided this long after the line: a sequencer's notes arrive a moment after its clock."""
_FIRST_PIECE = 1 << 20
"""The pieces have numbers of their own, apart from those of live harmony."""
_EXPECTATION_STEPS = 2
"""A player who has let go of his note is expected to play another one for so many steps."""


class Duet:
    """The session's part that plays a voice against the player's. Used on the engine's thread only."""

    __slots__ = (
        "_first_step", "_grid", "_hands", "_history", "_is_unplanned", "_melody_note", "_new_onset", "_registers",
        "_settings", "_silent_since_step", "_strike_ns", "_timing", "_voices",
    )  # fmt: skip

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self._settings, self._voices, self._hands = settings, AccompanimentVoices(scheduler), Hands()
        self._timing = LaneTiming(settings)
        self._grid: Grid | None = None
        self._history, self._registers = HarmonyHistory(_FIRST_PIECE), Registers()
        self._first_step: int | None = None
        """Step of the shared grid that is step 0 of the piece, a bar line; None while the voice waits for a note."""
        self._melody_note: MelodyNote | None = None
        self._new_onset = False
        """True if the player has pressed a key for the next step."""
        self._is_unplanned = False
        """True if the current step has a new note for which no plan had come in time."""
        self._silent_since_step: int | None = None
        """The step at which the player released the last key and the pedal; None while they hold the melody."""
        self._strike_ns: int | None = None
        """When the lane strikes with a note of the player's that came too soon after the last one."""

    @property
    def grid(self) -> Grid | None:
        """The shared grid; None without one."""
        return self._grid

    # ------------------------------------------------------------ time

    @property
    def deadline(self) -> int | None:
        """When to decide the next step (ns); None while the player rests."""
        if self._first_step is None or self._grid is None:
            return None
        step = self._history.current_step + 1
        line_ns = self._decision_ns(self._grid, self._first_step + step)
        if not self._new_onset:
            line_ns += self._timing.patience_ns(self._grid, step, self._silent_since_step)
        return line_ns if self._strike_ns is None else min(line_ns, self._strike_ns)

    def advance(self, now_ns: int) -> list[Effect]:
        """Decide the step whose line has come."""
        grid, first_step = self._grid, self._first_step
        if grid is None or first_step is None:
            return []
        if is_due(now_ns, self._strike_ns):
            return self._strike(now_ns, self._history.current_step)
        step = (now_ns + self._lead_ns - grid.origin_ns) // grid.step_ns - first_step
        if self._silent_since_step is not None and step >= self._silent_since_step + self._timing.rest_steps:
            return self._rest(now_ns)
        self._history.extend_to(step)
        is_timely = self._timing.is_timely(grid, now_ns - self._decision_ns(grid, first_step + step))
        return [*self._decide(now_ns, step, is_timely=is_timely), self._request_plan()]

    @property
    def _lead_ns(self) -> int:
        """How long before the line a step is decided: negative, but for a slow instrument."""
        return self._settings.latency_ms * NS_PER_MS - _GRACE_NS

    def _decision_ns(self, grid: Grid, shared_step: int) -> int:
        return grid.time_of(shared_step) - self._lead_ns

    def _rest(self, now_ns: int) -> list[Effect]:
        """Fall silent until the player plays again."""
        self._first_step = self._strike_ns = None
        return [*self._voices.release_all(now_ns)]

    # ------------------------------------------------------------ pieces and settings

    def restart(self, now_ns: int) -> list[Effect]:
        """End the voice and begin a new piece, with a request for its first plan."""
        sends = self._voices.release_all(now_ns)
        self.reset()
        return [*sends, self._request_plan()]

    def reset(self) -> None:
        """Begin a new piece; call this after the scheduler has ended all notes."""
        self._voices.clear()
        self._hands.release_all()
        self._begin_piece()

    def _begin_piece(self) -> None:
        self._history = HarmonyHistory(self._history.number + 1)
        self._registers.clear()
        self._first_step = self._melody_note = self._silent_since_step = self._strike_ns = None
        self._new_onset = self._is_unplanned = False

    def follow_grid(self, now_ns: int, shared: Grid | None, shift_steps: int) -> list[Effect]:
        """Play on this shared grid, which has a bar line at step 0; without one, fall silent.

        A jump to another place in the bar, or to other numbers of the steps, begins a new piece.
        """
        before, self._grid = self._grid, shared
        if self._first_step is None:
            return []
        is_whole = shift_steps % self._settings.steps_per_bar == 0
        if not (before and shared and is_whole and shared.counts_on_from(before, now_ns, shift_steps)):
            return self.restart(now_ns)
        self._first_step += shift_steps
        return []

    def apply_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._timing.apply_settings(settings)

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

    def apply_voice_settings(self, now_ns: int) -> list[Effect]:
        """End the voice: it enters again with the present settings."""
        return [*self._voices.release_all(now_ns)]

    def handle_plan(self, now_ns: int, plan: Plan) -> list[Effect]:
        """Store a plan; one that comes after its line only completes the harmony under the melody, unheard.

        A lane strikes even then: soon after its line, or note against note as long as the player holds the note.
        """
        melody_note = self._melody_note
        if not self._history.add_plan(plan) or not self._is_unplanned or melody_note is None:
            return []
        planned = self._history.planned_frame(melody_note.pitch_index)
        if planned is None:
            return []
        self._is_unplanned = False
        if self._may_strike_late(now_ns):
            return self._strike(now_ns, plan.step)
        self._history.replace_current(planned[0])
        return [self._request_plan()]

    def _may_strike_late(self, now_ns: int) -> bool:
        grid, first_step = self._grid, self._first_step
        if self._timing.species is None or grid is None or first_step is None or self._silent_since_step is not None:
            return False
        late_ns = now_ns - self._decision_ns(grid, first_step + self._history.current_step)
        return self._timing.strikes_with_player or self._timing.is_timely(grid, late_ns)

    def _request_plan(self) -> PlanRequest:
        held = self._melody_note.pitch_index if self._melody_note else REST
        return self._history.make_plan_request(self._settings, held, self._own_voice, lane=self._timing.species)

    # ------------------------------------------------------------ the player's hands

    def handle_message(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of the player."""
        if isinstance(message, midi.NoteOn):
            lowest = self._player_voice == len(VOICES) - 1
            onset = self._hands.keys.press(now_ns, message.pitch, message.velocity, lowest=lowest)
            return [] if onset == "inner" else self._begin_note(now_ns, message.pitch, message.velocity)
        if self._hands.handle_release(now_ns, message):
            following = self._hands.next_note
            if following:
                return self._begin_note(now_ns, following.pitch, following.velocity)
            if self._hands.hold_nothing and self._silent_since_step is None:
                self._silent_since_step = self._history.current_step + 1
        return []

    def _begin_note(self, now_ns: int, pitch: int, velocity: int) -> list[Effect]:
        """Make this note the melody's from the next line on."""
        grid, before = self._grid, self._melody_note
        if grid is None:
            return []
        shift = octave_shift_for(pitch, self._player_voice, before.octave_shift if before else 0)
        shared_step = grid.nearest_step(now_ns)
        requests = self._wake(shared_step) if self._first_step is None else []
        assert self._first_step is not None
        self._silent_since_step = None
        self._melody_note = MelodyNote(pitch, velocity, now_ns, shift)
        step = shared_step - self._first_step
        self._timing.note_on(step)
        if step > self._history.current_step:
            self._new_onset = True
            has_waited = self._timing.species is not None and now_ns >= self._decision_ns(grid, shared_step)
            strikes = self._timing.strikes_with_player or has_waited
            return [*requests, *self._strike(now_ns, step)] if strikes else requests
        # A note that came after its line is written into the step that was decided without it.
        self._history.begin_tune_note(self._player_voice, self._melody_note.pitch_index)
        return self._strike(now_ns, step) if self._timing.strikes_with_player else [self._request_plan()]

    def _strike(self, now_ns: int, step: int) -> list[Effect]:
        """Decide the step of the player's note at once, or as soon as the lane may strike again."""
        self._history.extend_to(step)
        soonest_ns = self._timing.soonest_strike_ns(now_ns)
        self._strike_ns = soonest_ns if soonest_ns > now_ns else None
        self._new_onset = True
        effects = [] if self._strike_ns else self._decide(now_ns, self._history.current_step, is_timely=True)
        return [*effects, self._request_plan()]

    def _wake(self, shared_step: int) -> list[Effect]:
        """Begin to count at `shared_step`: in the piece so far after a short pause, otherwise in a new one."""
        bar = self._settings.steps_per_bar
        place = shared_step % bar
        if self._history.current_step < 0:
            self._first_step = shared_step - place
            self._history.begin_at(place)
            return [self._request_plan()]
        # Whole bars of the pause are left out.
        step = self._history.current_step + 1
        step += (place - step) % bar
        self._first_step = shared_step - step
        self._history.extend_to(step - 1)
        return [self._request_plan()]

    # ------------------------------------------------------------ the voice

    @property
    def _player_voice(self) -> int:
        return self._settings.voice_index

    @property
    def _own_voice(self) -> int:
        """The voice that sounds: the one that is set, or the opposite outer one if the player plays it himself."""
        own = VOICES.index(self._settings.duet_voice)
        if own != self._player_voice:
            return own
        return 0 if own else len(VOICES) - 1

    def _decide(self, now_ns: int, step: int, *, is_timely: bool) -> list[Effect]:
        """Decide the current step by the plan that fits what the player holds now, and play it on its line."""
        melody_note, is_new = self._melody_note, self._new_onset
        self._new_onset, self._strike_ns = False, None
        if melody_note is None:
            return []
        planned = self._planned_frame(melody_note, step, is_new=is_new)
        self._is_unplanned = planned is None and is_new
        if planned is None:
            if is_new:
                self._history.begin_tune_note(self._player_voice, melody_note.pitch_index)
            return []
        frame, key = planned
        self._history.replace_current(frame)
        self._history.finish_cadence(key)
        if not is_timely or not (self._voices.is_sounding or self._may_enter(frame, step, is_new=is_new)):
            return []
        return self._play(now_ns, step, frame, key, melody_note)

    def _may_enter(self, frame: FrameRow, step: int, *, is_new: bool) -> bool:
        """Return True if the voice may begin to sound: a lane where it strikes."""
        if self._timing.species:
            return bool(frame[-1] >> self._own_voice & 1)
        return is_new or step % self._settings.steps_per_beat == 0

    def _planned_frame(self, melody_note: MelodyNote, step: int, *, is_new: bool) -> tuple[FrameRow, int] | None:
        """Return the frame that fits: for a new note, a held one, or a player who has let go of his on an 8th."""
        if is_new:
            return self._history.planned_frame(melody_note.pitch_index)
        released_for = None if self._silent_since_step is None else step - self._silent_since_step
        expects_note = released_for is not None and released_for < _EXPECTATION_STEPS and step % 2 == 0
        expected = self._history.planned_frame(REST) if expects_note else None
        return expected or self._history.planned_frame(None)

    def _play(self, now_ns: int, step: int, frame: FrameRow, key: int, melody_note: MelodyNote) -> list[Effect]:
        own = self._own_voice
        settings = replace(self._settings, harmony="".join(voice[0] for voice in VOICES))
        alone = [REST] * len(frame)
        alone[own], alone[-1] = frame[own], frame[-1] & 1 << own
        alone[self._player_voice] = melody_note.pitch_index
        pitches = self._registers.place(step, alone, self._player_voice, melody_note.pitch)
        sends, started = self._voices.play_frame(now_ns, pitches, alone[-1], settings, melody_note.velocity)
        if not started:
            return [*sends]
        self._timing.struck(now_ns)
        return [*sends, Harmonized(self._history.number, step, started, key)]
