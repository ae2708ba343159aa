"""The window's pulse: once a frame, what the engine has said is taken in and shown, and what was pressed is done.

While something sounds, a frame takes 30 ms; when all is at rest the pulse goes slower, so that the program takes next
to nothing of the machine. Text follows twice a second, so that it can be read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from bachbridge.protocol.events import Message, PortsChanged, Received
from bachbridge.settings import Settings
from bachbridge_gui.engine.port_status import LOOP, Harbour
from bachbridge_gui.engine.supervisor import Start, Supervisor
from bachbridge_gui.engine_commands import Deputy
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.preview.routing import Audition
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.setup.connect_page import Checks
from bachbridge_gui.state.app_state import State
from bachbridge_gui.state.exchanges import Entry
from bachbridge_gui.state.window_prefs import Remembered
from bachbridge_gui.window_parts import Furniture

FRAME_MS, REST_MS = 30, 100
_AWAKE_NS = 3_500_000_000
_TEXT_NS = 500_000_000
_PIPE = "pipe"
"""What an engine without ports calls them."""
_BEFORE_NS = 500_000_000
"""What is shown before a phrase that is looked up."""


class Pulse(QObject):
    """Lives in the window's thread. `finish` is called at the end, with what is to be remembered."""

    said = pyqtSignal(str)
    """A sentence that a person should read; empty: nothing is the matter any more."""
    painted = pyqtSignal(object)
    """The roll has moved; when (ns)."""

    def __init__(
        self,
        supervisor: Supervisor,
        desk: Desk,
        learner: Learner,
        state: State,
        furniture: Furniture,
        preview: PreviewSound,
        remembered: Remembered,
        finish: Callable[[Remembered, Settings], None],
        start: Callable[[str | None, str | None], Start],
    ) -> None:
        super().__init__()
        self.desk, self.learner, self.remembered, self.view = desk, learner, remembered, "roll"
        self._supervisor, self._state, self._furniture = supervisor, state, furniture
        self._audition, self._harbour = Audition(preview, desk, remembered), Harbour(supervisor, desk, state)
        self._deputy = Deputy(supervisor, furniture, self._audition)
        self._finish, self._start = finish, start
        self._notice = ""
        """What is to be read now."""
        self._told: object = None
        """What changes seldom, as it was last shown."""
        self._text_ns = self._moved_ns = 0
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._wire()

    @property
    def shown(self) -> State:
        """What is shown."""
        return self._state

    @property
    def ready(self) -> bool:
        """Whether a note that is played now would be answered."""
        return bool(self._state.model and (self._state.vitals.output or not self._supervisor.ports))

    # ------------------------------------------------------------ the frame

    def wake(self) -> None:
        """Begin."""
        self._timer.start(FRAME_MS)

    def _beat(self) -> None:
        self.beat(time.monotonic_ns())

    def beat(self, now_ns: int) -> None:
        """One frame."""
        messages = self._supervisor.pull(now_ns)
        self._take(messages, now_ns)
        if self.view == "roll" and self._furniture.roll.frame(now_ns):
            self.painted.emit(now_ns)
        self._show_notice(now_ns)
        self._lights(now_ns)
        if now_ns - self._text_ns >= _TEXT_NS:
            self._text_ns = now_ns
            self._texts(now_ns)
        if messages or not self._state.timeline.resting:
            self._moved_ns = now_ns
        self._pace(now_ns)

    def _pace(self, now_ns: int) -> None:
        interval_ms = FRAME_MS if now_ns - self._moved_ns < _AWAKE_NS else REST_MS
        if self._timer.isActive() and self._timer.interval() != interval_ms:
            self._timer.setInterval(interval_ms)

    def _take(self, messages: Sequence[Message], now_ns: int) -> None:
        for entry in self._state.take(messages, now_ns):
            self._over(entry)
        for message in messages:
            self._hand_on(message, now_ns)

    def _hand_on(self, message: Message, now_ns: int) -> None:
        """Who else wants to hear of it."""
        self._audition.take(message)
        self._harbour.take(message, self.remembered)
        self._furniture.monitor.take(message, now_ns)
        match message:
            case Received(data, _):
                self.learner.take(data)
            case PortsChanged() if self._furniture.ports.isVisible():
                self._harbour.ask()
            case _:
                pass

    def _lights(self, now_ns: int) -> None:
        """What moves at the frame's pace besides the roll."""
        self._furniture.status.refresh(self._state.vitals, self._state.tempo(), now_ns)
        if self.remembered.computer_keys:
            sounding = {note.pitch: note.voice for note in self._state.timeline.sounding()}
            self._furniture.keys.lit = sounding

    def _texts(self, now_ns: int) -> None:
        """What people read."""
        furniture, vitals = self._furniture, self._state.vitals
        furniture.strip.say(f"{self._state.tempo()} · {vitals.model_text}")
        if self.view == "monitor":
            furniture.monitor.refresh(now_ns)
        checks = Checks(
            input_seen=vitals.input_seen,
            notes_seen=vitals.notes_seen,
            clock_seen=vitals.clock_seen,
            loop=vitals.loop,
            input_name="" if vitals.input == _PIPE else vitals.input,
            output_name="" if vitals.output == _PIPE else vitals.output,
            midi=vitals.output != _PIPE,
        )
        clocked = self.desk.settings.follow_clock and vitals.clock_bpm > 0
        told = (checks, vitals.model_up, vitals.model_text, clocked, self._state.names, self.remembered)
        if self._told != (told, self._audition.state):
            self._told = (told, self._audition.state)
            self._tell(checks, clocked=clocked)

    def _tell(self, checks: Checks, *, clocked: bool) -> None:
        """What changes seldom, when it has changed."""
        furniture, vitals, preview = self._furniture, self._state.vitals, self._audition.preview
        furniture.connect.refresh(checks)
        furniture.controls.set_model_state(ready=vitals.model_up is True, sentence=vitals.model_text)
        furniture.controls.set_clock(running=clocked)
        furniture.phrases.set_cannot_ask("" if vitals.model_up else vitals.model_text)
        furniture.ports.show_ports(self._state.names, self.remembered.input, self.remembered.output)
        furniture.welcome.refresh(vitals.input, vitals.output, preview.reason or preview.sentence, preview.state)
        # Where the sound is broken the switch stays usable: pressed, it is tried once more.
        furniture.top.show_switch("sound", on=preview.sounds)

    def say(self, sentence: str) -> None:
        """Have it read."""
        self._state.tell(sentence, time.monotonic_ns())

    def _show_notice(self, now_ns: int) -> None:
        amiss = self._harbour.notice(self.remembered)
        sentence = LOOP if amiss == LOOP else self._state.notice(now_ns) or amiss
        if sentence != self._notice:
            self._notice = sentence
            self.said.emit(sentence)

    # ------------------------------------------------------------ exchanges

    def _over(self, entry: Entry) -> None:
        """It is listed, and chosen and shown as a score, unless an older one was chosen."""
        self._furniture.phrases.add(entry)

    def _selected(self, number: int) -> None:
        roll = self._furniture.roll
        roll.selected = number
        span = next((span for span in self._state.timeline.spans if span.number == number), None)
        if span and not roll.follow:
            roll.scroll_to(span.start_ns - _BEFORE_NS)
        chosen = self._furniture.phrases.chosen()
        if chosen:
            entry = chosen[-1]
            self._furniture.score.show_phrase(entry.prompt, entry.answer, entry.answer_step)

    # ------------------------------------------------------------ what is pressed

    def _perform(self, command: str) -> None:
        self._deputy.perform(command)
        self._moved_ns = time.monotonic_ns()
        self._pace(self._moved_ns)

    def switch_sound(self, *, on: bool) -> None:
        """The preview sound by hand."""
        self.remember(preview=self._audition.switch(on=on))

    def choose_ports(self, source: str | None, sink: str | None) -> None:
        """Use other ports: the engine is started anew with them. The same are no others."""
        if (source, sink) == (self.remembered.input, self.remembered.output) and self._supervisor.ports:
            return
        self.remember(input=source, output=sink)
        now_ns = time.monotonic_ns()
        self._take(self._supervisor.restart(self._start(source, sink), now_ns), now_ns)

    def remember(self, **changes: Any) -> None:
        """What is to be the same next time."""
        self.remembered = replace(self.remembered, **changes)

    def close(self) -> None:
        """Stop, end the engine with nothing left sounding, and keep what is to be remembered."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self._furniture.keys.release_all()
        self._supervisor.close()
        self._audition.preview.close()
        self.remember(zoom=self._furniture.roll.zoom)
        self._finish(self.remembered, self.desk.settings)

    # ------------------------------------------------------------ wiring

    def _wire(self) -> None:
        furniture = self._furniture
        self.desk.done.connect(self._perform)
        self.desk.refused.connect(self.say)
        self.desk.changed.connect(self._set)
        phrases = furniture.phrases
        phrases.playRequested.connect(self._deputy.play_again)
        phrases.anotherRequested.connect(self._deputy.another)
        phrases.promptDropped.connect(self._deputy.answer)
        phrases.refused.connect(self.say)
        phrases.selected.connect(self._selected)
        furniture.roll.phraseClicked.connect(phrases.select)
        furniture.roll.followChanged.connect(lambda on: furniture.top.show_switch("follow", on=on))
        furniture.roll.zoom = self.remembered.zoom
        furniture.roll.follow = self.remembered.follow
        furniture.top.show_switch("follow", on=self.remembered.follow)
        furniture.ports.wanted.connect(self._harbour.ask)
        furniture.ports.chosen.connect(self.choose_ports)
        preview = self._audition.preview
        preview.changed.connect(lambda: self.say(preview.reason) if preview.reason else None)
        furniture.presets.refused.connect(self.say)
        furniture.presets.recall(self.remembered.preset)
        furniture.presets.applied.connect(lambda name: self.remember(preset=name))
        furniture.welcome.shown_at_start.connect(lambda on: self.remember(welcome=on))
        box = furniture.controls.learn_bar.box
        if box:
            box.recall(self.remembered.profile)
            box.chosen.connect(lambda name: self.remember(profile=name))
            box.saved.connect(lambda name: self.remember(profile=name))

    def _set(self, name: str) -> None:
        """A setting is another one now."""
        self._state.settings = self.desk.settings
        if name == "latency_ms":
            self.remembered = self._harbour.set_latency(self.remembered)
