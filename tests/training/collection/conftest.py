"""Small collections, and a Dask cluster whose workers are threads of this process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bachbridge.music.notes import Note
from bachbridge_training import recipe as recipes
from bachbridge_training.collection import cluster
from bachbridge_training.collection.cluster import DaskClient
from bachbridge_training.collection.worker_tasks import MusicEncoder
from bachbridge_training.runs.families import family_of
from scripts.figures import generate_collection

SCALE = (0, 2, 4, 5, 7, 9, 11)


def chorale_notes(seed: int, bars: int = 8, shift: int = 0) -> list[Note]:
    """Return a random melody over chords in four voices, transposed by `shift` semitones; one seed, one piece."""
    rng = np.random.default_rng(seed)
    degree = 2
    notes: list[Note] = []
    for beat in range(4 * bars):
        degree = int(np.clip(degree + rng.integers(-3, 4), -3, 4))
        for voice, (below, base) in enumerate(((0, 67), (2, 64), (4, 60), (7, 60))):
            octave, place = divmod(degree - below + 7, 7)
            notes.append(Note(4 * beat, 4, base + 12 * (octave - 1) + SCALE[place] + shift, voice=voice))
    return notes


def chorale_midi(seed: int, bars: int = 8, shift: int = 0) -> bytes:
    return generate_collection.encode_midi(chorale_notes(seed, bars, shift), 16)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 23 different pieces in three formats, copies in other formats and keys, and damaged files."""
    folder = tmp_path_factory.mktemp("collection") / "music"
    (folder / "inner").mkdir(parents=True)
    for seed in range(20):
        (folder / f"{seed:02}.mid").write_bytes(chorale_midi(seed))
    for seed in range(20, 23):
        (folder / "inner" / f"{seed}.musicxml").write_bytes(generate_collection.encode_score(chorale_notes(seed), 16))
    (folder / "copy.abc").write_bytes(generate_collection.encode_abc(chorale_notes(3), 16))
    (folder / "copy.mid").write_bytes(chorale_midi(4))
    for seed in (5, 6, 7):
        (folder / "inner" / f"transposed-{seed}.mid").write_bytes(chorale_midi(seed, shift=2))
    for seed in (8, 9):
        (folder / "inner" / f"longer-{seed}.mid").write_bytes(chorale_midi(seed, bars=10))
    (folder / "cut.mid").write_bytes(chorale_midi(1)[:40])
    (folder / "solo.mid").write_bytes(generate_collection.encode_midi(chorale_notes(1)[::4], 16))
    (folder / "page.musicxml").write_bytes(b"<html></html>")
    (folder / "read me.txt").write_bytes(b"no music")
    return folder


@pytest.fixture(scope="module")
def client() -> Iterator[DaskClient]:
    with cluster.open_cluster(None, 2, in_threads=True) as client:
        yield client


def encoder_of(name: str) -> MusicEncoder:
    """Return the encoder of a shipped recipe."""
    recipe = recipes.read_stages(name)[0].recipe
    family = family_of(recipe.codec)
    return MusicEncoder(recipe, family.count_music, family.facts_from_counts, family.encode_music)
