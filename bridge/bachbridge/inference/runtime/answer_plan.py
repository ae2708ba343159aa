"""The plan of a continuation, the same for all models of four voices: how it closes, and which bars it recalls."""

from dataclasses import dataclass

from bachbridge.music.notes import Key
from bachbridge.music.phrasing.close_plan import ClosePlan, has_raised_third, plan_close
from bachbridge.music.phrasing.recall import Recall, plan_recall
from bachbridge.protocol.effects import Ask


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """The close and the recall of an answer; its first step lies `position` steps into a bar."""

    position: int
    close: ClosePlan | None
    recall: Recall | None


def plan_answer(ask: Ask, key: Key | None) -> AnswerPlan:
    """Return the plan of the answer to an ask to continue in `key`; what is recalled is over before the close."""
    phrase = ask.prompt
    position = ((phrase.position or 0) + phrase.steps) % phrase.steps_per_bar
    close = plan_close(
        ask.close,
        key,
        ask.steps,
        position=position,
        steps_per_bar=phrase.steps_per_bar,
        has_raised_third=has_raised_third(ask.seed),
    )
    last_step = close.approach if close else ask.steps
    recall = plan_recall(phrase.steps, ask.steps, phrase.steps_per_bar, last_step, ask.seed)
    return AnswerPlan(position, close, recall)
