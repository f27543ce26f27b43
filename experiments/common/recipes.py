"""How networks are trained where an experiment leaves it to the user: the optimiser, and the network itself."""

from dataclasses import dataclass
from typing import Literal

from experiments.common.networks import NetworkSettings
from memjax.config.specs import TrainSpec

RECIPES = {
    "sgd": TrainSpec(
        optimizer="sgd", optimizer_options=(), learning_rate=0.01, batch_size=16, schedule="constant", warmup=0.0
    ),
    "adam": TrainSpec(learning_rate=0.001, schedule="constant", warmup=0.0),
}


@dataclass(frozen=True)
class RecipeSettings(NetworkSettings):
    """Experiments that can be run with the optimiser of the paper too."""

    optimizer: Literal["", "sgd", "adam"] = ""
    """Default: Adam, with the rate of the form.  sgd: as in Arpit et al., rate .01, no momentum, here in batches of 16.
    adam: today's usual one, rate .001.  Both have a constant rate."""

    @property
    def recipe(self) -> TrainSpec:
        """The optimiser with its rate, schedule and batches."""
        return RECIPES.get(self.optimizer, TrainSpec())


@dataclass(frozen=True)
class NetworkChoice(RecipeSettings):
    """Experiments with one network, which can be another."""

    model: str = ""
    """Default: the MLP of the form.  Otherwise such as cnn:8,16."""
