"""The quick way out of a tune in ABC: which of the characters that may come next lead to its end.

A word is finished as soon as it can be, a section closed as soon as it may be. A bar with nothing in it yet, or with an
unfinished word, is filled with the longest note that fits and leaves out what the tune's pickup is: a first ending must
be as much shorter (see `abcbars`), and the last bar of any section had better be. From any state this takes a few bars
at most: what is left of this one, one more where a first ending has overrun the pickup, and a second ending.
"""

from bachbridge.codecs.abc.bars import Bars
from bachbridge.codecs.abc.grammar import LETTERS, State
from bachbridge.codecs.abc.tokens import LENGTHS, LONGER

_ENDS = ("|]", ":|")


def closing(state: State) -> frozenset[str]:
    """Of what is allowed, that which ends the tune soon; some of it, unless the tune is over."""
    allowed = state.allowed()
    match state.phase:
        case "field":
            chars = {"\n"} if "\n" in allowed else _next_line(state, allowed)
        case "quote":
            chars = {'"'}
        case "sign":
            chars = set(LETTERS)
        case "note":
            chars = _rest_of_note(state, allowed)
        case "line":
            chars = _rest_of_line(state)
        case "music":
            chars = _between(state, allowed)
        case _:
            chars = set(allowed)
    return allowed & chars or allowed


def _next_line(state: State, allowed: frozenset[str]) -> set[str]:
    """The line that the header still needs."""
    if state.lines.token:
        return set(allowed)
    return {"K"} if "K" in allowed else {"M"}


def _goal(bars: Bars) -> int:
    """The quanta that are still to be filled in this bar: without the pickup, unless that is reached already."""
    rest = bars.rhythm.left - bars.pickup
    return rest if bars.rhythm.size == bars.bar and rest > 0 else bars.rhythm.left


def _rest_of_note(state: State, allowed: frozenset[str]) -> set[str]:
    """The next character of the note's length, or what may follow the note."""
    if state.tie and state.token != state.tie:
        return {state.tie[len(state.token)]}
    rhythm, goal = state.music.rhythm, _goal(state.music)
    fitting = [(value, after) for value in LONGER[state.length] if (after := rhythm.note(value))]
    within = [value for value, after in fitting if not rhythm.tuplet and rhythm.left - after.left <= goal]
    value = max(within, default=min(value for value, _ in fitting))
    if LENGTHS.get(state.length) == value:
        return _between(state.ended, allowed) if state.ended else set(allowed)
    return {LONGER[state.length][value][len(state.length)]}


def _rest_of_line(state: State) -> set[str]:
    """The bar line that ends a section, if it can become one."""
    token = state.token
    for end in _ENDS:
        if end.startswith(token) and state.music.close(end) and not state.tie:
            return {end[len(token)]} if end != token else set("[\n")
    return set(LETTERS)


def _between(state: State, allowed: frozenset[str]) -> set[str]:
    bars = state.music
    if bars.complete and "\n" in allowed:
        return {"\n"}
    if bars.must_end_twice:
        return {"["}
    ends = {end[0] for end in _ENDS if bars.close(end) and not state.tie}
    if ends & allowed:
        return ends
    return {"|"} if bars.rhythm.left == 0 and bars.rhythm.whole else set(LETTERS)
