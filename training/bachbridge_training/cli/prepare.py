"""`bachbridge prepare MUSIC`: make shards of a large collection, on this machine or on a Dask cluster."""

import json as json_format
import shlex
from pathlib import Path

import msgspec

from bachbridge.console import make_console
from bachbridge_training import recipe as recipes
from bachbridge_training.collection.worker_tasks import MusicEncoder
from bachbridge_training.datasets import suitability


def prepare_music(
    source: Path,
    *,
    recipe: str,
    output: Path,
    scheduler: str | None,
    jobs: int | None,
    seconds: float,
    keep_near: bool,
    json: bool,
) -> None:
    """Prepare a folder or a list of files for a recipe, and print the report on stderr; with `json` on stdout too."""
    from rich.markdown import Markdown

    from bachbridge_training.collection import cluster, collection_report, preparation
    from bachbridge_training.runs.families import family_of

    wanted = recipes.read_stages(recipe)[0].recipe
    suitability.converter_for(wanted)
    family = family_of(wanted.codec)
    encoder = MusicEncoder(wanted, family.count_music, family.facts_from_counts, family.encode_music)
    options = preparation.PreparationOptions(seconds, keep_near=keep_near)
    preparation.check_places(source, output)
    with cluster.open_cluster(scheduler, jobs) as client:
        report = preparation.prepare_collection(client, source, output, encoder, options)
    make_console(stderr=True, highlight=False).print(Markdown(collection_report.report_page(report)))
    if json:
        print(json_format.dumps(msgspec.to_builtins(report), indent=2))
    else:
        command = shlex.join(("bachbridge", "train", recipe, "--data", str(output)))
        print(f"the shards are in {output}; train a model on them: {command}")
