"""The settings of one run."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from typing import Any, Literal

from memjax.config.goals import Goal, as_goal, check_goal
from memjax.config.ranges import check_ranges, check_worker
from memjax.config.specs import DataSpec, ModelSpec, OutputSpec, SubsetSpec, TableSpec, TrainSpec
from memjax.errors import InputError, one_of
from memjax.metrics import BUILT_IN, CLASSIFICATION, METRICS, Task, task_named
from memjax.prng import check_seed

# Beside these there may be any score of one's own task.
Score = (
    Literal[
        "correct", "probability", "margin", "log_odds", "minus_squared_error", "log_likelihood", "label_accuracy",
        "exact_match", "token_accuracy", "log_probability",
    ]
    | str
)  # fmt: skip
Kept = Score | Literal["logits", "outputs", "right_labels", "token_log_probability"]
Logger = Literal["mlflow", "wandb", "tensorboard"]
Recorded = Score | Literal["loss", "error_norm", "squared_error"]
DEFAULT_KEEP = ("correct", "probability")
PARAMETERS = ("parameters", "parameters=N", "parameters=every:K")
HALF = ":bfloat16"  # behind one of these words


@dataclass(frozen=True)
class RunConfig:
    """Trains many small models on random subsets and estimates how much each example is memorized."""

    run: str = ""
    """Run folder, on disk or as gs://BUCKET/NAME or s3://BUCKET/NAME.  Default: a folder under runs/, named after the
    data, the model and a hash of the settings."""
    num_models: int = 512
    """Models to train in all.  If you ask for more later, only the missing models are trained."""
    until: str | None = None
    """Train more models until this is known.  stderr=0.03: the typical standard error of memorization is so small.
    threshold=0.25: each example is above or below it with 95 %, or within 0.05 of it.  ranking=50: the 50 most
    memorized examples stay the same with 95 %, but for examples within 0.05 of them.  pairs: the influence of each pair
    of one class, whose training example is memorized, is above or below 0.15, likewise.  threshold=0.25:0.1 takes 0.1
    instead of 0.05.  --num-models is the number to begin with, 32 if it is not given."""
    until_stderr: float | None = None
    """The same as --until stderr=E."""
    max_models: int | None = None
    """With --until: stop at so many models, whatever is still open.  Default: no limit."""
    seed: int = 0
    """Decides the subsets, the initial weights and the order of batches of all models."""
    data: DataSpec = field(default_factory=DataSpec)
    table: TableSpec = field(default_factory=TableSpec)
    subset: SubsetSpec = field(default_factory=SubsetSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    train: TrainSpec = field(default_factory=TrainSpec)
    keep: tuple[Kept, ...] = DEFAULT_KEEP
    """Quantities to store for each model on each training and test example; the default is that of classes, and other
    tasks have their own.  parameters, alone or beside others, also stores the trained networks, for `result.models`;
    parameters=N stores them N times during training, after equal numbers of epochs, and parameters=every:K after every
    K epochs and the last.  With :bfloat16 behind, as in parameters:bfloat16, they take half the space."""
    record: tuple[Recorded, ...] = ()
    """Quantities to record for each training example while a model trains, for `memjax.dynamics`.  Default: nothing."""
    record_every: int = 1
    """Record every N epochs, and after the last."""
    record_epochs: tuple[int, ...] = ()
    """Record after these epochs instead; 0 is before the first step."""
    record_own: Literal["after", "met"] = "after"
    """When the examples that a model trains on are recorded.  after: after the epoch, like held-out examples.  met: in
    their training batch, in training mode and before its step, at about half the cost."""
    influence: Literal["auto", "all", "same-class"] = "auto"
    """same-class: influence within each class, in estimates.npz.  all: also influence.npy, with every train-test pair.
    auto: all, if that file stays under 1 GiB."""
    score: Score = "correct"
    """The quantity to compare in and out of sample, one of those that --keep names.  Changing it re-estimates; nothing
    is retrained.  Default: correct, or the first of another task; or the score of the folder's estimates."""
    pack_size: int | None = None
    """Models that a device trains at once, fixed when the run folder is made.  Default: chosen by the network's size;
    for runs of more than a minute or two, the fastest of three sizes that fit in memory, or of four on a
    GPU or TPU."""
    cpu_devices: int | None = None
    """Number of CPU devices.  Default: one per core, which trains small models fastest."""
    worker: str | None = None
    """I/N: this process is worker I, counted from 0, of N workers on the same run folder.  Default: as the environment
    variables of SLURM, MPI, Kubernetes, SkyPilot or TPU hosts say."""
    engine: str | None = None
    """ray or ray:ADDRESS: this process hands out the work in tasks to a Ray cluster, whose nodes share the run folder.
    ray alone is the cluster that this machine belongs to, or a new one on this machine."""
    checkpoint_minutes: float | None = None
    """Save a checkpoint of running models every N minutes, at the end of an epoch.  For long training."""
    max_failed: float = 0.05
    """Stop when a larger share of the models has diverged."""
    examples: bool = True
    """Leave images and features out of the report."""
    log: Logger | None = None
    """Send the numbers of the closing table to MLflow, Weights & Biases or TensorBoard, which must be installed.  An
    active run of the first two is taken; TensorBoard's events are in the run folder."""
    output: OutputSpec = field(default_factory=OutputSpec)

    def __post_init__(self):
        check_seed(self.seed)
        check_ranges(self)
        _check_keep(self)
        named = {*self.kept_metrics, *({*self.record, self.score} & {*METRICS})}  # others are unknown to every task
        if self.data.task in BUILT_IN or (not self.data.task and named <= {*CLASSIFICATION.table}):
            self._settle(task_named(self.data.task))
        _check_epochs(self)
        _check_own(self)
        _check_stream(self)
        check_worker(self.worker)
        if self.engine and self.engine.partition(":")[0] != "ray":
            raise InputError(f"--engine is {self.engine!r}; give ray, or ray:ADDRESS such as ray:10.0.0.7:6379")
        if self.engine and self.worker:
            raise InputError(f"--engine {self.engine} hands out the work itself, without --worker; give one of them")
        if self.log and not find_spec(self.log):
            raise InputError(f"--log {self.log}: this package is not installed; pip install {self.log}")
        if self.until and self.until_stderr:
            raise InputError(f"--until {self.until} and --until-stderr {self.until_stderr:g} are two goals; give one")
        if self.max_models and not self.goal:
            raise InputError("--max-models goes with --until; give both, or --num-models alone")
        if self.goal:
            check_goal(self.goal, self.subset.design, self.score)

    def for_task(self, name: str) -> "RunConfig":
        """The settings for a task by name, with its scores where none were chosen; InputError for scores of others."""
        config = replace(self, data=replace(self.data, task=name))
        config._settle(task_named(name))
        return config

    def _settle(self, task: Task) -> None:
        if task.targets == "tokens" and self.model.model == ModelSpec.model:
            object.__setattr__(self, "model", replace(self.model, model="transformer"))
        if not self.kept_metrics or (self.kept_metrics == DEFAULT_KEEP and not {*DEFAULT_KEEP} <= {*task.table}):
            object.__setattr__(self, "keep", (*task.keep, *(name for name in self.keep if name not in DEFAULT_KEEP)))
        if "log_odds" in self.keep and "log_odds" not in task.table:
            raise InputError(
                f"--for membership and --keep log_odds are for classes, not for {task.name}; leave them out"
            )
        score = ("score", {self.score} - {"correct"}, ())
        for option, names, more in (score, ("keep", self.kept_metrics, PARAMETERS), ("record", self.record, ())):
            known = [name for name, row in task.table.items() if option in row.options]
            for name in names:
                if name not in known:
                    raise one_of(f"--{option}", name, [*known, *more])
        first = "correct" if "correct" in task.table else task.keep[0]
        if first not in self.keep:
            raise InputError(f"--keep leaves out {first}, from which memorization is estimated; name it too")
        if self.score == "correct":
            object.__setattr__(self, "score", first)
        if self.score not in self.keep:
            raise InputError(
                f"--score is {self.score}, which --keep leaves out; name it too in another --run: --keep {first} "
                f"{self.score}"
            )

    @property
    def goal(self) -> Goal | None:
        """What the run should know before it stops."""
        if self.until_stderr:
            return Goal("stderr", self.until_stderr)
        return as_goal(self.until) if self.until else None

    @property
    def share(self) -> str | None:
        """As `worker`; 0/1 with an engine, since its driver is one process whatever a scheduler's variables say."""
        return "0/1" if self.engine else self.worker

    @property
    def recorded_epochs(self) -> tuple[int, ...]:
        """The epochs after which metrics are recorded, ascending; empty if nothing is recorded."""
        if not self.record:
            return ()
        return self.record_epochs or _every(self.record_every, self.train.epochs)

    @property
    def kept_metrics(self) -> tuple[str, ...]:
        """What is stored for each example: `keep` without the parameters."""
        return tuple(name for name in self.keep if not name.startswith("parameters"))

    @property
    def parameter_epochs(self) -> tuple[int, ...]:
        """The epochs after which parameters are stored, ascending, the last one among them; empty if they are not."""
        word, last = next((name for name in self.keep if name not in self.kept_metrics), None), self.train.epochs
        if word is None:
            return ()
        how = word.removesuffix(HALF).partition("=")[2]
        if how.startswith("every:"):
            return _every(int(how[6:]), last)
        count = 1 if how in ("", "last") else int(how)
        return tuple(-(-last * part // count) for part in range(1, count + 1))

    def shortened(self, epochs: int) -> "RunConfig":
        """The same settings with fewer epochs, for a trial."""
        left = tuple(epoch for epoch in self.recorded_epochs if epoch <= epochs)
        train = replace(self.train, epochs=epochs)
        recorded = self.record if left else ()
        return replace(self, train=train, keep=self.kept_metrics, record=recorded, record_every=1, record_epochs=left)

    def settings(self) -> dict[str, Any]:
        """The settings that decide the result of model number t, as JSON values.  A resumed run must have the same."""
        task = "" if self.data.task == CLASSIFICATION.name else self.data.task  # as in older folders
        own = {"own": "met"} if self.record and self.record_own == "met" else {}
        settings = {
            "seed": self.seed,
            "data": _stored(replace(self.data, channels_last=False, task=task)),
            "subset": _stored(self.subset),
            "model": _stored(self.model),
            "train": _stored(self.train) | {"optimizer_options": self.train.options},
            "keep": sorted(self.keep),
            "record": {"metrics": sorted(self.record), "epochs": self.recorded_epochs} | own,
        }
        return json.loads(json.dumps(settings))

    def folder(self) -> str:
        """The run folder or URL that was asked for, or a folder named after data, model and a hash of the settings."""
        if self.run:
            return self.run
        settings = self.settings() | ({"table": asdict(self.table)} if self.table != TableSpec() else {})
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.data.dataset}-{self.model.model}".lower()).strip("-")
        return f"runs/{words[-60:].strip('-')}-{digest[:6]}"


# Settings that older folders lack.  They are stored only if they differ, so that older folders keep their names.
_ADDED_LATER = {
    "stream": False, "image_size": None, "test_split": "test", "channels_last": False, "task": "", "padding": -1,
    "tokens": "characters", "length": None, "vocabulary": None, "groups": "", "init": "", "train": ("all",),
}  # fmt: skip


def _stored(spec: Any) -> dict[str, Any]:
    return {key: value for key, value in asdict(spec).items() if (key, value) not in _ADDED_LATER.items()}


def _check_keep(config: RunConfig) -> None:
    others = [name for name in config.keep if name.startswith("parameters")]
    for name in others:
        if not re.fullmatch(f"parameters(=last|=[1-9][0-9]{{0,5}}|=every:[1-9][0-9]{{0,5}})?({HALF})?", name):
            raise one_of("--keep", name, [*config.kept_metrics, *PARAMETERS])
    if len(others) > 1:
        raise InputError(f"--keep names the parameters twice: {' '.join(others)}; give one of them")
    epochs, last = config.parameter_epochs, config.train.epochs
    if len(epochs) > last:
        raise InputError(
            f"--keep {others[0]} asks for more than the {last} epochs of the training; give a smaller number"
        )
    if len(epochs) > 1 and (config.data.stream or config.checkpoint_minutes):
        other = "--stream" if config.data.stream else "--checkpoint-minutes"
        raise InputError(
            f"--keep {others[0]} stores parameters during training, which goes without {other}; give --keep parameters "
            "for those at the end"
        )


def _check_stream(config: RunConfig) -> None:
    if not config.data.stream:
        return
    if config.train.scaling != "unit":
        raise InputError(
            "--scaling standard takes mean and deviation of all training examples, held-out ones included, and reads "
            "them all; with --stream give --scaling unit"
        )
    if config.record:
        raise InputError(
            "--record evaluates all training examples after an epoch, which --stream does not hold; drop one"
        )


def _every(step: int, last: int) -> tuple[int, ...]:
    return (*range(step, last, step), last)


def _check_epochs(config: RunConfig) -> None:
    every, epochs, last = config.record_every, config.record_epochs, config.train.epochs
    if epochs and every != 1 and epochs != _every(every, last):
        raise InputError(
            f"--record-every {every} and --record-epochs {' '.join(map(str, epochs))}, or those of the run, differ; "
            "give one of them"
        )
    if list(epochs) != sorted(set(epochs)) or (epochs and not (epochs[0] >= 0 and epochs[-1] <= last)):
        raise InputError(
            f"--record-epochs is {' '.join(map(str, epochs))}; give numbers from 0 to {last}, which is --epochs, "
            "each larger than the one before"
        )


def _check_own(config: RunConfig) -> None:
    if not config.record or config.record_own == "after":
        return
    sized = ("fixed-size", "balanced", "leave-one-out")
    if 0 in config.record_epochs:
        raise InputError("--record-own met records nothing before the first step; leave 0 out of --record-epochs")
    if config.subset.design not in sized or config.subset.groups:
        raise InputError(
            f"--record-own met needs subsets of one size; choose --design {', '.join(sized[:-1])} or {sized[-1]}, "
            "without --groups"
        )
