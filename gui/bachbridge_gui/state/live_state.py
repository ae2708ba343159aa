"""The live state of the dialogue, in one word for the sign in the top bar."""

from enum import Enum

from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.view_types import PLAYER

_LONGEST_THOUGHT_NS = 12_000_000_000
"""A phrase that has no answer after this time is not being answered."""


class LiveState(Enum):
    """The value is the word that the window shows."""

    LOADING = "Getting ready"
    OFF = "Off"
    LISTENING = "Listening"
    PLAYER = "You play"
    THINKING = "Thinking"
    ANSWERING = "Answering"
    TOGETHER = "Playing along"


def current_live_state(state: AppState, now_ns: int) -> LiveState:
    """Return the state at `now_ns`."""
    timeline = state.timeline
    sounding = {note.voice == PLAYER for note in timeline.sounding_notes()}
    if sounding == {True, False}:
        return LiveState.TOGETHER
    if False in sounding or timeline.planned or state.exchange_builder.is_answering:
        return LiveState.ANSWERING
    if True in sounding:
        return LiveState.PLAYER
    if not state.ready_model:
        return LiveState.LOADING
    if state.settings.mode == "off":
        return LiveState.OFF
    if state.exchange_builder.awaits_answer and now_ns - timeline.last_event_ns < _LONGEST_THOUGHT_NS:
        return LiveState.THINKING
    return LiveState.LISTENING
