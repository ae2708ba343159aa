"""The source of the preview's sound: the built-in instruments at once, and a sound font as soon as it is loaded.

Loading takes from 20 ms to seconds, on a thread of its own, so the first note never waits for it. Then new notes go to
the sound font; what sounds on the built-in instruments ends there.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bachbridge.errors import BachBridgeError
from bachbridge.files.sound.instruments import GENERAL_MIDI_PROGRAMS
from bachbridge.files.sound.sound_fonts import choose_sound_font
from bachbridge.midi import messages as midi
from bachbridge_gui.preview.font_synth import FontSynth
from bachbridge_gui.preview.synth import StereoSamples, Synth, soft_limit

ReportInstruments = Callable[[str, str], None]
"""Called with the name of the sound font in use (empty: none) and the sentence that says why another one is not."""


class Source(Protocol):
    """The part of `FontSynth` that is used here."""

    @property
    def sounding_count(self) -> int: ...

    def set_sound(self, name: str) -> None: ...

    def set_volume(self, volume: float) -> None: ...

    def handle_midi(self, data: bytes, from_player: bool) -> None: ...

    def panic(self) -> None: ...

    def render(self, frames: int) -> StereoSamples: ...


LoadFont = Callable[[Path, str], Source]


class SoundSource:
    """Call `render` on the device's thread and all other methods on one other thread."""

    def __init__(self, report: ReportInstruments = lambda _font, _problem: None, load: LoadFont = FontSynth) -> None:
        self._built_in = Synth()
        self._font: Source | None = None
        self._report, self._load = report, load
        self._sound, self._volume = "organ", 1.0
        self._loader: threading.Thread | None = None

    @property
    def sounding_count(self) -> int:
        """Number of notes that sound or fade out."""
        return sum(source.sounding_count for source in self._sources())

    def set_sound(self, name: str) -> None:
        """Play the next notes on the instrument of this name; other names are ignored."""
        if name in GENERAL_MIDI_PROGRAMS:
            self._sound = name
            for source in self._sources():
                source.set_sound(name)

    def set_font(self, wanted: str) -> None:
        """Begin to load the sound font that the setting `sound_font` means. Only the first call has an effect."""
        if self._loader is None:
            self._loader = threading.Thread(target=self._load_font, args=(wanted,), name="sound font", daemon=True)
            self._loader.start()

    def wait_for_font(self, timeout_s: float) -> None:
        """Wait until the sound font is loaded or refused."""
        if self._loader:
            self._loader.join(timeout_s)

    def set_volume(self, volume: float) -> None:
        """Set the volume, from 0 (silence) to 1."""
        self._volume = volume
        for source in self._sources():
            source.set_volume(volume)

    def handle_midi(self, data: bytes, from_player: bool) -> None:
        """Play one message of the player, or one that BachBridge sent."""
        if isinstance(midi.decode(data), midi.NoteOn):
            (self._font or self._built_in).handle_midi(data, from_player)
        else:
            for source in self._sources():
                source.handle_midi(data, from_player)

    def panic(self) -> None:
        """Silence everything."""
        for source in self._sources():
            source.panic()

    def render(self, frames: int) -> StereoSamples:
        """Return the next samples[frame, side], each between -1 and 1."""
        samples, font = self._built_in.render(frames), self._font
        return samples if font is None else soft_limit(samples + font.render(frames))

    def _sources(self) -> tuple[Source, ...]:
        font = self._font
        return (self._built_in,) if font is None else (self._built_in, font)

    def _load_font(self, wanted: str) -> None:
        """Load the sound font and put it in place. Runs on a thread."""
        name, problem = "", ""
        try:
            path = choose_sound_font(wanted)
            if path is not None:
                font, name = self._load(path, self._sound), path.name
                font.set_volume(self._volume)
                self._font = font
                font.set_sound(self._sound)
        except BachBridgeError as error:
            problem = str(error)
        self._report(name, problem)
