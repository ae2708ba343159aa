"""Print the backend of the environment, and how much an exported model's logits differ from its run's under it.

KERAS_BACKEND=jax python onnx_difference.py RUN MODEL
"""

import sys
from pathlib import Path

import keras

from bachbridge_training import recipe
from bachbridge_training.runs import checkpoints, run_data, step
from bachbridge_training.runs.stages import finished_run


def onnx_difference(run: Path, model: Path) -> float:
    """Return the largest difference of a logit on the first validation piece."""
    run = finished_run(run)
    wanted = recipe.read_recipe(str(run / recipe.RECIPE_FILE))
    its_data = run_data.reload_run_data(wanted, run, data=None)
    trained = step.start_run(wanted, its_data.build_task)
    checkpoints.load_best_weights(trained, run)
    model_export = trained.task.make_export()
    return model_export.max_difference(model_export.load_runtime(model), its_data.valid[0])


if __name__ == "__main__":
    difference = onnx_difference(Path(sys.argv[1]), Path(sys.argv[2]))
    print(keras.config.backend(), difference)
