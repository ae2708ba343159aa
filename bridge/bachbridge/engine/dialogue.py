"""The dialogue: what the player plays, what is answered, and what else sounds.

The dialogue owns the parts that play and answer, and knows what they do to each other: a phrase that ends is answered,
an answer ends the playback, a Stop of the DAW ends everything. `session` feeds it.
"""

from dataclasses import replace

from bachbridge.engine.accompaniment.accompanist import Accompanist
from bachbridge.engine.accompaniment.duet import Duet
from bachbridge.engine.active_settings import ActiveSettings
from bachbridge.engine.answering.answer_pedal import AnswerPedal
from bachbridge.engine.answering.held_phrase import HeldPhrase
from bachbridge.engine.answering.kept_phrase import KeptPhrase
from bachbridge.engine.answering.phrase_detector import PhraseDetector
from bachbridge.engine.answering.responder import Responder
from bachbridge.engine.answering.start_rule import place_answer
from bachbridge.engine.answering.trade import Trade
from bachbridge.engine.grid_modes import DuetMode, TradeMode
from bachbridge.engine.hearing.harmony_listener import HarmonyListener
from bachbridge.engine.input.damage_count import DamageCount
from bachbridge.engine.input.left_hand_pattern import LeftHandPattern
from bachbridge.engine.input.player_input import PlayerInput, RoutedMessage
from bachbridge.engine.input.roles import LeftHand
from bachbridge.engine.modes import ContinueMode, HarmonizeMode, Mode, ModeContext, OffMode
from bachbridge.engine.output.metronome import Metronome
from bachbridge.engine.output.playback import Playback, player_notes, prompt_notes
from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.thru import MidiThru
from bachbridge.engine.own_beat import OwnBeat
from bachbridge.engine.tempo.bar_reports import BarReports
from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.transport import Transport, TransportChange
from bachbridge.midi import messages as midi
from bachbridge.music import general_midi
from bachbridge.music.notes import NS_PER_MS, step_ns_from_bpm
from bachbridge.protocol.effects import AnswerLate, ClockNeverStarted, ClockTempo, Effect, PhraseEnded, PhraseKept, Send
from bachbridge.protocol.events import Answer, AnswerPhrase, Plan, PlayPhrase
from bachbridge.settings import Settings

_SLEEP_NS = 1_000_000_000
"""If a message is overdue by more than this, the machine has slept."""
_MIN_LEAD_NS = 8_000_000
"""The answer starts on the first beat or bar line that is at least this far ahead."""
_PREFILL_NS_PER_STEP = 3_000_000
"""Time that a model needs for each step of a phrase that it was not fed before (1.7 ms on a slow core)."""


class Dialogue:
    """The session's parts that play and answer. Used on the engine's thread only."""

    __slots__ = (
        "_bar_reports", "_kept_phrase", "_modes", "_own_beat", "_settings", "_transport", "accompanist",
        "answer_pedal", "damage_count", "duet", "harmony_listener", "held_phrase", "left_hand", "metronome",
        "phrase_detector", "playback", "player_input", "responder", "scheduler", "thru", "trade",
    )  # fmt: skip

    def __init__(self, active_settings: ActiveSettings, transport: Transport) -> None:
        settings = active_settings.chosen
        self._settings, self._transport = active_settings, transport
        self.scheduler = Scheduler()
        self.playback = Playback(self.scheduler, self._handle_in_mode)
        self.responder = Responder(settings, self.scheduler)
        self.phrase_detector = PhraseDetector(settings, self.scheduler, self.end_phrase, self._ask_early)
        self.held_phrase = HeldPhrase(self.phrase_detector)
        self.trade = Trade(settings, self.responder, self._answer_turn)
        self.accompanist = Accompanist(settings, self.scheduler)
        self.duet = Duet(settings, self.scheduler)
        self.metronome = Metronome(settings, self.scheduler, transport)
        self.player_input, self.thru = PlayerInput(), MidiThru(self.scheduler)
        self.left_hand = LeftHandPattern(self._obey_left_hand)
        self.answer_pedal = AnswerPedal(self.responder, self.thru)
        self.harmony_listener = HarmonyListener(active_settings, self.scheduler)
        self._bar_reports = BarReports()
        self._kept_phrase: KeptPhrase | None = None
        """The phrase that the DAW's Stop left without an answer."""
        self._own_beat = OwnBeat(active_settings, transport)
        self.damage_count = DamageCount()
        context = ModeContext(
            active_settings,
            self.phrase_detector,
            self.accompanist,
            self.responder,
            self.trade,
            self.duet,
            self.end_phrase,
            self._own_beat.begin,
            self._report_bars,
        )
        self._modes: dict[str, Mode] = {
            "continue": ContinueMode(context),
            "harmonize": HarmonizeMode(context),
            "trade": TradeMode(context),
            "duet": DuetMode(context),
            "off": OffMode(context),
        }
        self._apply_answer_settings()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings.current

    @property
    def mode(self) -> Mode:
        return self._modes[self._settings.current.mode]

    def _handle_in_mode(self, now_ns: int, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of a simulated key as the player's."""
        self.harmony_listener.add_player_message(now_ns, message)
        return self.mode.handle_message(now_ns, message)

    # ------------------------------------------------------------ the player's hands

    def handle_player_message(self, now_ns: int, data: bytes, message: midi.MidiMessage) -> list[Effect]:
        """Handle a message of the player, which came as `data`: as what it counts is for the input stage to say."""
        effects: list[Effect] = []
        for routed in self.player_input.handle_message(now_ns, message, self.settings):
            effects += self._handle_routed(now_ns, data, routed)
        self.answer_pedal.player_moves.add(now_ns, is_down=self.player_input.is_pedal_down)
        self.held_phrase.follow(now_ns, self.player_input.holder)
        return effects + self._follow_left_hand(now_ns)

    def _follow_left_hand(self, now_ns: int) -> list[Effect]:
        """Have the harmony obey the keys that the left hand now holds, if it should."""
        grid = self.accompanist.grid
        return self._obey_left_hand(now_ns, self.left_hand.follow(now_ns, self.player_input.left_pitches, grid))

    def _obey_left_hand(self, now_ns: int, harmony: LeftHand | None) -> list[Effect]:
        obeys = self.settings.left_hand == "obey" and self.mode.accompanies
        return self.accompanist.follow_left_hand(now_ns, harmony if obeys else None)

    def release_latch(self, now_ns: int) -> list[Effect]:
        """End the notes of latched keys."""
        effects: list[Effect] = []
        for routed in self.player_input.release_latch():
            effects += self._handle_routed(now_ns, b"", routed)
        self.held_phrase.follow(now_ns, self.player_input.holder)
        return effects + self._follow_left_hand(now_ns)

    def _handle_routed(self, now_ns: int, data: bytes, routed: RoutedMessage) -> list[Effect]:
        """Pass a message through to the output, and hand it to the mode if it counts there."""
        settings, message = self.settings, routed.message
        counts = routed.role == "melody" or (routed.role == "left" and settings.left_hand != "ignore")
        effects: list[Effect] = []
        if routed.is_new and routed.role != "none":
            self.harmony_listener.add_player_message(now_ns, message)
        if isinstance(message, midi.NoteOn) and counts and not settings.let_finish:
            effects += self.end_playback(now_ns)
        if settings.thru and routed.is_new:
            channel = None if routed.role == "none" else self.mode.thru_channel
            effects += self.thru.handle_message(now_ns, data, message, channel)
        if routed.role == "melody" or (counts and self.mode.live_voices is None):
            effects += self.mode.handle_message(now_ns, message)
        return effects

    # ------------------------------------------------------------ settings

    def put_settings_in_force(self, now_ns: int) -> None:
        """Hand the settings, with the clock's tempo in them, to all parts."""
        before_bpm = self.settings.bpm
        transport = self._transport
        self._settings.update(transport.bpm, transport.bpm_source, has_shared_grid=transport.is_rolling)
        settings = self.settings
        self.phrase_detector.apply_settings(settings)
        self.accompanist.apply_settings(settings)
        self.trade.apply_settings(settings)
        self.duet.apply_settings(settings)
        self.metronome.apply_settings(settings)
        self._apply_answer_settings()
        if settings.bpm not in (0, before_bpm):
            self.responder.change_tempo(now_ns, step_ns_from_bpm(settings.bpm))

    def _apply_answer_settings(self) -> None:
        """Give the responder the settings as the mode wants them."""
        self.responder.apply_settings(self.mode.answer_settings)

    def program_changes(self, now_ns: int) -> list[Send]:
        """Return a program change to the chosen instrument for every channel of the voices."""
        program = general_midi.find_program(self.settings.instrument)
        if program is None:
            return []
        channels = sorted({*self.settings.channels})
        return [Send(midi.program_change(channel - 1, program), now_ns) for channel in channels]

    # ------------------------------------------------------------ music from the window

    def answer_prompt(self, now_ns: int, event: AnswerPhrase) -> list[Effect]:
        """Answer a phrase that was not played just now, or harmonize it while it is played."""
        phrase = prompt_notes(event.phrase)
        effects = self._interrupt_current(now_ns)
        begin_ns = now_ns + _MIN_LEAD_NS
        if self.mode.accompanies and event.aloud:
            effects += self.accompanist.restart(now_ns)
            self.playback.play_as_player(phrase, Grid(begin_ns, event.step_ns), self.settings)
            return effects
        if not event.aloud:
            begin_ns += phrase.steps * (_PREFILL_NS_PER_STEP - event.step_ns)
        grid = Grid(begin_ns, event.step_ns)
        phrase_ended = PhraseEnded(phrase, grid.origin_ns, grid.step_ns, "prompt")
        seed = event.seed if event.seed >= 0 else self.phrase_detector.seed_for(now_ns)
        effects += self._report_bars(now_ns, grid)
        effects += self._start_answer(now_ns, phrase_ended, grid.time_of(phrase.steps), seed)
        if event.aloud:
            self.playback.play(player_notes(phrase), grid, self.settings)
        return effects

    def play_phrase(self, now_ns: int, event: PlayPhrase) -> list[Effect]:
        effects = self._interrupt_current(now_ns)
        grid = Grid(now_ns + _MIN_LEAD_NS, event.step_ns)
        self.playback.play(event.phrase, grid, self.settings)
        return effects + self._report_bars(now_ns, grid)

    def _interrupt_current(self, now_ns: int) -> list[Effect]:
        """End the player's phrase, the answer and the playback, to make room for music from the window."""
        if self.phrase_detector.phrase_started:
            self.phrase_detector.start_next_phrase()
        return [*self.responder.interrupt(now_ns), *self.end_playback(now_ns)]

    def end_playback(self, now_ns: int) -> list[Effect]:
        """End the playback and its accompaniment."""
        if not self.playback.is_active:
            return []
        has_simulated_keys = self.playback.has_simulated_keys
        effects: list[Effect] = [*self.playback.stop(now_ns)]
        if has_simulated_keys:
            return effects + self.accompanist.restart(now_ns)
        return effects if self.responder.is_busy else [*effects, *self.scheduler.stop_scheduled(now_ns)]

    # ------------------------------------------------------------ phrases and answers

    def end_phrase(self, now_ns: int, ended_by: str) -> list[Effect]:
        """End the phrase and ask for its answer; without a phrase, the one that a Stop has kept is answered."""
        phrase_ended = self.mode.finish_phrase(now_ns, ended_by)
        if phrase_ended is None:
            return self._answer_kept_phrase(now_ns)
        self._kept_phrase, self._settings.awaits_start = None, False
        played = phrase_ended
        phrase_ended, start_ns = self._place_answer(now_ns, phrase_ended)
        effects = self._start_answer(now_ns, phrase_ended, start_ns, self.phrase_detector.seed)
        effects += self.answer_pedal.begin(now_ns, played, self.settings)
        return effects + self.mode.start_next_phrase(now_ns)

    def _place_answer(self, end_ns: int, phrase_ended: PhraseEnded) -> tuple[PhraseEnded, int]:
        """Return the phrase, extended to its answer's first step, and that step's time; the phrase ends at `end_ns`."""
        soonest_ns, beat_step = end_ns + _MIN_LEAD_NS, self.phrase_detector.beat_step
        return place_answer(self.mode.answer_settings, phrase_ended, self._transport.grid, soonest_ns, beat_step)

    def _ask_early(self, end_ns: int, expected: PhraseEnded) -> list[Effect]:
        """Ask for the answer to the phrase that is expected to have ended at `end_ns`."""
        phrase_ended, _ = self._place_answer(end_ns, expected)
        return self.responder.ask_early(phrase_ended.phrase, self.phrase_detector.seed)

    def _answer_kept_phrase(self, now_ns: int) -> list[Effect]:
        """Answer the phrase that a Stop left without an answer, now or when the DAW starts again."""
        kept = self._kept_phrase
        if kept is None:
            return []
        grid = self._transport.grid
        if grid is None:
            self._kept_phrase, self._settings.awaits_start = replace(kept, is_awaited=True), True
            self.put_settings_in_force(now_ns)
            phrase = kept.phrase_ended.phrase
            return [
                *self.responder.ask_early(phrase, self.phrase_detector.seed_for(kept.phrase_ended.origin_ns)),
                PhraseKept(phrase, kept.phrase_ended.step_ns, is_awaited=True),
            ]
        self._kept_phrase, self._settings.awaits_start = None, False
        return self._start_answer(now_ns, *kept.place_on(grid, self.settings, now_ns))

    def _answer_turn(self, now_ns: int, phrase_ended: PhraseEnded, start_ns: int, seed: int) -> list[Effect]:
        """Have the player's turn answered in the model's."""
        return self._start_answer(now_ns, phrase_ended, start_ns, seed, keeps_place=True)

    def _start_answer(
        self, now_ns: int, phrase_ended: PhraseEnded, start_ns: int, seed: int, *, keeps_place: bool = False
    ) -> list[Effect]:
        """Have the phrase answered from `start_ns` on, and end all else that plays."""
        effects = [*self.responder.interrupt(now_ns), *self.end_playback(now_ns)]
        effects += self.answer_pedal.begin(now_ns, None, self.settings)
        grid, line_ns = self._transport.grid, start_ns + self.settings.latency_ms * NS_PER_MS
        is_shared = grid and phrase_ended.ended_by != "prompt"
        shared_step = grid.nearest_step(line_ns) if grid and is_shared else None
        effects += self.responder.ask(now_ns, phrase_ended, start_ns, seed, shared_step, keeps_place=keeps_place)
        # A receiver that was connected a moment ago does not know the instrument yet.
        return [*effects, *self.program_changes(now_ns)]

    def end_what_was_slept_through(self, now_ns: int) -> list[Effect]:
        """End answer and playback if the machine has slept: what goes on in the middle of it makes no sense."""
        due_ns = self.scheduler.deadline
        late_ns = now_ns - due_ns if due_ns is not None else 0
        if late_ns <= _SLEEP_NS:
            return []
        what = f"the computer slept or was busy for {late_ns / 1e9:.1f} s, so the answer ends"
        reports = [AnswerLate(self.responder.ask_number, what)] if self.responder.is_busy else []
        effects = [*self.responder.interrupt(now_ns), *self.end_playback(now_ns)]
        return [*effects, *self.scheduler.stop_scheduled(now_ns), *self.answer_pedal.release(now_ns), *reports]

    def stop_and_reset(self, now_ns: int) -> list[Effect]:
        """End all that sounds and forget everything but the settings."""
        effects = [
            *self.responder.interrupt(now_ns),
            *self.scheduler.stop_all(now_ns),
            *self.answer_pedal.release(now_ns),
            *self.thru.release_pedals(now_ns),
        ]
        self.player_input.reset()
        self.left_hand.clear()
        self.held_phrase.follow(now_ns, None)
        self.accompanist.follow_left_hand(now_ns, None)
        self.phrase_detector.reset()
        self.trade.reset()
        self.duet.reset()
        self.responder.discard_early_ask()
        self.playback.clear()
        self.metronome.clear()
        effects += self.harmony_listener.stop(now_ns)
        return effects + self._own_beat.end(now_ns) + self.mode.reset(now_ns)

    def handle_answer(self, now_ns: int, answer: Answer) -> list[Effect]:
        self.trade.time_answer(now_ns, answer.ask)
        return self.responder.handle_answer(now_ns, answer)

    def handle_plan(self, now_ns: int, plan: Plan) -> list[Effect]:
        """Hand a plan to the part that asked for it: their pieces have different numbers."""
        return [*self.duet.handle_plan(now_ns, plan), *self.accompanist.handle_plan(now_ns, plan)]

    # ------------------------------------------------------------ the shared beat

    def _keep_phrase_and_stop(self, now_ns: int) -> list[Effect]:
        """Fall silent because the DAW has stopped; a phrase that was not answered yet is kept."""
        unanswered = self.mode.finish_phrase(now_ns, "stop") or self.responder.phrase_before_answer(now_ns)
        if unanswered is None:
            return self.stop_and_reset(now_ns)
        unanswered, _ = self._place_answer(now_ns, unanswered)
        effects = self.stop_and_reset(now_ns)
        self._kept_phrase = KeptPhrase(unanswered)
        return [*effects, PhraseKept(unanswered.phrase, unanswered.step_ns, is_awaited=False)]

    def follow_transport(self, now_ns: int, change: TransportChange) -> list[Effect]:
        """Act on a change of the shared tempo or grid."""
        effects = self._keep_phrase_and_stop(now_ns) if change.stopped else []
        if change.source:
            effects += self.responder.end_turn(now_ns, interrupted=True)
            self.trade.reset()
            self._own_beat.follow_source()
        if change.tempo or change.source:
            self.put_settings_in_force(now_ns)
        if change.clock_tempo:
            effects.append(ClockTempo(self._transport.clock_bpm))
        if change.never_started:
            effects.append(ClockNeverStarted())
        if not change.grid:
            return effects
        grid = self._transport.grid
        self.phrase_detector.follow_grid(now_ns, grid, change.shift_steps)
        self.trade.follow_grid(now_ns, grid, change.shift_steps)
        effects += self.duet.follow_grid(now_ns, grid, change.shift_steps)
        effects += self.accompanist.follow_grid(now_ns, grid, change.shift_steps)
        if grid is None:
            return effects
        self.responder.follow_grid(now_ns, grid, change.shift_steps)
        effects += self._report_bars(now_ns, grid)
        if self._kept_phrase and self._kept_phrase.is_awaited:
            effects += self._answer_kept_phrase(now_ns)
        return effects

    def _report_bars(self, now_ns: int, grid: Grid) -> list[Effect]:
        """Report the bars of a grid with a bar line at step 0, if they have changed."""
        source, detector = self._settings.tempo_source, self.phrase_detector
        confidence = detector.bar_confidence if source == "playing" else 1.0
        return list(self._bar_reports.report_if_changed(now_ns, grid, detector.steps_per_bar, source, confidence))
