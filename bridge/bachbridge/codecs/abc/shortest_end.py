"""The shortest way to the end of a tune in ABC: which of the characters that may come next lead there.

A token is finished as soon as it can be, and a section is closed as soon as it may be. A bar that is empty, or that has
an unfinished token, is filled with the longest note that fits, less the length of the tune's pickup: a first ending
must be shorter by as much (see `bars`), and the last bar of any section should be. From any state this takes a few
bars at most: the rest of this one, one more where a first ending has overrun the pickup, and a second ending.
"""

from bachbridge.codecs.abc.bars import BarState
from bachbridge.codecs.abc.grammar import NOTE_LETTERS, GrammarState
from bachbridge.codecs.abc.tokens import LENGTH_COMPLETIONS, LENGTH_QUANTA

_FINAL_BAR_LINES = ("|]", ":|")


def closing_characters(state: GrammarState) -> frozenset[str]:
    """Return the allowed characters that end the tune soon; at least one, unless the tune has ended."""
    allowed = state.allowed_characters()
    match state.phase:
        case "field":
            chars = {"\n"} if "\n" in allowed else _next_header_line(state, allowed)
        case "quote":
            chars = {'"'}
        case "sign":
            chars = set(NOTE_LETTERS)
        case "note":
            chars = _rest_of_note(state, allowed)
        case "line":
            chars = _rest_of_bar_line(state)
        case "music":
            chars = _between_tokens(state, allowed)
        case _:
            chars = set(allowed)
    return allowed & chars or allowed


def _next_header_line(state: GrammarState, allowed: frozenset[str]) -> set[str]:
    """Return the beginning of the line that the header still needs."""
    if state.header.token:
        return set(allowed)
    return {"K"} if "K" in allowed else {"M"}


def _quanta_to_fill(bar_state: BarState) -> int:
    """Return the quanta still to be filled in this bar: without the pickup, unless it is already cut into."""
    rest = bar_state.rhythm.left - bar_state.pickup
    return rest if bar_state.rhythm.size == bar_state.bar_quanta and rest > 0 else bar_state.rhythm.left


def _rest_of_note(state: GrammarState, allowed: frozenset[str]) -> set[str]:
    """Return the next character of the note's length, or those that may follow the note."""
    if state.pending_tie and state.token != state.pending_tie:
        return {state.pending_tie[len(state.token)]}
    rhythm, goal = state.bar_state.rhythm, _quanta_to_fill(state.bar_state)
    fitting = [(value, after) for value in LENGTH_COMPLETIONS[state.length] if (after := rhythm.add_note(value))]
    within_goal = [value for value, after in fitting if not rhythm.tuplet and rhythm.left - after.left <= goal]
    value = max(within_goal, default=min(value for value, _ in fitting))
    if LENGTH_QUANTA.get(state.length) == value:
        return _between_tokens(state.token_ended, allowed) if state.token_ended else set(allowed)
    return {LENGTH_COMPLETIONS[state.length][value][len(state.length)]}


def _rest_of_bar_line(state: GrammarState) -> set[str]:
    """Return the rest of a bar line that ends a section, if it can become one."""
    token = state.token
    for end in _FINAL_BAR_LINES:
        if end.startswith(token) and state.bar_state.close_bar(end) and not state.pending_tie:
            return {end[len(token)]} if end != token else set("[\n")
    return set(NOTE_LETTERS)


def _between_tokens(state: GrammarState, allowed: frozenset[str]) -> set[str]:
    bars = state.bar_state
    if bars.may_end_tune and "\n" in allowed:
        return {"\n"}
    if bars.needs_second_ending:
        return {"["}
    ends = {end[0] for end in _FINAL_BAR_LINES if bars.close_bar(end) and not state.pending_tie}
    if ends & allowed:
        return ends
    return {"|"} if bars.rhythm.left == 0 and bars.rhythm.allows_bar_line else set(NOTE_LETTERS)
