"""An exchange as the score view shows it, and the engraving of its picture."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bachbridge.files import engraving
from bachbridge.files.score_layout import (
    ScoreOptions,
    answer_mark_step,
    assign_voices,
    exchange_bars,
    exchange_musicxml,
)
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.timeline import Bar
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, translatable

EXPORT_FORMATS = {
    translatable("MusicXML (*.musicxml)"): ".musicxml",
    translatable("Picture (*.png)"): ".png",
    translatable("Drawing (*.svg)"): ".svg",
    translatable("PDF (*.pdf)"): ".pdf",
}
"""The filters of the file dialog, each with the ending that it stands for."""


@dataclass(frozen=True, slots=True)
class ScoreContent:
    """The prompt and the answer. The answer's step 0 is the prompt's step `answer_step` (None: the prompt's end)."""

    prompt: Phrase
    answer: tuple[Note, ...]
    answer_step: int | None = None
    options: ScoreOptions = field(default_factory=ScoreOptions)

    @property
    def first_answer_step(self) -> int:
        """The prompt's step at which the answer's step 0 is."""
        return self.prompt.steps if self.answer_step is None else self.answer_step

    @property
    def moved_answer(self) -> list[Note]:
        """The answer on the prompt's steps."""
        return [replace(note, start=note.start + self.first_answer_step) for note in self.answer]

    @property
    def bars(self) -> list[Bar]:
        """The bars of the score."""
        return exchange_bars(self.prompt, self.moved_answer, self.options.meter)

    @property
    def bar_count(self) -> int:
        """Number of bars in the score."""
        return len(self.bars)

    @property
    def marked_step(self) -> int | None:
        """The step where the answer begins; None if it does not come after the prompt."""
        return answer_mark_step(self.prompt, self.moved_answer)

    def goes_on_from(self, former: "ScoreContent | None") -> bool:
        """True if this is what was shown before, perhaps with more notes."""
        if former is None:
            return False
        pitches, known = ([note.pitch for note in content.prompt.notes] for content in (self, former))
        return bool(known) and pitches[: len(known)] == known

    def part_lookup(self) -> Callable[[int, float], int]:
        """Return a function from a written note's voice and step to its part: the player, or the voice itself."""
        starts: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
        for note in self.moved_answer:
            starts[note.voice].append((note.start, note.voice))
        for note in assign_voices(self.prompt.notes):
            starts[note.voice].append((note.start, PLAYER))
        for line in starts.values():
            line.sort()

        def part_of(voice: int, step: float) -> int:
            line = starts[voice]
            index = bisect_right(line, step, key=lambda item: item[0]) - 1
            return line[max(0, index)][1] if line else voice

        return part_of

    @property
    def parts(self) -> tuple[int, ...]:
        """The parts that the score shows, the player's first."""
        own = (PLAYER,) if self.prompt.notes else ()
        return (*own, *sorted({note.voice for note in self.answer}))


Engraver = Callable[[ScoreContent, int], bytes]
"""Returns the SVG of an exchange for a width in pixels. It is called on the engraving thread.

It raises `ImportError` if a package is missing, and `BachBridgeError` if the exchange cannot be engraved.
"""


def content_musicxml(content: ScoreContent) -> bytes:
    """Return the exchange as MusicXML."""
    return exchange_musicxml(content.prompt, content.answer, content.answer_step, content.options)


def engrave_svg(content: ScoreContent, width: int) -> bytes:
    """Engrave the content with the packages of the extra `score`."""
    return engraving.render_picture(content_musicxml(content), ".svg", width, snug=True)


def export_bytes(content: ScoreContent, suffix: str) -> bytes:
    """Return the score as a file: MusicXML, PNG, SVG or PDF; raises `BachBridgeError` and `ImportError`."""
    match suffix:
        case engraving.PDF_SUFFIX:
            return engraving.render_pdf(content_musicxml(content))
        case ".png" | ".svg":
            return engraving.render_picture(content_musicxml(content), suffix)
        case _:
            return content_musicxml(content)


def file_filters() -> dict[str, str]:
    """Return the filters of the file dialog in the window's language, each with its ending."""
    return {tr(words): suffix for words, suffix in EXPORT_FORMATS.items()}


def export_path(name: str, chosen_filter: str) -> Path:
    """Return the path to write: a name without one of our endings gets that of the format that was chosen."""
    path = Path(name)
    if path.suffix.lower() in EXPORT_FORMATS.values():
        return path
    return path.with_name(path.name + file_filters().get(chosen_filter, ".musicxml"))
