"""The papers' settings by name: data set, network, optimiser and schedule.

What a paper leaves open is chosen here and said beside it.  Protocols: Feldman and Zhang, What Neural Networks Memorize
and Why, 2020, arXiv 2008.03703, and their published MNIST script; Arpit et al., A Closer Look at Memorization in Deep
Networks, 2017, arXiv 1706.05394.
"""

from dataclasses import replace

from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, TrainSpec
from memjax.errors import one_of

MOMENTUM = ("momentum=0.9",)

# The published MNIST script: inputs from 0 to 1, a constant rate, no augmentation.
_SCRIPT = TrainSpec(
    epochs=10, batch_size=128, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.1, schedule="constant",
    warmup=0.0, scaling="unit",
)  # fmt: skip

# CIFAR: the rate rises over the first 15 % of the steps and falls to 0 as a line; random crops and mirror images; no
# weight decay.  The settings are remembered from the paper's appendix, not verified.
_CIFAR = TrainSpec(
    epochs=160, batch_size=512, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.4, schedule="linear",
    warmup=0.15, crop=4, flip=True, scaling="unit",
)  # fmt: skip

# Batch sizes are not given in Arpit et al.: 128 here.
_ARPIT_MLP = TrainSpec(
    epochs=1000, batch_size=128, optimizer="sgd", optimizer_options=(), learning_rate=0.01, schedule="constant",
    warmup=0.0,
)  # fmt: skip
# Nor is the number of epochs of the convolutional network: 60, four halvings of the rate.
_ARPIT_CNN = TrainSpec(
    epochs=60, batch_size=128, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.01, schedule="steps",
    drops=(0.5, 15), warmup=0.0,
)  # fmt: skip


# ImageNet: batches of 896 examples of a model's own, which is 0.7 of 1280 of the stream; the rate falls to a tenth
# after each 30 epochs.  Remembered as well; where the drops are is not, and 30 is the usual number.  Of an image the
# square in the middle is taken and moved by up to 28 pixels: random resized crops would be a decoding for each model.
_IMAGENET = TrainSpec(
    epochs=100, batch_size=1280, optimizer="sgd", optimizer_options=MOMENTUM, learning_rate=0.7, schedule="steps",
    drops=(0.1, 30), warmup=0.15, crop=28, flip=True, scaling="unit",
)  # fmt: skip


def _preset(dataset: str, model: str, train: TrainSpec, num_models: int) -> RunConfig:
    return RunConfig(num_models=num_models, data=DataSpec(dataset=dataset), model=ModelSpec(model=model), train=train)


PRESETS: dict[str, RunConfig] = {
    "fz-mnist-script": _preset("mnist", "mlp:512,256", _SCRIPT, 2000),
    "fz-mnist": _preset("mnist", "inception", _SCRIPT, 4000),  # the schedule of their script; the paper's is not known
    "fz-cifar100": _preset("cifar100", "resnet50", _CIFAR, 4000),
    "fz-cifar100-resnet18": _preset("cifar100", "resnet18", _CIFAR, 2000),
    "fz-cifar100-inception": _preset("cifar100", "inception", _CIFAR, 2000),
    # Half the batch and half the rate.
    "fz-cifar100-densenet100": _preset(
        "cifar100", "densenet100", replace(_CIFAR, batch_size=256, learning_rate=0.2), 2000
    ),
    "fz-imagenet": RunConfig(
        num_models=2000,
        data=DataSpec("tfds:imagenet2012", stream=True, image_size=224, test_split="validation"),
        model=ModelSpec("resnet50"),
        train=_IMAGENET,
        checkpoint_minutes=30.0,
        influence="same-class",
    ),
    "arpit-mnist": _preset("mnist", "mlp:4096x2", _ARPIT_MLP, 100),
    "arpit-cifar10": _preset("cifar10", "alexnet", _ARPIT_CNN, 100),
}


def preset_and_rest(arguments: list[str]) -> tuple[RunConfig | None, list[str]]:
    """The preset that `--preset NAME` among the arguments asks for, or None; and the other arguments.

    Raises:
      InputError: there is no such preset.
    """
    joined = [part for argument in arguments for part in _halves(argument)]
    if "--preset" not in joined:
        return None, arguments
    place = joined.index("--preset")
    name = " ".join(joined[place + 1 : place + 2])
    if name not in PRESETS:
        raise one_of("--preset", name, list(PRESETS))
    return PRESETS[name], joined[:place] + joined[place + 2 :]


def _halves(argument: str) -> list[str]:
    """--preset=NAME as --preset NAME, anything else as it is."""
    return argument.split("=", 1) if argument.startswith("--preset=") else [argument]
