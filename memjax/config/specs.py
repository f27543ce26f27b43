"""Settings as plain values, checked when they are made."""

import re
from dataclasses import dataclass
from typing import Literal

from memjax.config.ranges import check_ranges
from memjax.errors import InputError


@dataclass(frozen=True)
class DataSpec:
    """The examples."""

    dataset: str = "digits"
    """digits; csv:FILE or parquet:FILE, with --target COLUMN; folder:FOLDER of images; npz:FILE; npy:FOLDER;
    idx:FOLDER; text:FILE, or a folder of .txt files, a line an example; mnist, fashion_mnist, cifar10, cifar100,
    svhn_cropped; emoji, emoji32, emoji_plain, emoji32_plain, mnist5k (made by a script of the source tree,
    experiments/data); tfds:NAME."""
    task: str = ""
    """What networks are trained for: classification, binary (one output for two classes), regression (squared error),
    counts (Poisson), multi_label (a column of 0 and 1 for each label), tokens (each token of a sequence from those
    before it), or your own, package.module:NAME of a memjax.Task.  Default: tokens for text:FILE and for rows of whole
    numbers that are the inputs moved by one, regression for labels that are not whole numbers, multi_label for rows of
    0 and 1, else classification."""
    tokens: str = "characters"
    """For text:FILE, what a token is: characters, bytes, or pieces:N, N word pieces by the package tokenizers."""
    length: int | None = None
    """For text:FILE: the most tokens of an example; longer lines are cut off, which is told.  Default: at most 256."""
    padding: int = -1
    """For sequences: the id that fills them up, which is not predicted."""
    vocabulary: int | None = None
    """For sequences: the number of token ids, which are from 0.  Default: the largest id and one."""
    classes: tuple[int, ...] = ()
    """Only these classes, renumbered from 0 in the order given.  Default: all."""
    per_class: int | None = None
    """At most this many training examples of each class, drawn at random.  Default: all."""
    test_per_class: int | None = None
    """At most this many test examples of each class, drawn at random.  Default: all."""
    label_noise: float = 0.0
    """Fraction of the training labels replaced by a random wrong one; the report marks them."""
    corrupt: tuple[str, ...] = ()
    """Corruptions, NAME=RATE or NAME=RATE:DETAIL, applied in this order: random-labels=0.5, wrong-labels=0.5,
    pair-labels=0.5 (each class becomes the next) or pair-labels=0.5:3-5,5-3, random-inputs=0.5 or =0.5:pixel,
    shuffled-pixels=0.5 or =0.5:each, noisy-inputs=0.5:1.0 (the noise in units of the inputs' standard deviation)."""
    corrupt_test: bool = False
    """Apply --corrupt to the test examples too."""
    data_seed: int = 0
    """Decides which examples are drawn, which are corrupted, and how."""
    stream: bool = False
    """For data that do not fit on a device.  Inputs stay on the host (npy:FOLDER and tfds:NAME on disk) and are sent to
    the devices in batches.  All models get the same batches, and each trains on its own examples."""
    image_size: int | None = None
    """For folder:FOLDER and tfds:NAME: crop the square in the middle of each image and scale it to N x N pixels.
    Default: images as they are; if a folder has images of several sizes, 32."""
    test_split: str = "test"
    """For tfds:NAME: the split with the test examples; validation where test has no labels, as in imagenet2012."""
    channels_last: bool = False
    """The last axis of images holds their channels, even if their shape looks like channels first, as (3, 32, 32)."""

    def __post_init__(self):
        check_ranges(self)
        if self.corrupt_test and not self.corrupt:
            raise InputError("--corrupt-test goes with --corrupt; say what to corrupt, or leave it out")
        if len(self.classes) > len({*self.classes}):
            raise InputError(f"--classes names a class twice: {' '.join(map(str, self.classes))}; give each once")
        if len(self.classes) == 1:
            raise InputError("--classes names one class; a classifier needs at least two")
        if self.stream and self.corrupt:
            raise InputError("--corrupt changes data in memory, where --stream does not load them; drop one of them")
        if not self.dataset.startswith(("tfds:", "folder:")) and self.image_size:
            raise InputError(f"--image-size is for folder:FOLDER and tfds:NAME; leave it out for {self.dataset}")
        if self.dataset.startswith("text:"):
            object.__setattr__(self, "task", self.task or "tokens")
        elif (self.tokens, self.length) != ("characters", None) and not self.dataset.startswith("saved:"):
            raise InputError(f"--tokens and --length are for text:FILE; leave them out for {self.dataset}")
        if not self.dataset.startswith("tfds:") and self.test_split != "test":
            raise InputError(f"--test-split is for tfds:NAME; leave it out for {self.dataset}")


@dataclass(frozen=True)
class TableSpec:
    """The columns of a table: of csv:FILE, parquet:FILE, or a data frame that holds its labels."""

    target: str = ""
    """The column with the labels: words, whole numbers or booleans, or the numbers to be predicted."""
    id: str = ""
    """The column with your own name of each row; results use it.  Default: the rows have numbers."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    split: str = ""
    """The column that says train or test for each row.  Default: test rows are drawn, see --test-fraction."""
    test_fraction: float = 0.2
    """The fraction of each class that is drawn for testing, unless --split names a column.  With 0 all rows are for
    training; influence is then undefined."""

    def __post_init__(self):
        check_ranges(self)


Design = Literal[
    "fixed-size", "bernoulli", "balanced", "complementary", "profile", "leave-one-out", "leave-group-out", "masks-file",
    "everything",
]  # fmt: skip


@dataclass(frozen=True)
class SubsetSpec:
    """The subsets that models train on."""

    design: Design = "fixed-size"
    """How subsets are drawn.  fixed-size: subsets of one size, as in the paper.  bernoulli: each example independently.
    balanced: each example in equally many models.  complementary: models in pairs, the second trains on what the first
    leaves out.  profile: 10 % to 90 % of the examples in turn.  leave-one-out, leave-group-out: model t leaves out
    example t, or group t.  masks-file: the subsets in a file.
    everything: all models train on all examples, for `result.models`; nothing is estimated."""
    subset_fraction: float = 0.7
    """Fraction of the training examples that a model trains on; for fixed-size, bernoulli and balanced."""
    num_groups: int = 10
    """Number of groups for leave-group-out without --groups.  A run draws its groups once, at random."""
    groups: str = ""
    """A column of the table, or a .npy file with one value for each training example: examples of one value are a
    group, such as the images of a patient.  Subsets are drawn by group: all of a group is in a subset, or nothing."""
    masks_file: str = ""
    """For masks-file: a .npy file of shape (models, train), true if the model trains on the example."""

    def __post_init__(self):
        check_ranges(self)
        if (self.design == "masks-file") != bool(self.masks_file):
            raise InputError("--design masks-file and --masks-file FILE go together; give both or neither")


@dataclass(frozen=True)
class ModelSpec:
    """The network."""

    model: str = "mlp:128"
    """linear; mlp:WIDTHS, such as mlp:512,256 or mlp:4096x2; tabular:WIDTHS, an mlp with embeddings of a table's
    categories; transformer:WIDTHS for tokens; cnn or cnn:CHANNELS; inception, resnet18, resnet50, densenet100 or
    alexnet, the networks of the papers; or package.module:factory for a Flax module of your own."""
    norm: Literal["batch", "group", "none"] | None = None
    """Normalisation of the convolutional networks.  Default: batch for the networks of the papers, none for cnn."""
    dropout: float = 0.0
    """Fraction of hidden units dropped in training: in each hidden layer of an mlp and in the dense layers of alexnet;
    elsewhere in the features before the last layer."""
    init: str = ""
    """Trained parameters that models begin with, by name: a .safetensors or .npz file, an Orbax checkpoint, or a run
    folder that kept parameters.  Arrays with an axis of models in front, a folder of files, or a run, give each model
    its own.  All names and shapes must be those of the network; only the last layer may be missing or have other
    outputs, and is then drawn at random.  The run folder keeps a copy.  Default: all parameters are drawn."""

    def __post_init__(self):
        check_ranges(self)


@dataclass(frozen=True)
class TrainSpec:
    """The training of one model.  The defaults fit every label of digits and of Fashion-MNIST subsamples, wrong ones
    included: memorization means little while held-in examples are still wrong."""

    epochs: int = 60
    """Passes over the model's own subset."""
    batch_size: int = 64
    """Examples in a training step.  With --stream they come from the whole training set, and a model trains only on
    those in its subset."""
    optimizer: str = "adam"
    """Name of an optax optimiser that takes a learning rate: adam, sgd, adamw, lion, ..."""
    optimizer_options: tuple[str, ...] | None = None
    """More arguments of the optimiser as name=number, such as momentum=0.9 nesterov=true.  Default: b2=0.95 for adam
    and adamw, which then fit wrong labels in fewer steps; momentum=0.9 for sgd; none for others."""
    learning_rate: float = 0.005
    """The largest learning rate of the schedule."""
    schedule: Literal["constant", "cosine", "linear", "steps"] = "cosine"
    """How the learning rate falls after the warm-up: cosine and linear fall to 0, steps falls as --drops says."""
    warmup: float = 0.1
    """Fraction of all steps in which the learning rate rises from 0."""
    drops: tuple[float, int] = (0.5, 15)
    """For --schedule steps: a factor and a number of epochs N.  The learning rate is multiplied by the factor every N
    epochs."""
    weight_decay: float = 0.0
    """Weight decay of matrices and kernels, not of biases and scales.  It is decoupled for optimisers that have weight
    decay (adamw, lion), and added to the gradient for others."""
    label_smoothing: float = 0.0
    """Share of each label that is spread evenly over all classes."""
    input_noise: float = 0.0
    """Standard deviation of Gaussian noise added to the scaled inputs at each step."""
    crop: int = 0
    """At each step, pad images with N pixels of zeros and cut out a random part of the original size."""
    flip: bool = False
    """At each step, mirror images left to right at random."""
    scaling: Literal["standard", "unit"] = "standard"
    """standard: mean 0 and standard deviation 1 over the training set, for each colour channel or feature.  unit:
    divided by the largest training input, 255 for most images."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of activations and gradients; weights and the optimiser are always float32.  bfloat16 is faster on
    hardware that multiplies matrices in it: TPUs, GPUs, CPUs with AMX."""
    train: tuple[str, ...] = ("all",)
    """Which parameters are trained: all; head, the last layer; or names, such as blocks/7, for the parameters at or
    below them.  Others stay as they begin, and the whole network then computes as in evaluation: without dropout, and
    with batch statistics as they are.  What needs no trained parameter is computed once for all models with one --init,
    unless images are augmented."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the optimiser: those given, or its defaults."""
        if self.optimizer_options is not None:
            return self.optimizer_options
        return {"adam": ("b2=0.95",), "adamw": ("b2=0.95",), "sgd": ("momentum=0.9",)}.get(self.optimizer, ())

    def __post_init__(self):
        check_ranges(self)
        if not self.train or (len(self.train) > 1 and "all" in self.train):
            raise InputError(f"--train is {' '.join(self.train) or 'empty'}; give all, head, or names of parameters")


@dataclass(frozen=True)
class FleetSpec:
    """The machines that a run is planned for."""

    plan: bool = False
    """Predict for the machines that the next four options describe, instead of for this machine."""
    hosts: int = 1
    """Number of machines."""
    devices: int | None = None
    """Devices of each machine.  Default: the number on this machine."""
    models_per_second: float | None = None
    """Models that one device trains per second.  Default: measured by training a few batches of models here."""
    price: float | None = None
    """Price of one device per hour, in any currency."""

    def __post_init__(self):
        check_ranges(self)
        if not self.plan and (self.hosts, self.devices, self.models_per_second, self.price) != (1, None, None, None):
            raise InputError("--hosts, --devices, --models-per-second and --price go with --plan; give it too")


@dataclass(frozen=True)
class ShapeSpec:
    """Data that are planned for and need not be there."""

    shape: str = ""
    """With --for CHIP: the shape of one example, such as 32,32,3 or 64, instead of a data set."""
    classes: int = 10
    """With --shape: the number of classes."""
    train: int = 50_000
    """With --shape: the number of training examples."""
    test: int = 10_000
    """With --shape: the number of test examples."""

    @property
    def sides(self) -> tuple[int, ...]:
        """The shape as numbers."""
        return tuple(int(word) for word in self.shape.split(","))

    def __post_init__(self):
        if self.shape and not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5}){0,2}", self.shape, re.ASCII):
            raise InputError(f"--shape is {self.shape!r}; give 1 to 3 whole numbers with commas, such as 32,32,3")
        if self.classes < 2 or self.train < self.classes or self.test < 0:
            raise InputError(
                f"--classes {self.classes} --train {self.train} --test {self.test}: give 2 or more classes, as many "
                "training examples or more, and 0 or more test examples"
            )


@dataclass(frozen=True)
class OutputSpec:
    """What is printed."""

    quiet: bool = False
    """Print only errors and the path of the result."""
    json: bool = False
    """Print one JSON object per line: events, and at the end the summary."""

    def __post_init__(self):
        if self.quiet and self.json:
            raise InputError("--quiet and --json ask for two different things; give one of them")
