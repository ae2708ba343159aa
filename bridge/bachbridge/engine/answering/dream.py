"""A dream: answers that follow each other without a gap, each one continuing the one before.

Shortly before an answer ends, the next one is asked for and begins where that one ends. A dream is reported in
sections of about `SECTION_STEPS` steps, each like one answer; notes that were reported and have ended are forgotten.

Steps of the dream count from the beginning of its first answer. Each answer keeps its own grid, whose step 0 is the
answer's beginning; `base_step` is that beginning in steps of the dream.
"""

from dataclasses import dataclass, field, replace

from bachbridge.engine.answering.response import Response, cut_notes
from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, Send
from bachbridge.settings import Settings

SECTION_STEPS = 512
"""A section is reported as soon as it is at least this long."""


@dataclass(slots=True)
class Dream:
    """Owns the answer under way and the earlier ones that still matter. Used on the engine's thread only."""

    response: Response
    """The answer under way, the last of the dream so far."""
    first_prompt: Phrase
    """The phrase with which the dream began."""
    announced_ask: int
    """Number of the ask with which the present section was announced."""
    is_endless: bool = True
    """True while another answer follows; False if the setting was changed and this answer is the last."""
    base_step: int = 0
    """Step of the dream at which the answer under way begins."""
    section_start_step: int = 0
    """Step of the dream at which the present section begins."""
    earlier: list[tuple[int, Response]] = field(default_factory=list[tuple[int, Response]])
    """Base steps and answers of which notes sound or are not yet reported, oldest first."""

    @property
    def _answers(self) -> list[tuple[int, Response]]:
        """Base steps and all answers that still matter, oldest first."""
        return [*self.earlier, (self.base_step, self.response)]

    @property
    def grid(self) -> Grid:
        """The grid of the dream: step 0 is where its first answer began, at the present tempo."""
        own = self.response.grid
        return Grid(own.time_of(-self.base_step), own.step_ns)

    def postpone_if_late(self, now_ns: int) -> int:
        """Move the answer under way to the next beat or bar line if it is late; return by how many steps it moved."""
        steps = self.response.postpone_if_late(now_ns)
        if self.base_step:
            # The section begins later too if it begins with this answer.
            self.section_start_step += steps if self.section_start_step == self.base_step else 0
            self.base_step += steps
        return steps

    def start_next_answer(self, now_ns: int, ask: Ask) -> Response:
        """Append an answer to `ask`, to begin where the present one ends; forget what is reported and has ended."""
        previous = self.response
        self.earlier.append((self.base_step, previous))
        for base_step, response in self.earlier:
            response.forget_notes(before_step=self.section_start_step - base_step)
        self.earlier = [(base_step, response) for base_step, response in self.earlier if response.notes]
        self.base_step += previous.ask.steps
        grid = Grid(previous.end_ns, previous.grid.step_ns)
        shared_step = None if previous.shared_step is None else previous.shared_step + previous.ask.steps
        self.response = Response(
            ask, grid, previous.settings, now_ns, previous.scheduler, shared_step, previous.start_unit
        )
        return self.response

    @property
    def section_is_complete(self) -> bool:
        """True if the section is long enough to be reported when the answer under way ends."""
        return self.base_step + self.response.ask.steps - self.section_start_step >= SECTION_STEPS

    def start_section(self, announced_ask: int) -> None:
        """Begin another section where the answer under way ends, announced with ask number `announced_ask`."""
        self.section_start_step, self.announced_ask = self.base_step + self.response.ask.steps, announced_ask

    def reported_notes(self, until_ns: int | None = None) -> tuple[Note, ...]:
        """Return the notes of the present section, in steps from its beginning, cut off at `until_ns` if given."""
        notes = [
            replace(note, start=note.start + base_step - self.section_start_step)
            for base_step, response in self._answers
            for note in response.notes.values()
            if note.start + base_step >= self.section_start_step
        ]
        return cut_notes(notes, Grid(self.grid.time_of(self.section_start_step), self.grid.step_ns), until_ns)

    @property
    def last_note_end_ns(self) -> int:
        """End of the last known note; the dream's beginning if none is known."""
        steps = (base_step + note.end for base_step, response in self._answers for note in response.notes.values())
        return self.grid.time_of(max(steps, default=0))

    def follow_grid(self, now_ns: int, shared: Grid, shift_steps: int) -> None:
        """Move the notes to where their steps lie on the shared grid now; their numbers grow by `shift_steps`."""
        for _, response in self._answers:
            response.follow_grid(now_ns, shared, shift_steps)

    def change_tempo(self, now_ns: int, step_ns: int) -> None:
        """Go on at another tempo: the music stays where it is at `now_ns`."""
        for _, response in self._answers:
            response.change_tempo(now_ns, step_ns)

    def apply_voice_settings(self, now_ns: int, settings: Settings) -> list[Send]:
        """Play the notes that still sound or are to come as the voices are set now."""
        return [send for _, response in self._answers for send in response.apply_voice_settings(now_ns, settings)]
