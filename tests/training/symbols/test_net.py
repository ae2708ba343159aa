"""The network of symbol sequences: window and step agree, padding is neutral, memory is bounded, files agree."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bachbridge.errors import ModelError
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import read_card
from bachbridge_training import onnx_export, recipe
from bachbridge_training.nets import attention as copy_attention
from bachbridge_training.nets.motions import letter_motions, pitch_motions
from bachbridge_training.recipe import AnyRecipe, SymbolRecipe
from bachbridge_training.runs import checkpoints
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs import train as training_run
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import step_graph
from bachbridge_training.symbols import task as symbols_task
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import SymbolPiece
from bachbridge_training.symbols.task import SymbolTask
from tests.training.runs.run_commands import untimed

REACH = 20
REFERENCE_PITCH = np.array([-1, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, -1])
CHORDS = Alphabet(
    (12, 5, 4),
    np.vstack([np.zeros((1, 9)), np.eye(8, 9), np.eye(8, 9)[:2] + np.eye(8, 9)[4:6], np.eye(9)[8:]]),
    REFERENCE_PITCH,
    8,
    pitch_motions(REFERENCE_PITCH, 8),
)
"""Eight pitches, two chords of two, and a rest; durations; velocities."""
TEXT = Alphabet((7,), motion_table=letter_motions({1: 0, 2: 1, 5: 2}, 7))


def small(**changes: object) -> SymbolRecipe:
    shipped = recipe.read_recipe("play-bach-heads")
    assert isinstance(shipped, SymbolRecipe)
    tiny = replace(
        shipped, units=8, layers=2, embedding=6, head=5, attention=2, reach=REACH, dropout=0.0, window=24, batch=4,
        steps=6, steps_per_epoch=3, warmup=2, learning_rate=1e-2, averaging=0.9, shifts=0, melodic_sequences=False,
    )  # fmt: skip
    return replace(tiny, **changes)  # pyright: ignore[reportArgumentType]  a test names the fields that it changes


def piece(alphabet: Alphabet, length: int = 50, seed: int = 1) -> SymbolPiece:
    """Random symbols, and then the same symbols again."""
    rng = np.random.default_rng(seed)
    symbols = np.stack([rng.integers(1, size, length // 2) for size in alphabet.vocab_sizes], axis=1).astype(np.int32)
    return SymbolPiece(f"piece {seed}", {0: np.concatenate([symbols, symbols])})


def window_logits(task: SymbolTask, item: symbols_batches.SymbolBatch) -> np.ndarray:
    """Return the logits `[symbol, id]` of a window without a batch axis."""
    found = task.model([its[None] for its in item.trainer_inputs], training=False)
    return np.concatenate([np.asarray(its)[0] for its in (found if isinstance(found, list) else [found])], axis=-1)


def step_logits(task: SymbolTask, item: symbols_batches.SymbolBatch) -> np.ndarray:
    """Return the same logits one symbol at a time, with only the rows within reach."""
    net = task.network
    state = [np.zeros(shape, np.float32) for shape in step_graph.state_shapes(net)]
    memory: list[np.ndarray] = []
    if net.memory_attention:
        kept = 1 + 2 * bool(net.sequences)
        memory = [np.zeros((1, 0, net.memory_attention.row_size), np.float32), *[np.zeros((1, 0), np.float32)] * kept]
    found: list[np.ndarray] = []
    for ids, target in zip(item.ids, item.target, strict=True):
        hidden, *after = (np.array(its) for its in step_graph.core(net, ids[None], *state, *memory))
        state = after[:2]
        if net.memory_attention:
            row, *grown = after[2:]
            rows = np.concatenate([memory[0], row], axis=1)
            shares = grown[len(memory) - 1 :]
            memory = [rows[:, -REACH:], *(its[:, -REACH:] for its in grown[: len(memory) - 1])]
            first = net.alphabet.vocab_sizes[0]
            for its in shares:
                hidden[0, :first] = onnx_nets.add_copy_shares(hidden[0, :first], its[0], rows[0, :, -1])
        several = len(net.alphabet.vocab_sizes) > 1
        found.append(np.asarray(step_graph.heads(net, hidden, target[None]) if several else hidden)[0])
    return np.stack(found)


@pytest.mark.parametrize(
    ("alphabet", "changes"),
    [
        (CHORDS, {}),
        (CHORDS, {"melodic_sequences": True}),
        (TEXT, {"copying": False, "layers": 1}),
        (TEXT, {"copying": False, "melodic_sequences": True}),
        (TEXT, {"attention": 0, "copying": False}),
    ],
    ids=["chords", "chords with sequences", "text", "text with sequences", "plain"],
)
def test_window_and_step_agree(alphabet: Alphabet, changes: dict[str, object]) -> None:
    task = SymbolTask(small(**changes), alphabet, {})
    item = symbols_batches.whole_piece(piece(alphabet))
    np.testing.assert_allclose(step_logits(task, item), window_logits(task, item), atol=1e-5)


def test_untrained_network_copies_earlier_symbols() -> None:
    long = piece(TEXT, 200)
    task = SymbolTask(small(reach=1024), TEXT, {})
    logits = window_logits(task, symbols_batches.whole_piece(long))
    correct = logits.argmax(axis=-1) == long.symbols[:, 0]
    assert correct[140:].mean() > 0.9 > correct[:100].mean() + 0.4


def test_untrained_network_continues_a_figure_at_another_pitch() -> None:
    """Up a fourth and down a fifth, again and again: pitches that were never heard are expected for their motion."""
    figure = 20 + np.cumsum([0] + [5, -7] * 8)
    one = np.eye(40, dtype=np.float32)
    alphabet = Alphabet((40,), one[:, 1:], np.arange(40) - 1, 39, pitch_motions(np.arange(40) - 1, 39))
    line = SymbolPiece("sequence", {0: figure[:, None].astype(np.int32)})
    item = symbols_batches.whole_piece(line)
    after = {
        following: window_logits(SymbolTask(small(melodic_sequences=following, copying=False), alphabet, {}), item)
        for following in (False, True)
    }
    gain = (after[True] - after[False]).argmax(axis=-1) == item.target[:, 0]
    assert gain[5:].all()


def test_motions_are_steps_of_a_scale() -> None:
    table = pitch_motions(np.array([-1, 0, 3, 4, 7, 6, 15]), 16)
    up = dict(enumerate(table.motions[1, 1:].tolist()))
    assert up[3] == up[4] != up[15], "a third, and a tenth"
    assert len({up[5], up[6], up[7]}) == 3
    assert table.motions[8, 1] not in {up[5], up[7]}, "down is not up"
    assert table.motions[0].tolist() == [0] * 17
    letters = letter_motions({1: 0, 2: 1, 5: 2}, 7)
    assert letters.motions[1, letters.columns[2]] == letters.motions[2, letters.columns[5]]
    assert letters.motions[1, letters.columns[3]] != letters.motions[1, letters.columns[4]]


def test_match_indicators_count_back_from_the_symbol() -> None:
    ids = np.array([[1, 2, 3, 1, 2, 3]], np.int32)
    levels = [np.asarray(its)[0] for its in copy_attention.match_indicators(ids)]
    # After the second 3, all three symbols agree with those before the second 1, which is row 3.
    assert [level[5, 3] for level in levels[:3]] == [1, 1, 0]
    assert levels[0][5].tolist() == [0, 0, 0, 1, 0, 0]
    assert levels[1][3][:4].tolist() == [0, 0, 0, 0], "the first 1 has nothing before it"


def test_padding_does_not_change_logits_or_loss() -> None:
    task = SymbolTask(small(), CHORDS, {})
    short, long = piece(CHORDS, 20), piece(CHORDS, 30, seed=2)
    items = [symbols_batches.whole_piece(its) for its in (short, long)]
    together = task.model(symbols_batches.stack_windows(items, 40).trainer_inputs, training=False)
    for number, item in enumerate(items):
        for padded, alone in zip(
            together, task.model([its[None] for its in item.trainer_inputs], training=False), strict=True
        ):
            ours = np.asarray(padded)[number, : len(item.ids)]
            np.testing.assert_allclose(ours, np.asarray(alone)[0], atol=1e-5)
    alone = np.array(
        [np.asarray(task.loss_model(symbols_batches.stack_windows([item], 30).trainer_inputs)).sum() for item in items]
    )
    both = np.asarray(task.loss_model(symbols_batches.stack_windows(items, 40).trainer_inputs)).sum()
    assert both == pytest.approx((alone * [20, 30]).sum() / 50, rel=1e-5)


def test_cut_window_begins_with_the_symbol_before() -> None:
    symbols = np.arange(1, 9, dtype=np.int32)[:, None]
    item = symbols_batches.cut_window(symbols, 3, 6)
    assert (item.ids[:, 0].tolist(), item.target[:, 0].tolist(), item.before.tolist()) == ([3, 4, 5], [4, 5, 6], [2])
    first = symbols_batches.cut_window(symbols, 0, 2)
    assert (first.ids[:, 0].tolist(), first.target[:, 0].tolist(), first.before.tolist()) == ([0, 1], [1, 2], [0])


def test_batches_depend_on_seed_and_number_alone() -> None:
    pieces = [piece(CHORDS), piece(CHORDS, 20, seed=2)]
    ours, theirs = (symbols_batches.SymbolBatches(pieces, small()) for _ in range(2))
    theirs.batch(0)
    assert all(
        (a == b).all() for a, b in zip(ours.batch(1).trainer_inputs, theirs.batch(1).trainer_inputs, strict=True)
    )
    assert (ours.batch(1).target != ours.batch(2).target).any()


def test_joined_pieces_follow_pieces_with_the_same_ending() -> None:
    def ending_on(number: int, *pitch_classes: int) -> SymbolPiece:
        symbols = np.full((30, 1), number, np.int32)
        return SymbolPiece(str(number), {0: symbols, 2: symbols + 10}, final_pitch_classes=frozenset(pitch_classes))

    pieces = [ending_on(1, 0, 4), ending_on(2, 2, 6), ending_on(3, 0, 4), ending_on(4, 1)]
    recipe = small(joined=True, window=50, batch=40)
    followed: dict[int, set[int]] = {}
    for number in range(5):
        targets = symbols_batches.SymbolBatches(pieces, recipe).batch(number).target[..., 0]
        assert targets.all()
        for row in targets.tolist():
            for one, other in pairwise(row):
                if one != other:
                    followed.setdefault(one, set()).add(other)
    assert followed[1] == {3}  # 3 follows 1, and so does 1 itself, which cannot be seen here
    assert followed[11] == {2, 13}  # transposed up by two semitones, it ends like the second piece
    assert followed[2] == {11, 13}
    assert followed.get(4, {4}) == {4}

    padded = symbols_batches.SymbolBatches(pieces, replace(recipe, joined=False)).batch(0).target[..., 0]
    assert all(len(set(row) - {0}) == 1 for row in padded.tolist())
    assert (padded == 0).any(axis=1).all()


def test_exported_files_agree_and_bound_their_memory(tmp_path: Path) -> None:
    task, music = SymbolTask(small(melodic_sequences=True), CHORDS, {"vocabulary": {}}), piece(CHORDS, 160)
    onnx_export.export_model(task.make_export(), tmp_path / "toy", held_out_piece=music)
    card = read_card(tmp_path / "toy")
    assert card.facts["metrics"]["onnx_against_keras"] < 1e-5
    assert (card.codec, card.tasks, card.facts["sizes"]) == ("chords", ("continue",), [12, 5, 4])
    net = onnx_nets.load_symbol_net(card)
    scores = symbols_nll.summary(symbols_nll.evaluate(net, [music]))["all"]
    expected = symbols_task.bits_per_symbol(task.model, [music])
    assert scores["bits_per_symbol"] == pytest.approx(expected["valid"], abs=1e-4)
    assert scores["accuracy_2"] == pytest.approx(expected["accuracy_2"])

    states = [net.initial_state()]
    for symbol in music.symbols:
        states.append(net.core(symbol[None], states[-1])[1])
    *kept, rows = states[-1][2:]
    assert [its.shape[1] for its in (*kept, rows.array)] == [REACH] * 4
    hidden, _ = net.core(music.symbols[:1], states[100])
    again, _ = net.core(music.symbols[:1], states[100])
    assert (hidden == again).all()


@pytest.mark.soak
def test_resumed_run_equals_uninterrupted_run(tmp_path: Path) -> None:
    quick, pieces = small(dropout=0.2), [piece(CHORDS), piece(CHORDS, 30, seed=2)]

    def build_task(recipe: AnyRecipe) -> SymbolTask:
        assert isinstance(recipe, SymbolRecipe)
        return SymbolTask(recipe, CHORDS, {})

    uninterrupted, stopped, resumed = (training_step.start_run(quick, build_task) for _ in range(3))
    training_run.train(uninterrupted, pieces, pieces, tmp_path / "uninterrupted")
    training_run.train(stopped, pieces, pieces, tmp_path / "stopped", last_step=3)
    checkpoints.resume_run(resumed, tmp_path / "stopped")
    training_run.train(resumed, pieces, pieces, tmp_path / "stopped")
    assert [row["step"] for row in resumed.history] == [3, 6]
    for ours, theirs in zip(untimed(uninterrupted.history), untimed(resumed.history), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    assert {"loss", "valid", "accuracy", "bits_1", "accuracy_1"} <= resumed.history[0].keys()
    assert (tmp_path / "stopped" / run_history.LOSS_PLOT_FILE).read_bytes().startswith(b"\x89PNG")


def test_load_symbol_net_refuses_a_chorale_model() -> None:
    shipped = read_card(Path(__file__).parents[3] / "models/chorale-lstm")
    with pytest.raises(ModelError, match="choose another model"):
        onnx_nets.load_symbol_net(shipped)
