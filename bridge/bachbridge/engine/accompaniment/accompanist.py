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

from bachbridge.codecs import satb
from bachbridge.engine.accompaniment.harmony_history import Frame, Piece, folded
from bachbridge.engine.accompaniment.voices import Chorus
from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.tempo.beat_counter import Pulse
from bachbridge.engine.tempo.tracker import Grid, reached
from bachbridge.midi import messages as midi
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.protocol.events import Effect, Foresee, Harmonized, Heard, Plan
from bachbridge.settings import Settings

_CHORD_NS = 35_000_000
"""Keys struck within this time are one chord."""
_AFTER_NS = 4_000_000
"""The next plan is asked for so long after a chord: making it takes a core, which the chord's way out may need."""
_COURTESY_NS = 30_000_000
"""The inner voices wait so long for a note of the player's on the same 8th: it would have a chord of its own."""
_METRES = {"note": 1, "eighth": STEPS_PER_BEAT // 2, "beat": STEPS_PER_BEAT}
_EIGHTH = STEPS_PER_BEAT // 2
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Melody:
    """The note that is harmonised; `shift` is what is added to its pitch for the model."""

    pitch: int
    velocity: int
    on_ns: int
    shift: int
    runs: bool
    """Whether it is one of several quick notes."""

    @property
    def sung(self) -> int:
        """Its class."""
        return satb.class_of(self.pitch + self.shift)


class Harmonizer:
    """Used on the engine's thread only; knows no clock. Its notes are struck and released on the agenda's count."""

    __slots__ = (
        *("_chord_ns", "_chorus", "_held", "_melody", "_noted", "_owed", "_pedal", "_piece", "_pulse"),
        *("_settings", "_silent_ns", "_silent_step", "_tell_ns"),
    )

    def __init__(self, settings: Settings, agenda: Agenda) -> None:
        self._settings, self._chorus = settings, Chorus(agenda)
        self._held: set[int] = set()
        self._pedal = False
        self._piece, self._pulse = Piece(0), Pulse(settings.bpm)
        self._melody: _Melody | None = None
        self._owed = False
        """Whether the melody's note still has no chord of its own."""
        self._noted = -1
        """The last step in which something was decided: a note, or that the inner voices move or not."""
        self._chord_ns: int | None = None
        """When the last chord was played."""
        self._tell_ns: int | None = None
        """When the model's process is told of the step at hand."""
        self._silent_ns: int | None = None
        self._silent_step = 0
        """Since when, and since which step, no key and no pedal holds the melody."""

    # ------------------------------------------------------------ what the session asks

    @property
    def begun(self) -> bool:
        """Whether there is anything to continue."""
        return self._piece.step >= 0

    @property
    def deadline(self) -> int | None:
        """When `advance` has something to do (ns), or None."""
        return min(self._times(), default=None)

    def begin(self, now_ns: int) -> list[Effect]:
        """A new piece; what sounds, ends."""
        sends = self._chorus.release(now_ns)
        self.forget()
        return [*sends, self._foresee()]

    def forget(self) -> None:
        """A new piece; what sounds was ended by the agenda."""
        self._chorus.forget()
        self._held.clear()
        self._pedal = self._owed = False
        self._piece = Piece(self._piece.number + 1)
        self._pulse = Pulse(self._settings.bpm, self._pulse.bpm if self._pulse.begun else None)
        self._melody = self._chord_ns = self._silent_ns = self._tell_ns = None
        self._noted = -1

    def again(self, *, new: bool) -> list[Effect]:
        """Plan the next step again; a `new` process of the model is told everything."""
        if new:
            self._piece.forget_plans()
        return [self._foresee()]

    def close(self) -> list[Effect]:
        """Lead to a full close as soon as the melody allows it."""
        self._piece.cadence = True
        return [self._foresee()]

    def set(self, settings: Settings) -> None:
        """Take new settings; they steer what is planned from now on."""
        if settings.bpm != self._settings.bpm:
            self._pulse = self._pulse.at(settings.bpm)
        self._settings = settings

    @property
    def grid(self) -> Grid:
        """The grid that the player is on."""
        return self._pulse.grid

    def revoice(self, now_ns: int) -> list[Effect]:
        """The voices sound otherwise from now on: what sounds is put right."""
        if not self._chorus.sounds or not self._melody:
            return []
        frame = (*self._piece.frame[: len(VOICES)], 0)
        lower = max(0, self._melody.shift)
        sends, begun = self._chorus.sing(now_ns, frame, self._settings, self._melody.velocity, lower)
        return [*sends, Harmonized(self._piece.number, self._piece.step, begun, -1)] if begun else list(sends)

    def take(self, now_ns: int, meaning: midi.Meaning) -> list[Effect]:
        """What is to be done about a message of the player's."""
        match meaning:
            case midi.NoteOn(_, pitch, velocity):
                return self._note_on(now_ns, pitch, velocity)
            case midi.NoteOff(_, pitch):
                self._held.discard(pitch)
            case midi.Control(_, midi.SUSTAIN, value):
                self._pedal = value >= midi.HALF
            case midi.Control(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                self._held.clear()
            case midi.Control(_, controller, value) if value >= midi.HALF:
                return self._command(now_ns, controller)
            case _:
                return []
        if self._melody and self._silent_ns is None and not self._held and not self._pedal:
            self._silent_ns, self._silent_step = now_ns, self._piece.step
        return []

    def planned(self, now_ns: int, plan: Plan) -> list[Effect]:
        """A plan has come; a note that waits for it gets its chord."""
        due_ns = self._owed_ns()
        at_hand = self._piece.learn(plan)
        return self._harmonize(now_ns) if at_hand and due_ns is not None and due_ns <= now_ns else []

    def advance(self, now_ns: int) -> list[Effect]:
        """What time alone brings."""
        effects: list[Effect] = []
        if reached(now_ns, self._next_step_ns()):
            self._pulse.settle()
            self._shorten_rest()
            if self._piece.reach(self._pulse.step_at(now_ns)):
                effects.append(self._foresee())
        if reached(now_ns, self._tell_ns):
            effects.append(self._foresee())
        if reached(now_ns, self._release_ns()):
            effects += self._chorus.release(now_ns)
        if reached(now_ns, self._due_ns()):
            effects += self._harmonize(now_ns)
        if reached(now_ns, self._inner_ns()):
            effects += self._move(now_ns)
        if reached(now_ns, self._afresh_ns()):
            effects += self.begin(now_ns)
        return effects

    def heard(self, ended_by: str) -> Heard:
        """What was harmonised, in four voices, as a phrase to be continued."""
        velocity = self._melody.velocity if self._melody else 80
        phrase = self._piece.phrase(self._settings.beats_per_bar * STEPS_PER_BEAT, velocity)
        grid = self._pulse.grid
        return Heard(phrase, grid.time_of(self._piece.first), grid.step_ns, ended_by)

    # ------------------------------------------------------------ the player's hands

    def _command(self, now_ns: int, controller: int) -> list[Effect]:
        if controller == self._settings.reset_control:
            return self.begin(now_ns)
        return self.close() if controller == self._settings.cadence_control else []

    def _note_on(self, now_ns: int, pitch: int, velocity: int) -> list[Effect]:
        before = self._melody
        self._held.add(pitch)
        self._silent_ns = None
        together = before is not None and now_ns - before.on_ns < _CHORD_NS and before.pitch in self._held
        if together and before and not self._outer(pitch, before.pitch):
            return []
        step = self._pulse.onset(now_ns)
        self._piece.reach(step)
        voice = VOICES.index(self._settings.voice)
        self._melody = _Melody(
            pitch, velocity, now_ns, folded(pitch, voice, before.shift if before else 0), self._runs(now_ns, step)
        )
        self._noted = step
        self._owed = True
        due_ns = now_ns if together else self._owed_ns()
        chord = self._harmonize(now_ns) if due_ns is not None and due_ns <= now_ns else []
        if not chord:
            self._ornament(now_ns)
        return chord

    def _runs(self, now_ns: int, step: int) -> bool:
        """Whether a note that begins now is too quick to have a chord at once; on a beat it has one all the same."""
        quick_ns = self._settings.chord_ms * _MS
        quick = self._melody is not None and now_ns - self._melody.on_ns < quick_ns
        resting = self._chord_ns is None or now_ns - self._chord_ns >= quick_ns
        return quick and not (resting and step % STEPS_PER_BEAT == 0)

    def _outer(self, pitch: int, other: int) -> bool:
        """Whether `pitch` rather than `other` is the melody of a chord."""
        return pitch < other if self._settings.voice == VOICES[-1] else pitch > other

    def _ornament(self, now_ns: int) -> None:
        """The melody goes its way over the chord as it lies."""
        assert self._melody
        voice = VOICES.index(self._settings.voice)
        frame = list(self._piece.frame)
        frame[voice] = self._melody.sung
        frame[-1] |= 1 << voice
        self._piece.put(tuple(frame))
        self._tell_ns = now_ns + _AFTER_NS

    def _shorten_rest(self) -> None:
        """A rest counts as a beat: after that its last beat is taken back again and again, and planned for anew.

        So the next note has its chord at once, and falls on its place in the beat, however long the rest was.
        """
        if self._silent_ns is not None and self._piece.step >= self._silent_step + STEPS_PER_BEAT:
            self._piece.take_back(STEPS_PER_BEAT)
            self._pulse.skip(STEPS_PER_BEAT)

    # ------------------------------------------------------------ chords

    def _harmonize(self, now_ns: int) -> list[Effect]:
        """The melody's note gets its chord, if the plan is there."""
        assert self._melody
        planned = self._piece.planned(self._melody.sung)
        if planned is None:
            return []
        frame, key = planned
        self._owed, self._chord_ns = False, now_ns
        effects = self._sing(now_ns, frame, key)
        if self._piece.cadence and self._piece.closes(key):
            self._piece.cadence = False
        return effects

    def _move(self, now_ns: int) -> list[Effect]:
        """The melody's note goes on: the inner voices may move under it."""
        self._noted = self._piece.step
        planned = self._piece.planned(None)
        if planned is None or planned[0][: len(VOICES)] == self._piece.frame[: len(VOICES)]:
            return []
        return self._sing(now_ns, *planned)

    def _sing(self, now_ns: int, frame: Frame, key: int) -> list[Effect]:
        """Make `frame` the step at hand; what changes, moves.

        Where the melody lies below its voice's range the others go down with it; above it they stay where they are.
        """
        assert self._melody
        self._piece.put(frame)
        lower = max(0, self._melody.shift)
        sends, begun = self._chorus.sing(now_ns, frame, self._settings, self._melody.velocity, lower)
        self._tell_ns = now_ns + _AFTER_NS
        return [*sends, Harmonized(self._piece.number, self._piece.step, begun, key)]

    def _foresee(self) -> Foresee:
        self._tell_ns = None
        return self._piece.foresee(self._settings, self._melody.sung if self._melody else 0)

    # ------------------------------------------------------------ times

    def _times(self) -> Iterator[int]:
        """When something is to be done."""
        for time_ns in (
            self._next_step_ns(),
            self._tell_ns,
            self._release_ns(),
            self._due_ns(),
            self._inner_ns(),
            self._afresh_ns(),
        ):
            if time_ns is not None:
                yield time_ns

    def _next_step_ns(self) -> int | None:
        """When the next step begins."""
        return None if self._melody is None else self._pulse.begins_ns(self._piece.step + 1)

    def _release_ns(self) -> int | None:
        if self._silent_ns is None or not self._chorus.sounds:
            return None
        return self._silent_ns + self._settings.legato_ms * _MS

    def _owed_ns(self) -> int | None:
        """From when on the melody's note may have its chord: not in a run, and on the metre."""
        if not self._owed or self._melody is None or self._silent_ns is not None:
            return None
        soonest_ns = self._melody.on_ns + (self._settings.chord_ms * _MS if self._melody.runs else 0)
        metre = _METRES[self._settings.chord_on]
        step = self._pulse.step_at(soonest_ns)
        if step % metre == 0:
            return soonest_ns
        return self._pulse.grid.time_of(-(-step // metre) * metre)

    def _due_ns(self) -> int | None:
        """The same, where the plan is there; otherwise `planned` sees to it."""
        ready = self._melody is not None and self._piece.planned(self._melody.sung) is not None
        return self._owed_ns() if ready else None

    def _inner_ns(self) -> int | None:
        """When the inner voices may move in the step at hand: on 8ths, where the tempo is set."""
        step = self._piece.step
        still = not self._settings.bpm or self._settings.density <= -1
        if still or not self._chorus.sounds or self._owed or self._noted >= step or step % _EIGHTH:
            return None
        return self._pulse.grid.time_of(step) + _COURTESY_NS

    def _afresh_ns(self) -> int | None:
        if self._silent_ns is None:
            return None
        bar_ns = self._settings.beats_per_bar * STEPS_PER_BEAT * self._pulse.step_ns
        return self._silent_ns + self._settings.rest_bars * bar_ns
