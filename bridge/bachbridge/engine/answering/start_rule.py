"""Where an answer begins and how long it lasts, from the player's choice (`Settings.start`) and the meter.

- beat: on the next beat;
- bar: on the next bar line; an answer as long as the phrase lasts whole bars;
- downbeat: on the next bar line as well, and the answer ends as many beats before a bar line as the phrase began before
  one, so that phrase and answer together are whole bars and the next upbeat follows without a gap.

An answer that repeats the phrase in another form ("harmonize", "vary") begins where the phrase began in its bar.
"""

from dataclasses import replace

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import NS_PER_MS, Phrase
from bachbridge.protocol.effects import PhraseEnded
from bachbridge.settings import Settings, task_for_answer


def place_answer(
    settings: Settings, phrase_ended: PhraseEnded, shared: Grid | None, soonest_ns: int, beat_step: int
) -> tuple[PhraseEnded, int]:
    """Return the phrase, extended to its answer's first step, and the time at which that step is sent (ns).

    The answer is sent at `soonest_ns` or later and heard `settings.latency_ms` after that. `shared` is the grid that
    the DAW shares with us; a phrase that lies beside it is answered on it. `beat_step` is a step of the phrase on a
    beat, for a phrase whose bar lines are unknown.
    """
    grid = Grid(phrase_ended.origin_ns, phrase_ended.step_ns)
    latency_ns = settings.latency_ms * NS_PER_MS
    heard_ns = soonest_ns + latency_ns
    if shared and not grid.lies_on(shared):
        step = _start_step(settings, replace(phrase_ended.phrase, position=0), shared, heard_ns)
        return replace(phrase_ended, step_ns=shared.step_ns), shared.time_of(step) - latency_ns
    step = _start_step(settings, phrase_ended.phrase, grid, heard_ns, beat_step)
    extended = replace(phrase_ended, phrase=_extend_phrase(phrase_ended.phrase, step))
    return extended, grid.time_of(step) - latency_ns


def _start_step(settings: Settings, phrase: Phrase, grid: Grid, soonest_ns: int, beat_step: int = 0) -> int:
    """Return the step of the phrase's `grid` on which its answer begins, at `soonest_ns` or later.

    `beat_step` is a step on a beat, for a phrase whose bar lines are unknown.
    """
    position = -beat_step if phrase.position is None else phrase.position
    if settings.start not in ("bar", "downbeat"):
        beat = settings.steps_per_beat
        return grid.next_step(soonest_ns, beat, -position % beat)
    repeats = task_for_answer(settings.answer) != "continue"
    return grid.next_step(soonest_ns, phrase.steps_per_bar, 0 if repeats else -position % phrase.steps_per_bar)


def _extend_phrase(phrase: Phrase, to_step: int) -> Phrase:
    """Return the phrase as long as its place in the bar needs for an answer that begins at `to_step`.

    Its last notes are held until then. A pause of whole bars before the answer is left out. A phrase whose bar lines
    are unknown stays as it is.
    """
    missing = (to_step - phrase.steps) % phrase.steps_per_bar
    if phrase.position is None or not missing:
        return phrase
    end = phrase.steps + missing
    last_end = max((note.end for note in phrase.notes), default=0)
    notes = tuple(replace(note, length=end - note.start) if note.end == last_end else note for note in phrase.notes)
    return replace(phrase, notes=notes, steps=end)


def answer_steps(settings: Settings, phrase: Phrase, bars: int) -> int:
    """Return the length of a continuation: `bars` bars, or about the phrase's own length if `bars` is 0."""
    bar = phrase.steps_per_bar
    upbeat = -(phrase.position or 0) % bar
    on_bar_line = phrase.position is not None and (phrase.position + phrase.steps) % bar == 0
    if not on_bar_line or settings.start not in ("bar", "downbeat"):
        return bars * bar or phrase.steps
    whole = max(bar, bars * bar or phrase.steps - upbeat)
    return whole - upbeat if settings.start == "downbeat" else whole
