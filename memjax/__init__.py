"""memjax: how much networks memorized each training example, and which examples influenced which.

The command line is `python -m memjax.run`.  In Python, on arrays of your own:

    estimate = memjax.memorization(masks, correct)
    estimate = memjax.influence(masks, correct_test)

Names are imported when they are first used, so that `import memjax` itself costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memjax.config.run_config import RunConfig
    from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
    from memjax.data import load_dataset
    from memjax.errors import InputError
    from memjax.estimators import influence, memorization
    from memjax.metrics import Task
    from memjax.models import from_linen, from_nnx, make_model
    from memjax.runs.compare import Comparison, compare
    from memjax.runs.fit import fit
    from memjax.runs.from_arrays import report_arrays
    from memjax.runs.judge import judge
    from memjax.runs.label_quality import LabelQuality
    from memjax.runs.result import Result, open
    from memjax.runs.verdict import Verdict
    from memjax.store import read_curves, read_outcomes
    from memjax.subsets import coverage, make_design
    from memjax.training import make_train, train_many
    from memjax.types import Curves, Dataset, Estimate, Model, Outcomes, SubsetDesign, TrainOutput

__version__ = "0.1.0"

_HOME = {
    "config.run_config": ("RunConfig",),
    "data": ("load_dataset",),
    "runs.compare": ("Comparison", "compare"),
    "runs.fit": ("fit",),
    "runs.from_arrays": ("report_arrays",),
    "runs.judge": ("judge",),
    "runs.label_quality": ("LabelQuality",),
    "runs.result": ("Result", "open"),
    "runs.verdict": ("Verdict",),
    "errors": ("InputError",),
    "estimators": ("influence", "memorization"),
    "metrics": ("Task",),
    "models": ("from_linen", "from_nnx", "make_model"),
    "config.specs": ("DataSpec", "ModelSpec", "SubsetSpec", "TrainSpec"),
    "store": ("read_curves", "read_outcomes"),
    "subsets": ("coverage", "make_design"),
    "training": ("make_train", "train_many"),
    "types": ("Curves", "Dataset", "Estimate", "Model", "Outcomes", "SubsetDesign", "TrainOutput"),
}

__all__ = [
    "Comparison", "Curves", "DataSpec", "Dataset", "Estimate", "InputError", "LabelQuality", "Model", "ModelSpec",
    "Outcomes", "Result", "RunConfig", "SubsetDesign", "SubsetSpec", "Task", "TrainOutput", "TrainSpec", "Verdict",
    "__version__", "compare", "coverage", "fit", "from_linen", "from_nnx", "influence", "judge", "load_dataset",
    "make_design", "make_model", "make_train", "memorization", "open", "read_curves", "read_outcomes", "report_arrays",
    "train_many",
]  # fmt: skip


def __getattr__(name: str):
    for module, names in _HOME.items():
        if name in names:
            return getattr(importlib.import_module(f"memjax.{module}"), name)
    raise AttributeError(f"module 'memjax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
