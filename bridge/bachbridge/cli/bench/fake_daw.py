"""The DAW and its player in one, for measuring: plays into "BachBridge In" and hears "BachBridge Out".

The engine and the model run in processes of their own as ever. Every method but the constructor waits for what it
causes; what is heard arrives, with its time, on the MIDI system's thread. On one machine all processes read the same
monotonic clock.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self, TypeVar

from bachbridge.errors import BachBridgeError, ModelError, PortError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.process import realtime
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import (
    AnswerEnded,
    AnswerStarted,
    Failed,
    Message,
    ModelDown,
    ModelUp,
    PortsChanged,
    Sent,
    Setting,
)
from bachbridge.settings import Settings

BENCH_SETTINGS = Settings(
    bpm=300,
    phrase_end="control",
    answer_bars=4,
    let_finish=True,
    thru=True,
    mode="off",
    temperature=2.0,
    top_p=1.0,
    seed=0,
    common_tones="strike",
    density=-1.0,
)
_THRU_NOTE_COUNT = 200
PHRASES_PER_ENDING = 20
_NOTES_PER_PHRASE = 8
"""Notes of a phrase."""
_SCALE_PITCHES = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_KEY_HOLD_S = 0.04
"""How long the player holds a key; the next one follows at once."""
_TIMEOUT_S = 60.0
_NOTES_PER_TURN = 25
"""Notes of a turn in `Keyboardist.harmony`."""
_MELODY_PITCHES = (72, 74, 76, 74, 72, 71, 72, 67, 69, 71, 72, 74, 71, 69, 67)
_CHORD_HOLD_S, _MODE_CHANGE_PAUSE_S = 0.075, 0.3


TimesNs = list[int]
ProgressCallback = Callable[[float], None]
M = TypeVar("M", bound=Message)


class LatencyProbe:
    """The DAW and its player. Used on one thread; what is heard arrives on another."""

    def __init__(self, log: Path) -> None:
        realtime.prepare_listener_process()
        self._link = EngineLink(BENCH_SETTINGS, log=log)
        self._received_midi: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self._ports: Ports | None = None
        self.model_step_ns = 0
        self._thru_round_trip_ns: TimesNs = []
        self._thru_lateness_ns: TimesNs = []
        self._sent_reports: list[Sent] = []
        self.harmony_times_ns: dict[str, TimesNs] = {}
        """The latencies that `harmony` measured."""
        self.notes_without_chord = 0
        """How many notes of it had no chord."""
        self._answer_start_indices: list[int] = []
        """How many messages had been sent when an answer was announced."""

    def __enter__(self) -> Self:
        try:
            self._wait_for_message(PortsChanged)
            self.model_step_ns = self._wait_for_message(ModelUp).step_ns
            self._ports = Ports(
                OUTPUT_NAME, INPUT_NAME, lambda at_ns, data: self._received_midi.put((at_ns, data)), client="Bench"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._ports:
            self._ports.close()
        self._link.close()

    @property
    def engine_pid(self) -> int:
        return self._link.pid

    # ------------------------------------------------------------ playing

    def measure_thru(self) -> None:
        """Notes one by one, each waited for."""
        for n in range(_THRU_NOTE_COUNT):
            pitch = _SCALE_PITCHES[n % len(_SCALE_PITCHES)]
            for data in (midi.note_on(0, pitch, 80), midi.note_off(0, pitch)):
                begin_ns = time.monotonic_ns()
                self._send_midi(data)
                end_ns, _ = self._wait_for_midi()
                self._thru_round_trip_ns.append(end_ns - begin_ns)
                sent = self._wait_for_message(Sent)
                self._thru_lateness_ns.append(sent.sent_ns - sent.due_ns)
        self._sent_reports.clear()
        self._link.send(Setting("thru", value=False))
        self._link.send(Setting("mode", "continue"))

    def measure_phrases(self) -> None:
        """Short phrases, the first ones ended by silence, then as many by a control; the answers are cut short."""
        self._link.send(Setting("silence_beats", 1.0))
        for ending in ("silence", "control"):
            self._link.send(Setting("phrase_end", ending))
            for _ in range(PHRASES_PER_ENDING):
                self._play_keys(_NOTES_PER_PHRASE)
                if ending == "control":
                    self._end_phrase()
                else:
                    self._wait_for_message(AnswerStarted)
                while not is_note_on(self._wait_for_message(Sent)):
                    pass

    def measure_dialogue(self, note_count: int, report_progress: ProgressCallback) -> None:
        """Phrase upon phrase, played while the answer before sounds, until enough notes have been answered."""
        self._play_keys(_NOTES_PER_PHRASE)
        keys = struck = 0
        while struck < note_count:
            self._end_phrase()
            while not self._receive_pending(AnswerEnded):
                self._play_keys(1)
                keys += 1
                self._link.send(Setting("seed", keys % 2))
                struck = sum(map(is_note_on, self._sent_reports))
                report_progress(struck / note_count)

    def _play_keys(self, count: int) -> None:
        for n in range(count):
            pitch = _SCALE_PITCHES[(n + len(self._sent_reports)) % len(_SCALE_PITCHES)]
            self._send_midi(midi.note_on(0, pitch, 80))
            time.sleep(_KEY_HOLD_S)
            self._send_midi(midi.note_off(0, pitch))

    def _end_phrase(self) -> None:
        self._send_midi(bytes((0xB0, BENCH_SETTINGS.end_control, 127)))
        self._wait_for_message(AnswerStarted)
        self._answer_start_indices.append(len(self._sent_reports))

    def _send_midi(self, data: bytes) -> None:
        assert self._ports
        if not self._ports.send(data):
            raise PortError("The MIDI system has gone during the measurement: start it again.")

    def measure_harmony(self, chord_count: int, report_progress: ProgressCallback) -> None:
        """Notes passed on as they are and notes harmonised, in turns of `_TURN`, all at the same pace.

        Each chord is struck whole (`common_tones`), so that three notes are waited for.
        """
        self._link.send(Setting("temperature", Settings().temperature))
        for begin in range(0, 2 * chord_count, _NOTES_PER_TURN):
            harmonizes = begin // _NOTES_PER_TURN % 2 == 1
            self._link.send(Setting("thru", value=not harmonizes))
            self._link.send(Setting("mode", "harmonize" if harmonizes else "off"))
            time.sleep(_MODE_CHANGE_PAUSE_S)
            for n in range(begin, begin + _NOTES_PER_TURN):
                self._measure_chord(n, 3 if harmonizes else 1)
            report_progress(min(1.0, (begin + _NOTES_PER_TURN) / (2 * chord_count)))
        self._link.send(Setting("mode", "off"))

    def _measure_chord(self, note_index: int, expected_notes: int) -> None:
        """One note, held until `voices` notes have come back, and what it took them."""
        for _ in self._pending_midi():
            pass
        self._receive_pending(Sent)
        known = len(self._sent_reports)
        pitch = _MELODY_PITCHES[note_index % len(_MELODY_PITCHES)]
        begin_ns = time.monotonic_ns()
        self._send_midi(midi.note_on(0, pitch, 80))
        time.sleep(_CHORD_HOLD_S + note_index % 7 * 0.0003)
        self._send_midi(midi.note_off(0, pitch))
        time.sleep(_CHORD_HOLD_S)
        self._receive_pending(Sent)
        heard = [at_ns for at_ns, data in self._pending_midi() if data[0] & 0xF0 == 0x90]
        sent = [sent for sent in self._sent_reports[known:] if is_note_on(sent)]
        if len(heard) != expected_notes or len(sent) != expected_notes:
            self.notes_without_chord += 1
            return
        name = "harmony" if expected_notes > 1 else "thru at the same pace"
        self.harmony_times_ns.setdefault(f"{name}, there and back", []).append(heard[-1] - begin_ns)
        self.harmony_times_ns.setdefault(f"{name}, inside", []).append(sent[-1].sent_ns - sent[-1].due_ns)

    def _pending_midi(self) -> Iterable[tuple[int, bytes]]:
        while not self._received_midi.empty():
            yield self._received_midi.get()

    # ------------------------------------------------------------ hearing

    def _wait_for_midi(self) -> tuple[int, bytes]:
        try:
            return self._received_midi.get(timeout=_TIMEOUT_S)
        except Empty:
            raise PortError("Messages get lost on their way: restart the MIDI system and try again.") from None

    def _wait_for_message(self, kind: type[M]) -> M:
        """The engine's next message of that kind."""
        deadline_s = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline_s:
            message = self._receive_message(0.5)
            if isinstance(message, kind):
                return message
        raise BachBridgeError("The engine does not go on: close other programs and try again.")

    def _receive_pending(self, kind: type[Message]) -> bool:
        """Take what the engine has said by now; whether a message of that kind was among it."""
        found = False
        while (message := self._receive_message(0.0)) is not None:
            found = found or isinstance(message, kind)
        return found

    def _receive_message(self, timeout_s: float) -> Message | None:
        try:
            message = self._link.receive(timeout_s)
        except EOFError:
            raise BachBridgeError("The engine has ended during the measurement: try again.") from None
        match message:
            case Failed(reason):
                raise PortError(reason)
            case ModelDown(reason):
                raise ModelError(reason)
            case Sent():
                self._sent_reports.append(message)
            case _:
                pass
        return message

    # ------------------------------------------------------------ figures

    def latencies_ns(self) -> dict[str, TimesNs]:
        """All latencies by what they are, once the engine's last message has been heard."""
        self._receive_pending(Sent)
        heard = [self._wait_for_midi() for _ in self._sent_reports]
        if [data for _, data in heard] != [sent.data for sent in self._sent_reports]:
            raise PortError("Messages arrived out of order: restart the MIDI system and try again.")
        struck = [index for index, sent in enumerate(self._sent_reports) if is_note_on(sent)]
        firsts = [
            index for start in self._answer_start_indices if (index := next((i for i in struck if i >= start), -1)) >= 0
        ]

        def inside(indices: Iterable[int]) -> TimesNs:
            return [self._sent_reports[index].sent_ns - self._sent_reports[index].due_ns for index in indices]

        def outside(indices: Iterable[int]) -> TimesNs:
            return [heard[index][0] - self._sent_reports[index].due_ns for index in indices]

        return {
            "thru, inside": self._thru_lateness_ns,
            "thru, there and back": self._thru_round_trip_ns,
            "first answered note after its due time, inside": inside(firsts),
            "first answered note after its due time, outside": outside(firsts),
            "scheduled notes after their due time, inside": inside(struck),
            "scheduled notes after their due time, outside": outside(struck),
        }


def is_note_on(sent: Sent) -> bool:
    """Whether it began a note."""
    return sent.data[0] & 0xF0 == 0x90
