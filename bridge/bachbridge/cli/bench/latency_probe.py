"""The measurements of `bachbridge bench`, taken by a fake DAW and its player.

Engine and model run in processes of their own as always. All processes of one machine read the same monotonic clock.
"Inside" is the engine's own view, up to the moment before it hands a message to the port; "outside" adds the path
through the MIDI system and this process's thread.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self, TypeVar

import mido

from bachbridge.cli.bench.exchange import is_note_on, lateness_ns, receive_or_raise
from bachbridge.cli.bench.fake_daw import FakeDaw, ProgressCallback
from bachbridge.errors import BachBridgeError, PortError
from bachbridge.midi import messages as midi
from bachbridge.process import realtime
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted
from bachbridge.protocol.events import ModelUp, PortsChanged, Setting
from bachbridge.protocol.notices import Message, Sent
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
PHRASES_PER_ENDING = 20
BENCH_CLIENT_NAME = "Bench"
_THRU_NOTE_COUNT = 200
_NOTES_PER_PHRASE = 8
_SCALE_PITCHES = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_KEY_HOLD_S = 0.04
"""The time that the player holds a key; the next one follows at once."""
_TIMEOUT_S = 60.0
_NOTES_PER_TURN = 25
"""The notes of a turn in `measure_harmony`."""
_MELODY_PITCHES = (72, 74, 76, 74, 72, 71, 72, 67, 69, 71, 72, 74, 71, 69, 67)
_CHORD_HOLD_S, _MODE_CHANGE_PAUSE_S = 0.075, 0.3
_QUARTER_HOLD_S, _QUARTER_PAUSE_S = 0.56, 0.04
"""A quarter note at 100 bpm."""
_CHORD_NOTES = 3

TimesNs = list[int]
M = TypeVar("M", bound=Message)


class LatencyProbe:
    """A fake DAW with its player, and an engine. Used on one thread; each method waits for what it causes."""

    def __init__(self, log: Path | None = None) -> None:
        """Start an engine that writes its session log to `log`, if that is given."""
        realtime.prepare_listener_process()
        self._link = EngineLink(BENCH_SETTINGS, log=log)
        self._daw: FakeDaw | None = None
        self.model_step_ns = 0
        self._thru_round_trip_ns: TimesNs = []
        self._thru_lateness_ns: TimesNs = []
        self._sent_reports: list[Sent] = []
        self.harmony_times_ns: dict[str, TimesNs] = {}
        """The latencies that `measure_harmony` measured, by name."""
        self.notes_without_chord = 0
        """The number of its notes that got no complete chord."""
        self._answer_start_indices: list[int] = []
        """For each answer, the number of messages sent before it was announced."""

    def __enter__(self) -> Self:
        try:
            self._wait_for_message(PortsChanged)
            self.model_step_ns = self._wait_for_message(ModelUp).step_ns
            self._daw = FakeDaw(client=BENCH_CLIENT_NAME, own_process=False)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._daw:
            self._daw.close()
        self._link.close()

    @property
    def engine_pid(self) -> int:
        return self._link.pid

    @property
    def _open_daw(self) -> FakeDaw:
        assert self._daw, "use the probe as a context"
        return self._daw

    # ------------------------------------------------------------ playing

    def measure_thru(self) -> None:
        """Play single notes and wait for the copy of each message."""
        for n in range(_THRU_NOTE_COUNT):
            pitch = _SCALE_PITCHES[n % len(_SCALE_PITCHES)]
            for message in (mido.Message("note_on", note=pitch, velocity=80), mido.Message("note_off", note=pitch)):
                begin_ns = time.monotonic_ns()
                self._open_daw.send(message)
                end_ns, _ = self._open_daw.receive(_TIMEOUT_S)
                self._thru_round_trip_ns.append(end_ns - begin_ns)
                self._thru_lateness_ns.append(lateness_ns(self._wait_for_message(Sent)))
        self._sent_reports.clear()
        self._link.send(Setting("thru", value=False))
        self._link.send(Setting("mode", "continue"))

    def measure_phrases(self) -> None:
        """Play short phrases, half ended by silence, half by a controller; each interrupts the answer before it."""
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
        """Play phrase after phrase, each during the answer before it, until `note_count` notes have been answered."""
        self._play_keys(_NOTES_PER_PHRASE)
        keys = answered = 0
        while answered < note_count:
            self._end_phrase()
            while not self._receive_pending(AnswerEnded):
                self._play_keys(1)
                keys += 1
                self._link.send(Setting("seed", keys % 2))
                answered = sum(map(is_note_on, self._sent_reports))
                report_progress(answered / note_count)

    def _play_keys(self, count: int) -> None:
        for n in range(count):
            pitch = _SCALE_PITCHES[(n + len(self._sent_reports)) % len(_SCALE_PITCHES)]
            self._open_daw.play(0, pitch, hold_s=_KEY_HOLD_S)

    def _end_phrase(self) -> None:
        self._open_daw.send(mido.Message("control_change", control=BENCH_SETTINGS.end_control, value=127))
        self._wait_for_message(AnswerStarted)
        self._answer_start_indices.append(len(self._sent_reports))

    def measure_harmony(self, chord_count: int, report_progress: ProgressCallback) -> None:
        """Play notes that are passed on and notes that are harmonized, in turns of 25 (at least one of each).

        All notes keep the same pace. Every voice of a chord has an onset (`common_tones`), so a harmonized note causes
        three notes.
        """
        self._link.send(Setting("temperature", Settings().temperature))
        note_count = 2 * max(chord_count, _NOTES_PER_TURN)
        for begin in range(0, note_count, _NOTES_PER_TURN):
            harmonizes = begin // _NOTES_PER_TURN % 2 == 1
            self._link.send(Setting("thru", value=not harmonizes))
            self._link.send(Setting("mode", "harmonize" if harmonizes else "off"))
            time.sleep(_MODE_CHANGE_PAUSE_S)
            for n in range(begin, begin + _NOTES_PER_TURN):
                self._measure_chord(n, _CHORD_NOTES if harmonizes else 1)
            report_progress(min(1.0, (begin + _NOTES_PER_TURN) / note_count))
        self._link.send(Setting("mode", "off"))

    def measure_quarters(self, note_count: int, report_progress: ProgressCallback) -> None:
        """Play quarter notes at 100 bpm that are all harmonized, and record when their chords come."""
        self._link.send(Setting("temperature", Settings().temperature))
        self._link.send(Setting("thru", value=False))
        self._link.send(Setting("bpm", value=0.0))
        self._link.send(Setting("mode", "harmonize"))
        time.sleep(_MODE_CHANGE_PAUSE_S)
        for n in range(note_count):
            self._measure_chord(n, _CHORD_NOTES, _QUARTER_HOLD_S, _QUARTER_PAUSE_S)
            report_progress((n + 1) / note_count)
        self._link.send(Setting("mode", "off"))
        del self.harmony_times_ns["harmony, inside"]

    def _measure_chord(
        self, note_index: int, expected_notes: int, hold_s: float = _CHORD_HOLD_S, pause_s: float = _CHORD_HOLD_S
    ) -> None:
        """Play one note and record how long the expected notes took to come back."""
        for _ in self._open_daw.receive_pending():
            pass
        self._receive_pending(Sent)
        known = len(self._sent_reports)
        pitch = _MELODY_PITCHES[note_index % len(_MELODY_PITCHES)]
        begin_ns = time.monotonic_ns()
        self._open_daw.play(0, pitch, hold_s=hold_s + note_index % 7 * 0.0003)
        time.sleep(pause_s)
        self._receive_pending(Sent)
        arrivals_ns = [
            at_ns for at_ns, data in self._open_daw.receive_pending() if isinstance(midi.decode(data), midi.NoteOn)
        ]
        sent = [sent for sent in self._sent_reports[known:] if is_note_on(sent)]
        if len(arrivals_ns) != expected_notes or len(sent) != expected_notes:
            self.notes_without_chord += 1
            return
        name = "harmony" if expected_notes > 1 else "thru at the same pace"
        self.harmony_times_ns.setdefault(f"{name}, there and back", []).append(arrivals_ns[-1] - begin_ns)
        self.harmony_times_ns.setdefault(f"{name}, inside", []).append(lateness_ns(sent[-1]))

    # ------------------------------------------------------------ the engine's messages

    def _wait_for_message(self, kind: type[M]) -> M:
        """Return the engine's next message of that kind."""
        deadline_s = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline_s:
            message = self._receive_message(0.5)
            if isinstance(message, kind):
                return message
        raise BachBridgeError("The engine does not respond: close other programs and try again.")

    def _receive_pending(self, kind: type[Message]) -> bool:
        """Process the messages that the engine has sent by now; return True if one of that kind was among them."""
        found = False
        while (message := self._receive_message(0.0)) is not None:
            found = found or isinstance(message, kind)
        return found

    def _receive_message(self, timeout_s: float) -> Message | None:
        message = receive_or_raise(self._link.receive, timeout_s)
        if isinstance(message, Sent):
            self._sent_reports.append(message)
        return message

    # ------------------------------------------------------------ figures

    def latencies_ns(self) -> dict[str, TimesNs]:
        """Return all latencies by name, once the engine's last message has arrived."""
        self._receive_pending(Sent)
        arrivals = [self._open_daw.receive(_TIMEOUT_S) for _ in self._sent_reports]
        if [data for _, data in arrivals] != [sent.data for sent in self._sent_reports]:
            raise PortError("Messages arrived out of order: restart the MIDI system and try again.")
        onsets = [index for index, sent in enumerate(self._sent_reports) if is_note_on(sent)]
        first_onsets = [
            index
            for start in self._answer_start_indices
            if (index := next((onset for onset in onsets if onset >= start), -1)) >= 0
        ]

        def inside(indices: Iterable[int]) -> TimesNs:
            return [lateness_ns(self._sent_reports[index]) for index in indices]

        def outside(indices: Iterable[int]) -> TimesNs:
            return [arrivals[index][0] - self._sent_reports[index].due_ns for index in indices]

        return {
            "thru, inside": self._thru_lateness_ns,
            "thru, there and back": self._thru_round_trip_ns,
            "first answered note after its due time, inside": inside(first_onsets),
            "first answered note after its due time, outside": outside(first_onsets),
            "scheduled notes after their due time, inside": inside(onsets),
            "scheduled notes after their due time, outside": outside(onsets),
        }
