"""Everything that a button, a menu or a drop does to the engine or to the window's preferences."""

from collections.abc import Callable

from bachbridge.music.example_phrase import load_example
from bachbridge.music.notes import SEED_COUNT, Phrase, step_ns_from_bpm
from bachbridge.protocol.events import (
    AnswerPhrase,
    Cadence,
    EndPhrase,
    Panic,
    PlayPhrase,
    Reset,
    StartTransport,
    StopTransport,
    TapBeat,
)
from bachbridge.settings import Settings
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.engine.supervisor import StartEngine
from bachbridge_gui.state.exchanges import Exchange, exchange_phrase, phrase_from_step
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.window_parts import WindowParts

_EXAMPLE_SEED = 0
_EVENTS = {
    "panic": Panic(),
    "end_phrase": EndPhrase(),
    "cadence": Cadence(),
    "reset": Reset(),
    "tap": TapBeat(),
    "start_playing": StartTransport(),
    "stop_playing": StopTransport(),
}
"""The event that each command sends to the engine."""

EngineStarter = Callable[[str | None, str | None], StartEngine]
"""Makes the function that starts an engine on an input and an output port; None stands for BachBridge's own port."""
OnClose = Callable[[WindowPrefs, Settings], None]
"""Called once when the window closes, with the preferences and the settings to save."""


class EngineCommands:
    """Used on the window's thread; connects itself to the widgets that give commands."""

    def __init__(self, core: AppCore, parts: WindowParts, engine_starter: EngineStarter, on_close: OnClose) -> None:
        self._core, self._parts = core, parts
        self._engine_starter, self._on_close = engine_starter, on_close
        self._closed = False
        self._connect_engine_commands()
        self._connect_prefs()

    def perform(self, command: str) -> None:
        """Perform one of `store.COMMANDS`."""
        if command in _EVENTS:
            self._core.supervisor.send(_EVENTS[command])
        match command:
            case "panic":
                self._parts.score.play_cursor.stop()
                self._parts.keyboard.release_all()
                self._core.preview.silence()
            case "example":
                self._play_example()
            case "play_again":
                self._parts.phrases.trigger_action("play")
            case "another":
                self._parts.phrases.trigger_action("another")
            case _:
                pass

    def play_again(self, exchange: Exchange, from_step: int = 0) -> None:
        """Play the prompt and the answer of an exchange, from a step on."""
        phrase = phrase_from_step(exchange_phrase(exchange), from_step)
        if phrase.notes:
            self._parts.score.expect_playback(exchange, from_step + phrase.notes[0].start)
        self._core.supervisor.send(PlayPhrase(phrase, exchange.step_ns))

    def request_another_answer(self, exchange: Exchange) -> None:
        """Ask for an answer to the same prompt with the next seed."""
        seed = (exchange.seed + 1) % SEED_COUNT
        self._core.supervisor.send(AnswerPhrase(exchange.prompt, exchange.step_ns, seed, aloud=False))

    def answer_phrase(self, phrase: Phrase, step_ns: int) -> None:
        """Play a phrase that was dropped as a file, then its answer."""
        self._core.supervisor.send(AnswerPhrase(phrase, step_ns, -1, aloud=True))

    def choose_ports(self, input_name: str | None, output_name: str | None) -> None:
        """Restart the engine on other ports; nothing happens if they are in use already."""
        prefs = self._core.state.prefs
        if (input_name, output_name) == (prefs.input, prefs.output) and self._core.supervisor.with_ports:
            return
        self._core.state.update_prefs(input=input_name, output=output_name)
        self._core.supervisor.restart(self._engine_starter(input_name, output_name))
        self._core.preview.silence()  # the former engine's notes would never end

    def close(self) -> None:
        """End the engine and the preview sound with nothing left sounding, and pass on what is to be saved."""
        if self._closed:
            return
        self._closed = True
        self._parts.keyboard.release_all()
        self._core.supervisor.close()
        self._core.preview.sound.close()
        self._core.state.update_prefs(zoom=self._parts.roll.zoom)
        self._on_close(self._core.state.prefs, self._core.store.settings)

    def _play_example(self) -> None:
        example = load_example()
        step_ns = step_ns_from_bpm(example.bpm)
        self._core.supervisor.send(AnswerPhrase(example.phrase, step_ns, _EXAMPLE_SEED, aloud=True))

    def _connect_engine_commands(self) -> None:
        self._core.store.command_given.connect(self.perform)
        phrases, port_picker = self._parts.phrases, self._parts.port_picker
        phrases.playRequested.connect(self.play_again)
        self._parts.score.play_requested.connect(self.play_again)
        phrases.anotherAnswerRequested.connect(self.request_another_answer)
        phrases.promptDropped.connect(self.answer_phrase)
        port_picker.names_wanted.connect(self._core.ports.request_port_names)
        port_picker.chosen.connect(self.choose_ports)

    def _connect_prefs(self) -> None:
        state = self._core.state
        self._parts.preset_bar.applied.connect(lambda name: state.update_prefs(preset=name))
        self._parts.keyboard_panel.layout_chosen.connect(lambda layout: state.update_prefs(key_layout=layout))
        self._parts.welcome_page.show_at_start_changed.connect(lambda on: state.update_prefs(welcome=on))
        self._parts.controls.shape.toggled.connect(lambda on: state.update_prefs(shape_open=on))
        self._parts.controls.setup.toggled.connect(lambda on: state.update_prefs(setup_open=on))
        profile_box = self._parts.controls.learn_bar.profile_box
        if profile_box:
            profile_box.chosen.connect(lambda name: state.update_prefs(profile=name))
            profile_box.saved.connect(lambda name: state.update_prefs(profile=name))
