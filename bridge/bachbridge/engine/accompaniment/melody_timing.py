"""The times that follow from the melody's note: when its chord, moves of the inner voices and the end are due.

A chord sounds on the metre set by `chord_on`, an ornament's chord not before the note has lasted. Voices that change
too often chatter, so a chord that is revised stays for a moment first.
"""

from dataclasses import replace

from bachbridge.engine.accompaniment.harmony_player import HarmonyPlayer
from bachbridge.engine.accompaniment.melody import MelodyNote
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.tempo.beat_counter import BeatCounter
from bachbridge.engine.tempo.shared_beat_counter import SharedBeatCounter
from bachbridge.music.notes import NS_PER_MS, STEPS_PER_BEAT

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

AnyBeatCounter = BeatCounter | SharedBeatCounter
"""The count of the player's own beats or of the shared ones."""


class MelodyTiming:
    """The melody's note, and the times that follow from it (ns). Used on the engine's thread only."""

    __slots__ = (
        "_harmony", "_kept_until_ns", "_last_decided_step", "_refused_for", "_silent_since_step", "is_chord_pending",
        "last_chord_ns", "note", "revision_ns", "silent_since_ns",
    )  # fmt: skip

    def __init__(self, harmony: HarmonyPlayer) -> None:
        self._harmony = harmony
        self.begin_piece()

    def begin_piece(self) -> None:
        """Forget the note and all times."""
        self.note: MelodyNote | None = None
        self.is_chord_pending = False
        """True while the melody note has no chord of its own yet."""
        self.last_chord_ns: int | None = None
        """When the last chord was played. Not a timer: it tells whether a quick note is an ornament."""
        self.revision_ns: int | None = None
        """Timer: plans the current step again, because the left hand has changed."""
        self.silent_since_ns: int | None = None
        """When the last key and the pedal were released; None while they hold the melody.

        The timers that end the voices and restart the piece count from it.
        """
        self._silent_since_step = 0
        """The step that was current at `silent_since_ns`."""
        self._last_decided_step = -1
        """The last step with a new note, or with a decision on whether the inner voices move."""
        self._kept_until_ns = 0
        """Until when the last change stays in any case."""
        self._refused_for: tuple[int, LeftHand | None] | None = None
        """The melody's note (its time) and the left hand for which a plan was refused."""

    # ------------------------------------------------------------ what has happened

    def add_note(self, note: MelodyNote, step: int) -> None:
        """Make this note the melody's; its chord is pending."""
        self.note, self.is_chord_pending, self._last_decided_step = note, True, step

    def add_chord(self, now_ns: int, note: MelodyNote) -> None:
        """The chord of the melody's note is played now."""
        self.is_chord_pending, self.last_chord_ns = False, now_ns
        if note.revises_chord:
            self._kept_until_ns = now_ns + _MIN_CHORD_NS

    def mark_inner_voices_decided(self) -> None:
        """Take note that the inner voices have moved in the current step, or do not move there."""
        self._last_decided_step = self._harmony.history.current_step

    def keep_chord(self) -> None:
        """Let the last change stay for a moment, because a note goes on that was held under another one."""
        self._kept_until_ns = max(self._kept_until_ns, self._harmony.last_change_ns + _MIN_CHORD_NS)

    def begin_silence(self, now_ns: int) -> None:
        """The player has released the last key and the pedal."""
        if self.note and self.silent_since_ns is None:
            self.silent_since_ns, self._silent_since_step = now_ns, self._harmony.history.current_step

    def end_silence(self) -> None:
        """The player has pressed a key."""
        self.silent_since_ns = None

    def revise_for_left_hand(self, now_ns: int, note: MelodyNote) -> None:
        """Make the note's chord pending again; it is planned anew when the left hand's chord is complete."""
        self.note = replace(note, revises_chord=note.revises_chord or not self.is_chord_pending)
        self.is_chord_pending, self.revision_ns = True, now_ns + _LEFT_HAND_NS

    def refuse_plan(self, now_ns: int, note: MelodyNote) -> bool:
        """Have the current step planned again at once, because its plan contradicts the left hand.

        Return False, and change nothing, if a plan was refused before for this note and left hand.
        """
        reason = note.on_ns, self._harmony.left_hand
        if self._refused_for == reason:
            return False
        self._refused_for, self.revision_ns = reason, now_ns
        return True

    def cancel_revision(self) -> None:
        """Stop the timer of a revision."""
        self.revision_ns = None

    # ------------------------------------------------------------ what is due

    def chord_allowed_ns(self, counter: AnyBeatCounter) -> int | None:
        """When the pending chord may sound: on the metre, and not before an ornament has lasted for its `wait_ns`.

        A chord that revises another one need not wait for the metre, but until that one has lasted long enough. None
        if no chord is pending, if the player is silent, or if the chord waits for a new plan.
        """
        note = self.note
        if note is None or not self.is_chord_pending or self.silent_since_ns is not None:
            return None
        if self.revision_ns is not None:
            return None
        soonest_ns = max(note.on_ns + note.wait_ns, self._kept_until_ns)
        if note.is_ornament or note.revises_chord:
            soonest_ns = max(soonest_ns, self._harmony.last_change_ns + _MIN_CHORD_NS)
        if note.revises_chord:
            return soonest_ns
        metre = _CHORD_ON_STEPS[self._harmony.settings.chord_on]
        step = counter.step_at(soonest_ns)
        return soonest_ns if step % metre == 0 else counter.grid.time_of(-(-step // metre) * metre)

    def planned_chord_ns(self, counter: AnyBeatCounter) -> int | None:
        """Timer: plays the pending chord; None until its plan has arrived, which itself may play the chord at once."""
        allowed_ns = self.chord_allowed_ns(counter)
        if allowed_ns is None or self.note is None:
            return None
        return None if self._harmony.history.planned_frame(self.note.pitch_index) is None else allowed_ns

    def inner_voices_ns(self, counter: AnyBeatCounter) -> int | None:
        """Timer: moves the inner voices in the current step, on 8ths under a held note, if the beat is known."""
        step = self._harmony.history.current_step
        may_move = counter.is_beat_known and self._harmony.settings.density > -1 and self._harmony.is_sounding
        is_decided = self.is_chord_pending or self._last_decided_step >= step or self.silent_since_ns is not None
        if not may_move or is_decided or step % _STEPS_PER_EIGHTH:
            return None
        due_ns = counter.grid.time_of(step) + _INNER_VOICES_DELAY_NS
        return max(due_ns, self._harmony.last_change_ns + _MIN_CHORD_NS)

    def release_ns(self) -> int | None:
        """Timer: ends the voices, a moment (`legato_ms`) after keys and pedal were released."""
        if self.silent_since_ns is None or not self._harmony.is_sounding:
            return None
        return self.silent_since_ns + self._harmony.settings.legato_ms * NS_PER_MS

    def restart_ns(self, counter: AnyBeatCounter) -> int | None:
        """Timer: begins a new piece, some bars (`rest_bars`) after keys and pedal were released."""
        if self.silent_since_ns is None:
            return None
        settings = self._harmony.settings
        return self.silent_since_ns + settings.rest_bars * settings.steps_per_bar * counter.step_ns

    def has_rested(self, steps: int) -> bool:
        """Return True if the player has been silent for so many steps of the history."""
        is_silent = self.silent_since_ns is not None
        return is_silent and self._harmony.history.current_step >= self._silent_since_step + steps

    @property
    def awaits_revision(self) -> bool:
        """True if a chord is pending that revises the one that sounds."""
        return self.is_chord_pending and self.note is not None and self.note.revises_chord

    def is_passing(self, now_ns: int) -> bool:
        """Return True if a revision now comes too soon for the last change to count as a step of the harmony."""
        return now_ns - self._harmony.last_change_ns < _PASSING_CHORD_NS
