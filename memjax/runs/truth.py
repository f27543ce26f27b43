"""A truth for attribution methods: what retraining gives, in one folder that others can judge their scores by."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax.config.run_config import DEFAULT_KEEP, RunConfig
from memjax.errors import InputError
from memjax.exchange import written_as
from memjax.metrics import task_named
from memjax.runs.brittleness import removals, retrained, wrong_without
from memjax.runs.fit import fit_config
from memjax.runs.judge import QUANTITIES
from memjax.runs.progress import Teller
from memjax.runs.publish import check_free, publish
from memjax.runs.result import Result

KEPT = ("correct", "margin", "probability")  # outputs that are saved if none are named
BRITTLE_REPEATS = 5  # models for each removal
Files = dict[str, Callable[[Any], object]]  # by their names, what writes them


def make_truth(
    config: RunConfig, out: Path, teller: Teller, left_out: int, repeats: int, brittleness: int, remove: int,
    licence: str, creator: str, name: str,
) -> list[str]:  # fmt: skip
    """Trains models, twins and models without single examples, and writes the folder; returns the names of the files.

    The runs are in `runs/` of the folder, and the same call goes on with them after a stop.  Arguments as of
    `memjax truth`; the run folder of the settings is not taken.

    Raises:
      InputError: the folder holds other files, the task is not of classes, subsets have several sizes, or what training
        refuses.
    """
    from memjax.estimators import influence

    check_free(out)
    task = task_named(config.data.task)
    if task.targets != "classes":
        raise InputError(
            f"--task is {task.name}; a truth is of classes, as other programs read it. Train a run of this task on "
            "random subsets, and judge scores with memjax judge SCORES --run DIR"
        )
    if config.keep == DEFAULT_KEEP:
        config = replace(config, keep=KEPT)
    if config.subset.design not in ("fixed-size", "balanced"):
        raise InputError(
            f"--design is {config.subset.design}; a truth needs subsets of one size: fixed-size or balanced"
        )
    if left_out < 0 or repeats < 1:
        raise InputError(f"--left-out is {left_out} and --repeats {repeats}; give 0 or more, and 1 or more")
    if brittleness < 0 or remove < 1:
        raise InputError(f"--brittleness is {brittleness} and --remove {remove}; give 0 or more, and 1 or more")
    runs = out / "runs"
    models = fit_config(replace(config, run=str(runs / "models")), None, teller)
    if not models.dataset.num_test:
        raise InputError("there are no test examples: a truth says how training examples influence them")
    quantity = next(each for each in QUANTITIES if each in config.keep)
    num_train, masks = models.dataset.num_train, models.run.design.masks(np.arange(models.num_models))
    rows = _chosen(models, min(left_out, num_train))
    subsets = np.vstack([np.ones((1, num_train), bool), np.arange(num_train) != rows[:, None]])
    asked = {"twin": masks, "left-out": np.tile(subsets, (repeats, 1))}
    found = {}
    for seed, (folder, wanted) in enumerate(asked.items(), config.seed + 1):
        np.save(runs / f"{folder}.npy", wanted)
        result = retrained(models, runs / folder, runs / f"{folder}.npy", len(wanted), seed, teller)
        found[folder] = _outputs(result, quantity, len(wanted))
    ours = _outputs(models, quantity, len(masks))
    fine = np.isfinite(ours).all(1)
    own = np.nan_to_num(influence(masks[fine], ours[fine]).value)
    brittle = removals(models, own, np.arange(ours.shape[1]), brittleness, min(remove, num_train // 4), config.seed)
    if len(brittle.tests):
        how = BRITTLE_REPEATS, runs / "removed", config.seed + 1 + len(asked), teller
        brittle = brittle._replace(wrong=wrong_without(models, brittle.masks, brittle.tests, *how))
    whole = np.isfinite(ours).all(1) & np.isfinite(found["twin"]).all(1)
    alone = found["left-out"].reshape(repeats, len(subsets), -1)
    data = models.dataset
    truth = {
        "masks": masks[whole], "outputs": ours[whole], "twin_outputs": found["twin"][whole], "left_out": rows,
        "left_out_outputs": alone[:, 1:], "everything_outputs": alone[:, 0], "wrong_labels": data.mislabelled,
        "train_labels": data.train_labels, "test_labels": data.test_labels, "train_ids": models.ids,
        "test_ids": models.test_ids,
    }  # fmt: skip
    if len(brittle.tests):
        truth |= {f"brittle_{name}": values for name, values in brittle._asdict().items()}
    said = {"models": int(whole.sum()), "left_out": len(rows), "repeats": repeats, "wrong": int(data.mislabelled.sum()),
            "quantity": f"the {quantity.replace('_', ' ')}", "brittle": len(brittle.tests),
            "removed": min(remove, num_train // 4), "brittle_repeats": BRITTLE_REPEATS}  # fmt: skip
    return publish(models, out, licence, creator, name, _files(models, truth), said)


def _chosen(models: Result, count: int) -> np.ndarray:
    """Half the most memorized examples, half others at random; in ascending order."""
    order = models.estimates.most_memorized()
    first, rest = np.split(order, [count // 2])
    drawn = np.random.default_rng(models.config.seed).choice(rest, count - len(first), replace=False)
    return np.sort(np.append(first, drawn))


def _outputs(result: Result, quantity: str, num_models: int) -> np.ndarray:
    """(models, test) outputs; NaN of models that diverged."""
    saved, values = result.outcomes, np.full((num_models, result.dataset.num_test), np.nan, np.float32)
    values[saved.model_ids] = saved.test[quantity]
    return values


def _files(models: Result, truth: dict[str, np.ndarray]) -> Files:
    """The files of the truth, in NumPy's format and as dattri and quanda read them (YAML is written as text)."""
    data, masks = models.dataset, truth["masks"]
    examples = {"x_train": data.train_inputs, "y_train": data.train_labels, "x_test": data.test_inputs,
                "y_test": data.test_labels, "class_names": np.array(data.class_names)}  # fmt: skip
    subsets = [np.flatnonzero(mask).tolist() for mask in masks]
    places = "".join(f"  {number}: dattri/{number}\n" for number in range(len(subsets)))
    counts = f"num_subsets: {len(subsets)}\nnum_runs_per_subset: 1\n"
    texts = {
        "recipe.json": json.dumps({**models.run.plan.config, "environment": models.run.plan.environment}, indent=1),
        "dattri/metadata.yml": f"mode: lds\n{counts}subset_dir_map:\n{places}",
        "quanda/lds_subsets.yaml": "".join(f"- {json.dumps(rows)}\n" for rows in subsets),
    }  # fmt: skip
    texts |= {f"dattri/{number}/indices.txt": "\n".join(map(str, rows)) for number, rows in enumerate(subsets)}
    if (wrong := np.flatnonzero(data.mislabelled)).size:
        labels = "".join(f"  {row}: {data.train_labels[row]}\n" for row in wrong)
        texts["quanda/mislabeling.yaml"] = (
            f"p: {len(wrong) / data.num_train}\nseed: {models.config.data.data_seed}\ncls_idx: null\n"
            f"n_classes: {data.num_classes}\ntransform_indices: {wrong.tolist()}\nmislabeling_labels:\n{labels}"
        )
    files: Files = {"truth.npz": written_as("npz", truth), "data.npz": written_as("npz", examples)}
    return files | {name: lambda stream, text=text: stream.write(text.encode()) for name, text in texts.items()}
