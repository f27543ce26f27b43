"""The trainings that are timed, as options of `benchmarks.common.rate` and of the peers."""

from dataclasses import dataclass, field

from memjax.config.specs import DataSpec


@dataclass(frozen=True)
class Workload:
    """One network on one data set.

    Attributes:
      data: the examples; each model sees `fraction` of the training ones.
      model: the network, in words that memjax and the peers share.
      epochs: of a whole training.
      precisions, packs: those that are worth trying.
    """

    name: str
    data: DataSpec
    fraction: float
    model: str
    batch_size: int
    epochs: int
    learning_rate: float
    packs: tuple[int, ...]
    precisions: tuple[str, ...] = field(default=("float32", "bfloat16"))

    def ours(self, epochs: int) -> tuple[object, ...]:
        """Options of `benchmarks.common.rate`: SGD with momentum 0.9, constant learning rate, inputs from 0 to 1."""
        data = [("--dataset", self.data.dataset), ("--per-class", self.data.per_class)]
        data += [("--test-per-class", self.data.test_per_class), ("--subset-fraction", self.fraction)]
        fixed = ("--optimizer", "sgd", "--schedule", "constant", "--warmup", 0)
        fixed += ("--scaling", "unit", "--keep", "correct")
        given = tuple(word for option in data if option[1] is not None for word in option)
        return (*given, "--model", self.model, *self._shared(epochs), *fixed)

    def theirs(self, epochs: int) -> tuple[object, ...]:
        """Options of the peers."""
        return ("--model", self.model, "--subset-fraction", self.fraction, *self._shared(epochs))

    def _shared(self, epochs: int) -> tuple[object, ...]:
        return ("--batch-size", self.batch_size, "--learning-rate", self.learning_rate, "--epochs", epochs)


DIGITS = Workload("digits, MLP 64-128-10", DataSpec("digits"), 0.7, "mlp:128", 64, 30, 0.1, (4, 8, 16))
FELDMAN_ZHANG = Workload(
    "Fashion-MNIST, MLP 784-512-256-10", DataSpec("fashion_mnist"), 0.7, "mlp:512,256", 128, 10, 0.1, (1, 2)
)
SMALL_FASHION = DataSpec("fashion_mnist", per_class=480, test_per_class=48)
CNN = Workload("3,840 images of Fashion-MNIST, CNN 32-64-64", SMALL_FASHION, 0.8, "cnn:32,64,64", 128, 10, 0.02, (1, 2))
