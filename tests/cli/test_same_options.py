"""The command that began a run continues it: every setting that a plan keeps, given again, is the same setting."""

import json
from dataclasses import fields

import pytest

from memjax import cli, run, store
from memjax.config.run_config import RunConfig
from memjax.store import Plan

# Each setting that a plan keeps, by an option that changes it.
CHANGES = {
    "seed": "--seed 3", "data.dataset": "--dataset npz:other.npz", "data.classes": "--classes 0 1",
    "data.per_class": "--per-class 3", "data.test_per_class": "--test-per-class 3",
    "data.label_noise": "--label-noise 0.1", "data.corrupt": "--corrupt random-labels=0.2 random-inputs=0.1",
    "data.corrupt_test": "--corrupt random-inputs=0.1 --corrupt-test", "data.data_seed": "--data-seed 2",
    "data.task": "--task regression", "data.tokens": "--dataset text:poems.txt --tokens bytes",
    "data.length": "--dataset text:poems.txt --length 50",
    "data.padding": "--task tokens --padding 3", "data.vocabulary": "--task tokens --vocabulary 30",
    "data.stream": "--stream --scaling unit", "data.image_size": "--dataset tfds:mnist --image-size 8",
    "data.test_split": "--dataset tfds:mnist --test-split validation",
    "subset.design": "--for influence --design balanced",
    "subset.subset_fraction": "--subset-fraction 0.5", "subset.num_groups": "--num-groups 3",
    "subset.groups": "--groups groups.npy", "subset.masks_file": "--design masks-file --masks-file masks.npy",
    "model.model": "--model cnn", "model.norm": "--norm none", "model.dropout": "--dropout 0.1",
    "model.init": "--init weights.npz", "train.train": "--train head",
    "train.epochs": "--epochs 6", "train.batch_size": "--batch-size 8", "train.optimizer": "--optimizer sgd",
    "train.optimizer_options": "--optimizer sgd --optimizer-options momentum=0.9 nesterov=true",
    "train.learning_rate": "--learning-rate 0.1", "train.schedule": "--schedule steps --drops 0.5 2",
    "train.warmup": "--warmup 0", "train.drops": "--drops 0.1 2", "train.weight_decay": "--weight-decay 0.1",
    "train.label_smoothing": "--label-smoothing 0.1", "train.input_noise": "--input-noise 0.1",
    "train.crop": "--crop 2", "train.flip": "--flip", "train.scaling": "--scaling unit",
    "train.precision": "--precision bfloat16", "keep": "--keep parameters=2",
    "record.metrics": "--record loss correct --record-epochs 20 40 60",
    "record.epochs": "--epochs 6 --record loss --record-every 2", "record.own": "--record loss --record-own met",
}  # fmt: skip

DATA = {"name": "digits", "sha256": "", "num_train": 9, "num_test": 9}


def leaves(settings, name=""):
    if not isinstance(settings, dict):
        return {name: json.dumps(settings)}
    return {key: leaf for part in settings for key, leaf in leaves(settings[part], f"{name}.{part}".strip(".")).items()}


@pytest.mark.parametrize("setting", CHANGES)
def test_the_same_options_may_be_given_again(setting, tmp_path, monkeypatch):
    """An option beside `--run` of a folder that has it, and after its other spellings, asks for the same run."""
    asked = []

    def ask(config: RunConfig) -> None:
        asked.append(config)

    monkeypatch.setitem(cli.COMMANDS, "run", ask)
    words = CHANGES[setting].split()
    assert run.main(words) == 0
    settings = asked[0].settings()
    assert leaves(settings).get(setting) != leaves(RunConfig().settings()).get(setting)
    store.new_plan(tmp_path / "run", Plan(settings, DATA, 4, 512, {}))

    for again in ([], words):
        assert run.main(["--run", str(tmp_path / "run"), *again]) == 0
        differing = leaves(asked[-1].settings()).items() ^ leaves(settings).items()
        assert {name for name, _ in differing} <= {"model.init"}  # of which the folder keeps a copy


def test_every_setting_that_a_plan_keeps_is_tried():
    kept = {
        f"{part}.{field.name}"
        for part in ("data", "subset", "model", "train")
        for field in fields(getattr(RunConfig(), part))
    }
    assert kept - {"data.channels_last"} | leaves(RunConfig().settings()).keys() <= CHANGES.keys()
