"""Networks of one's own with a fault each, optimisers, images for image networks, and settings of JAX."""

import sys
from functools import cache
from pathlib import Path

import jax
import numpy as np

import memjax
from memjax.config.specs import TrainSpec
from memjax.training.optimizer import learning_rate, make_optimizer
from tests.edges.edge import Edge, gives, says
from tests.edges.inputs import images, rows, write

NET = """
from flax import nnx

class Net(nnx.Linear):
    def __init__(self, shape, classes, rngs):
        super().__init__(shape[0], classes, use_bias={}, rngs=rngs)
"""
SMALL = {"num_models": 4, "epochs": 1, "pack_size": 2, "progress": False}


def faulty(kind, name, right):
    """A network of `tests/models/faulty.py`, given to `memjax.fit` and to the command."""
    return Edge(kind, f"network {name}", "fit, npz", lambda: rows(model=f"tests.models.faulty:{name}"), right)


def edited():
    """A run folder that goes on with another network of the same name."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        for bias in (True, False):
            write({"edgenet.py": NET.format(bias)})
            sys.modules.pop("edgenet", None)
            result = memjax.fit(**rows(), run="in", model="edgenet:Net", **SMALL)
        return result
    finally:
        sys.path.pop(0)


def probabilities(setting=None):
    """What the models of a small run give, trained under a setting of JAX."""
    result = memjax.fit(**rows(), model="mlp:4", run=f"in/{bool(setting)}", **SMALL)
    return result.outcomes.train["probability"]


@cache
def plain():
    return probabilities()


def under(setting):
    """The differences that a setting of JAX makes."""
    expected = plain()
    with setting:
        return probabilities(setting) - expected


def moved():
    """Memorization of a run whose data file was named by a relative path, read from another folder."""
    write({"here/in.npz": rows()})
    with_path = f"npz:{Path('here', 'in.npz')}"
    memjax.fit(with_path, run=Path("in").absolute(), model="linear", **SMALL)
    return memjax.open(Path("in").absolute()).estimates.memorization.value.shape


def steps(schedule, count):
    """Learning rates of a schedule of so many steps."""
    rate = learning_rate(TrainSpec(epochs=1, schedule=schedule, warmup=0.0, learning_rate=1.0), count)
    return [float(rate(step)) for step in range(count)]


# fmt: off
ROWS = [
    Edge(1, "network edited", "call", edited, "in was made with another network of the name ... folder, or give another --run"),
    faulty(3, "UnknownFlag", "do nothing in training, in layer dropout: __call__ has no flag named train"),
    faulty(3, "StuckDropout", "do nothing in training, in layer dropout: the flag train does not reach it; give"),
    faulty(3, "StuckNorm", "do nothing in training, in layer norm: the flag train does not reach it; give"),
    faulty(3, "AlwaysTraining", "are in training mode in evaluation, in layer dropout: __call__ has no flag named train"),
    faulty(3, "linen_unknown_flag", "--model tests.models.faulty:linen_unknown_flag: ... take out a layer that is not used"),
    faulty(3, "linen_stuck_dropout", "--model ... take out a layer that is not used"),
    faulty(3, "linen_always_training", "fails when it is called in evaluation ... no flag named train ... correct it: ModifyScopeVariableError"),
    faulty(4, "one_logit", "--model tests.models.faulty:one_logit returns ... outputs, without softmax"),
    faulty(4, "too_few", "--model tests.models.faulty:too_few returns ... outputs, without softmax"),
    faulty(4, "extra_axis", "--model tests.models.faulty:extra_axis returns ... outputs, without softmax"),
    faulty(4, "transposed", "--model tests.models.faulty:transposed returns ... outputs, without softmax"),
    faulty(4, "whole_numbers", "--model tests.models.faulty:whole_numbers ... outputs, without softmax"),
    faulty(4, "a_tuple", "--model tests.models.faulty:a_tuple returns a ... class: return the logits alone"),
    faulty(4, "a_dict", "--model tests.models.faulty:a_dict returns a ... class: return the logits alone"),
    faulty(4, "other_type", "--model tests.models.faulty:other_type changes ... as they begin, and leave out sow"),
    faulty(4, "other_shape", "--model tests.models.faulty:other_shape changes ... as they begin, and leave out sow"),
    faulty(4, "Sown", "--model tests.models.faulty:Sown changes the ... as they begin, and leave out sow"),
    faulty(4, "sown_linen", "--model tests.models.faulty:sown_linen changes ... as they begin, and leave out sow"),
    faulty(4, "no_weights", "--model tests.models.faulty:no_weights has no ... give it a layer with weights"),
    faulty(4, "NoWeightsNnx", "--model tests.models.faulty:NoWeightsNnx has no ... give it a layer with weights"),
    faulty(4, "BreaksInInit", "fails when it is made; correct it: RuntimeError: no such layer (faulty.py, line"),
    faulty(4, "BreaksInCall", "fails when it is called in training; correct it: TypeError ... (faulty.py, line"),
    faulty(0, "no_such_factory", "--model tests.models.faulty:no_such_factory: ... has no callable 'no_such_factory'"),
    Edge(0, "network", "fit, npz", lambda: rows(model="no.such:thing"), "module no.such cannot be imported; check the name: No module named"),
    Edge(0, "network", "fit, npz", lambda: rows(model="nothing"), "model 'nothing' is not known; choose linear, ... transformer:WIDTHS or package.module:factory"),
    Edge(0, "network", "fit, npz", lambda: rows(model="mlp:"), "model 'mlp:': expected whole numbers above 0 ... the same size, as in mlp:4096x2"),
    Edge(0, "network", "fit, npz", lambda: rows(model="mlp:0"), "model 'mlp:0': expected whole numbers above 0 ... the same size, as in mlp:4096x2"),
    Edge(0, "network", "fit, npz", lambda: rows(model="mlp:-3"), "model 'mlp:-3': expected whole numbers above 0 ... the same size, as in mlp:4096x2"),
    Edge(0, "network", "fit, npz", lambda: rows(model="mlp:4,,4"), "model 'mlp:4,,4': expected whole numbers above ... the same size, as in mlp:4096x2"),
    Edge(0, "network", "fit, npz", lambda: rows(model="mpl:4"), "module mpl cannot be imported; check the name: No module named"),
    Edge(0, "network", "fit, npz", lambda: rows(model="linear:3"), "model 'linear:3': linear takes nothing after ... the name; did you mean mlp:3?"),
    Edge(0, "network", "fit, npz", lambda: rows(model="cnn:8"), "cnn needs images, (height, width) or (height, ... width, channels); got (3,)"),
    Edge(0, "network", "fit, npz", lambda: rows(model="given:Net"), "the network Net was given to memjax.fit in ... or put it into a module"),
    Edge(0, "network", "fit", lambda: rows(model=lambda: None), "must be callable as factory(input_shape, num_classes)"),
    Edge(8, "channels first", "fit, npz", lambda: images((3, 8, 8), model="cnn:8"), "cnn:8 takes images as (height, width, ... if 8 channels are meant"),
    Edge(8, "channels first", "fit, npz", lambda: images((1, 8, 8), model="resnet18:4"), "resnet18:4 takes images as (height, width, ... if 8 channels are meant"),
    Edge(0, "image too small", "fit, npz", lambda: images((1, 1), model="alexnet"), "alexnet needs images of 11 x 11 or more; 1 x 1 is too small"),
    Edge(10, "JAX setting", "call", lambda: under(jax.threefry_partitionable(False)), gives(np.zeros((4, 12)))),
    Edge(10, "JAX setting", "call", lambda: under(jax.default_matmul_precision("bfloat16")), gives(np.zeros((4, 12)))),
    Edge(10, "JAX setting", "call", lambda: under(jax.enable_x64(True)), gives(np.zeros((4, 12)))),
    Edge(15, "JAX setting", "call", lambda: under(jax.debug_nans(True)), gives(np.zeros((4, 12)))),
    Edge(15, "JAX setting", "call", lambda: under(jax.disable_jit()), gives(np.zeros((4, 12)))),
    Edge(15, "JAX setting", "call", lambda: under(jax.numpy_rank_promotion("raise")), gives(np.zeros((4, 12)))),
    Edge(12, "presets", "command", lambda: "--help-all", says("Arpit et al., section 2")),
    Edge(12, "presets", "command", lambda: "--help-all", says("chosen by us, not checked against the paper")),
    Edge(13, "run folder", "call", moved, gives((12,))),
    Edge(15, "schedule of one step", "call", lambda: steps("cosine", 1), gives([1.0])),
    Edge(15, "schedule of one step", "call", lambda: steps("linear", 1), gives([1.0])),
    Edge(15, "schedule of one step", "call", lambda: steps("steps", 1), gives([1.0])),
    Edge(15, "optimiser", "call", lambda: make_optimizer(TrainSpec(optimizer="lbfgs"), 5), "--optimizer lbfgs cannot be used: TypeError: ... the step; try adam, sgd or adamw"),
    Edge(15, "optimiser", "call", lambda: make_optimizer(TrainSpec(optimizer="adam", optimizer_options=("b1=x",)), 5), "--optimizer-options 'b1=x': expected name=number, as in momentum=0.9"),
]
