"""Presets: the settings of the papers, and the source of each value.

Papers: Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703 (F&Z), and the script that they
published with it, mnist-example/mnist_infl_mem.py; Arpit et al., A Closer Look at Memorization in Deep Networks, 2017,
arXiv 1706.05394.
"""

from dataclasses import replace

from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec

Sources = dict[str, str]  # setting -> source of its value: a section of a paper, a script, or "chosen by us"
MOMENTUM = ("momentum=0.9",)
SITE = "the site published with F&Z"
FIGURE = "F&Z, legend of the figure that compares architectures"
OURS = "chosen by us"
UNCHECKED = "chosen by us, not checked against the paper"

_SCRIPT = TrainSpec(
    epochs=10, batch_size=128, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.1, schedule="constant",
    warmup=0.0, scaling="unit",
)  # fmt: skip
_CIFAR = TrainSpec(
    epochs=160, batch_size=512, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.4, schedule="linear",
    warmup=0.15, crop=4, flip=True, scaling="unit",
)  # fmt: skip
# A batch of the stream has 1280 examples.  At a subset fraction of 0.7 a model trains on 896 of them.
_IMAGENET = TrainSpec(
    epochs=100, batch_size=1280, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.7, schedule="steps",
    drops=(0.1, 30), warmup=0.15, crop=28, flip=True, scaling="unit",
)  # fmt: skip
_ARPIT_MLP = TrainSpec(
    epochs=1000, batch_size=128, optimizer="sgd", optimizer_options=(), learning_rate=0.01, schedule="constant",
    warmup=0.0,
)  # fmt: skip
_ARPIT_CNN = TrainSpec(
    epochs=60, batch_size=128, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.01, schedule="steps",
    drops=(0.5, 15), warmup=0.0,
)  # fmt: skip

_CIFAR_SOURCES = {
    "crops by 4 pixels, flips, inputs divided by 255": "the data code published with F&Z",
    "epochs, batch size, SGD with momentum, learning rate, no weight decay": UNCHECKED,
    "warm-up over 15 % of the steps, then linear to 0": UNCHECKED,
    "norm batch, stem of one 3 x 3 convolution": UNCHECKED,
    "subset fraction 0.7": SITE,
}
_IMAGENET_SOURCES = {
    "network, 2,000 models": SITE,
    "epochs 100, batches of 896 own examples, warm-up over 15 epochs": UNCHECKED,
    "SGD with momentum 0.9, learning rate 0.7 divided by 10": UNCHECKED,
    "division every 30 epochs, inputs divided by 255": OURS,
    "centre square of 224 pixels, moved by up to 28 pixels, flips": f"{OURS}, instead of random resized crops",
    "validation split as test set, stream, checkpoints every 30 minutes, influence within classes": OURS,
    "subset fraction 0.7": SITE,
}
_ARPIT_MLP_SOURCES = {
    "network of two hidden layers of 4,096 units, 1,000 epochs, SGD with learning rate 0.01": "Arpit et al., section 2",
    "batches of 128, no momentum, constant learning rate, no warm-up": OURS,
    "scaling of inputs, 100 models, subset fraction 0.7": OURS,
}
_ARPIT_CNN_SOURCES = {
    "network, SGD with momentum 0.9, learning rate 0.01, halved every 15 epochs": "Arpit et al., section 2",
    "stride and padding of pooling, epochs 60, batches of 128, no warm-up": OURS,
    "scaling of inputs, 100 models, subset fraction 0.7": OURS,
}


def _preset(dataset: str, model: str, train: TrainSpec, num_models: int, sources: Sources) -> tuple[RunConfig, Sources]:
    return RunConfig(num_models=num_models, data=DataSpec(dataset), model=ModelSpec(model), train=train), sources


_ALL: dict[str, tuple[RunConfig, Sources]] = {
    "fz-mnist-script": _preset(
        "mnist", "mlp:512,256", _SCRIPT, 2000,
        dict.fromkeys((
            "network, 2,000 models, subset fraction 0.7",
            "epochs 10, batches of 128, SGD with momentum 0.9, learning rate 0.1, constant",
            "inputs divided by 255, no warm-up, no augmentation",
        ), "the published script"),
    ),
    "fz-mnist": _preset(
        "mnist", "inception", _SCRIPT, 4000,
        {
            "network": "the architecture code published with F&Z",
            "4,000 models, subset fraction 0.7": UNCHECKED,
            "epochs, batch size, SGD with momentum, learning rate, no warm-up, inputs divided by 255":
            f"{OURS}, as in the published script for its MLP",
        },
    ),
    "fz-cifar100": _preset(
        "cifar100", "resnet50", _CIFAR, 4000, {"network, 4,000 models": SITE, **_CIFAR_SOURCES}
    ),
    "fz-cifar100-resnet18": _preset(
        "cifar100", "resnet18", _CIFAR, 2000, {"network": FIGURE, "2,000 models": UNCHECKED, **_CIFAR_SOURCES}
    ),
    "fz-cifar100-inception": _preset(
        "cifar100", "inception", _CIFAR, 2000, {"network": FIGURE, "2,000 models": UNCHECKED, **_CIFAR_SOURCES}
    ),
    "fz-cifar100-densenet100": _preset(
        "cifar100", "densenet100", replace(_CIFAR, batch_size=256, learning_rate=0.2), 2000,
        {
            "network": FIGURE, "2,000 models": UNCHECKED, "half the batch size and half the learning rate": UNCHECKED,
            **_CIFAR_SOURCES,
        },
    ),
    "fz-imagenet": (
        RunConfig(
            num_models=2000, model=ModelSpec("resnet50"), train=_IMAGENET, checkpoint_minutes=30.0,
            data=DataSpec("tfds:imagenet2012", stream=True, image_size=224, test_split="validation"),
            influence="same-class",
        ),
        _IMAGENET_SOURCES,
    ),
    "arpit-mnist": _preset("mnist", "mlp:4096x2", _ARPIT_MLP, 100, _ARPIT_MLP_SOURCES),
    "arpit-cifar10": _preset("cifar10", "alexnet", _ARPIT_CNN, 100, _ARPIT_CNN_SOURCES),
}  # fmt: skip

PRESETS = {name: config for name, (config, _) in _ALL.items()}
SOURCES = {name: sources for name, (_, sources) in _ALL.items()}
