"""The harmony under a tune: it plays frames through the scheduler, keeps their history and requests plans.

`bachbridge.engine.accompaniment.accompanist` says when; nothing here waits for a time but the next plan request and
the name of the last chord.
"""

from collections.abc import Sequence

from bachbridge.engine.accompaniment.chord_namer import ChordNamer
from bachbridge.engine.accompaniment.harmony_history import FrameRow, HarmonyHistory
from bachbridge.engine.accompaniment.melody import MelodyNote
from bachbridge.engine.accompaniment.registers import Registers
from bachbridge.engine.accompaniment.voices import AccompanimentVoices, StartedNote
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.music.frames import REST, midi_pitch
from bachbridge.music.notes import VOICES
from bachbridge.protocol.effects import Effect, Harmonized, PlanRequest
from bachbridge.settings import Settings

_PLAN_REQUEST_DELAY_NS = 4_000_000
"""Delay of the next plan request after a chord: planning occupies a core that sending the chord may need."""
_BASS = len(VOICES) - 1


class HarmonyPlayer:
    """The sounding voices under one tune, with the history of the piece. Used on the engine's thread only."""

    __slots__ = (
        "_registers", "_voices", "chord_namer", "history", "last_change_ns", "left_hand", "plan_request_ns", "settings",
    )  # fmt: skip

    def __init__(self, settings: Settings, scheduler: Scheduler) -> None:
        self.settings = settings
        """The settings, with the voice that the tune is taken for."""
        self.history, self.chord_namer = HarmonyHistory(0), ChordNamer()
        self.left_hand: LeftHand | None = None
        """The harmony that the player's left hand gives; None if it is free."""
        self.plan_request_ns: int | None = None
        """Timer: requests the next plan. Set after a chord or an ornament; cleared by any request."""
        self.last_change_ns = 0
        """When a frame last made voices begin; 0 before the first."""
        self._voices, self._registers = AccompanimentVoices(scheduler), Registers()

    @property
    def is_sounding(self) -> bool:
        """True while any voice sounds."""
        return self._voices.is_sounding

    @property
    def tune_voice(self) -> int:
        """Index of the voice that the tune is taken for."""
        return VOICES.index(self.settings.voice)

    def begin_piece(self) -> None:
        """Begin a new piece; call this after the scheduler has ended all notes."""
        self._voices.clear()
        self._registers.clear()
        self.chord_namer.clear()
        self.history = HarmonyHistory(self.history.number + 1)
        self.plan_request_ns, self.last_change_ns = None, 0

    # ------------------------------------------------------------ plans

    def request_plan(self, melody_note: MelodyNote | None, *, again: bool = False) -> PlanRequest:
        """Request the plan of the next step, or of the current one `again`."""
        self.plan_request_ns = None
        held = melody_note.pitch_index if melody_note else REST
        classes = self.left_hand.pitch_classes if self.left_hand else ()
        return self.history.make_plan_request(self.settings, held, left_hand=classes, again=again)

    def planned_chord(self, melody_note: MelodyNote) -> tuple[FrameRow, int] | None:
        """Return the frame planned under a melody note in the current step, and the plan's key; None without a plan.

        A chord that is revised while its note goes on from an earlier step is the one planned for a held note.
        """
        goes_on = melody_note.revises_chord and not self.history.current_frame[-1] >> self.tune_voice & 1
        held = self.history.planned_frame(None) if goes_on else None
        if held and held[0][self.tune_voice] == melody_note.pitch_index:
            return held
        return self.history.planned_frame(melody_note.pitch_index)

    def is_contradicted(self, frame: FrameRow) -> bool:
        """Return True if voices of a frame, other than the player's, do not keep to the left hand's harmony."""
        voices = [voice for voice in range(len(VOICES)) if voice != self.tune_voice and frame[voice] != REST]
        classes = {voice: midi_pitch(frame[voice]) % 12 for voice in voices}
        return self.left_hand is not None and self.left_hand.contradicts(classes.get(_BASS), classes.values())

    def without_repeats(self, frame: FrameRow) -> FrameRow:
        """Return the frame without onsets of voices that sound already: after an ornament none is struck again."""
        kept = [voice for voice in range(len(VOICES)) if frame[voice] == self.history.current_frame[voice]]
        return (*frame[: len(VOICES)], frame[-1] & ~sum(1 << voice for voice in kept if voice != self.tune_voice))

    # ------------------------------------------------------------ sound

    def play_frame(self, now_ns: int, melody_note: MelodyNote, frame: FrameRow, key: int) -> list[Effect]:
        """Make `frame` the current step, and play the voices that change; `key` is numbered as in `Plan`."""
        self.history.replace_current(frame)
        sends, started = self._play_voices(now_ns, melody_note, frame)
        self.last_change_ns = now_ns if started else self.last_change_ns
        self.plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS
        self.chord_namer.add_chord(now_ns, self.history.number, self.history.current_step, frame, key)
        return [*sends, Harmonized(self.history.number, self.history.current_step, started, key)]

    def adapt_voices(self, now_ns: int, melody_note: MelodyNote) -> list[Effect]:
        """Adapt the sounding chord to the present settings of the voices."""
        held = (*self.history.current_frame[: len(VOICES)], 0)
        sends, started = self._play_voices(now_ns, melody_note, held)
        if not started:
            return list(sends)
        return [*sends, Harmonized(self.history.number, self.history.current_step, started, -1)]

    def record_ornament(self, now_ns: int, melody_note: MelodyNote) -> None:
        """Write the melody note into the current step, above the sounding chord."""
        voice, pitch_index = self.tune_voice, melody_note.pitch_index
        self.history.begin_tune_note(voice, pitch_index, changes_harmony=False)
        self._registers.move_tune(self.history.current_step, voice, melody_note.pitch, pitch_index)
        self.plan_request_ns = now_ns + _PLAN_REQUEST_DELAY_NS

    def release(self, now_ns: int) -> Sequence[Effect]:
        """End every voice."""
        return self._voices.release_all(now_ns)

    def _play_voices(
        self, now_ns: int, melody_note: MelodyNote, frame: FrameRow
    ) -> tuple[Sequence[Effect], tuple[StartedNote, ...]]:
        pitches = self._registers.place(self.history.current_step, frame, self.tune_voice, melody_note.pitch)
        return self._voices.play_frame(now_ns, pitches, frame[-1], self.settings, melody_note.velocity)
