"""What the user says of the network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelSpec:
    """The network."""

    model: str = "mlp:128"
    """linear; mlp:WIDTH,WIDTH,...; cnn or cnn:CHANNELS,CHANNELS,...; or package.module:factory for a Flax module of
    your own."""
