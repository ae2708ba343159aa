"""The table of `bachbridge evaluate phrase-ends`: precision, recall and F1 of what is predicted in several ways."""

from bachbridge.errors import ModelError
from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge_training.evaluation.tables import EvaluationTables
from bachbridge_training.phrasing import nll, scores
from bachbridge_training.phrasing.melodies import PhrasedMelody


def build_tables(net: PhraseEndNet, melodies: list[PhrasedMelody]) -> EvaluationTables:
    """Score the network on the melodies; raises `ModelError` if there are none."""
    if not melodies:
        raise ModelError("none of these pieces has fermatas throughout: score another part.")
    offline = scores.score_divisions(net, melodies).as_column()
    columns = {
        "future seen": offline | {"nats_per_note": nll.nats_per_note(net, melodies)},
        "without last notes": scores.score_divisions(net, melodies, has_last=False).as_column(),
        "no bar lines": scores.score_divisions(net, melodies, is_placed=False).as_column(),
        "live, as it begins": scores.score_live(net, melodies, is_held=False).as_column(),
        "live, held": scores.score_live(net, melodies, is_held=True).as_column(),
        "long notes": scores.score_long_notes(melodies).as_column(),
    }
    return EvaluationTables(columns)
