"""The end of a phrase as its meter foretells it.

Phrases tend to last a whole number of bar pairs, to end on a long note, and to be followed by a breath (F. Lerdahl and
R. Jackendoff, "A Generative Theory of Tonal Music", 1983, ch. 4: symmetry and the rules of proximity). So a bar line
after an even number of bars ends the phrase if a breath goes before it; the longer the last note, the shorter the
breath. A last note that is still held must be longer still. Any other silence must last as long as is set.
"""

from collections.abc import Sequence
from statistics import median

from bachbridge.engine.answering.phrase_recorder import KeyPress, PhraseRecorder

_BREATH_BEATS, _BREATH_AFTER_LONG_BEATS = 0.9, 0.1
_LONG_NOTE_BEATS, _LONG_HELD_BEATS = 0.8, 1.85
_LONG_NOTE_FACTOR = 1.5
"""A long note is at least this many times the median length."""
_COMPARED_NOTES = 32
"""Number of notes before the last one whose median length counts."""


def first_bar_line(bar_step: int, steps_per_bar: int) -> int:
    """Return the step from which the bars of a phrase are counted; the phrase begins at step 0.

    `bar_step` is any bar line. What goes before the next bar line is an upbeat if it lasts half a bar or less;
    otherwise the phrase began with a rest, and the step is negative.
    """
    upbeat = bar_step % steps_per_bar
    return upbeat if 2 * upbeat <= steps_per_bar else upbeat - steps_per_bar


def foreseen_end_ns(
    recorder: PhraseRecorder, bar_step: int, steps_per_bar: int, steps_per_beat: int, lead_ns: int
) -> int | None:
    """Return the time of the bar line at which the phrase should end if nothing more is played; None if none does.

    What decides must be known `lead_ns` before the bar line.
    """
    grid, presses = recorder.grid, recorder.key_presses
    beat_ns, pair_steps = steps_per_beat * grid.step_ns, 2 * steps_per_bar
    begin = first_bar_line(bar_step, steps_per_bar)
    earliest_ns = _earliest_end_ns(recorder, presses, beat_ns, lead_ns)
    if earliest_ns is None:
        return None
    line = max(begin + pair_steps, grid.next_step(earliest_ns, pair_steps, begin % pair_steps))
    return grid.time_of(line)


def _earliest_end_ns(recorder: PhraseRecorder, presses: Sequence[KeyPress], beat_ns: int, lead_ns: int) -> int | None:
    """Return the earliest time at which a bar line ends the phrase, as far as its last notes decide."""
    last = presses[-1]
    earlier = presses[-1 - _COMPARED_NOTES : -1]
    typical_ns = median(_length_ns(press, last.on_ns) for press in earlier) if earlier else 0
    if recorder.silent_since_ns is not None:
        is_long = _length_ns(last, recorder.silent_since_ns) >= max(
            _LONG_NOTE_BEATS * beat_ns, _LONG_NOTE_FACTOR * typical_ns
        )
        breath_ns = round((_BREATH_AFTER_LONG_BEATS if is_long else _BREATH_BEATS) * beat_ns)
        return recorder.silent_since_ns + max(lead_ns, breath_ns)
    if recorder.held_keys and not recorder.pedal_down:
        return last.on_ns + round(max(_LONG_HELD_BEATS * beat_ns, _LONG_NOTE_FACTOR * typical_ns))
    return None


def _length_ns(press: KeyPress, until_ns: int) -> int:
    return (until_ns if press.off_ns is None else press.off_ns) - press.on_ns
