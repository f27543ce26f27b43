"""The experiments after Arpit et al. run in their smallest form, and write down what they found."""

import importlib
import json

import pytest
from matplotlib import pyplot

from experiments.claim import conclude

NAMES = {
    "easy_and_hard": "EasyAndHard", "loss_sensitivity": "LossSensitivity", "capacity": "Capacity",
    "time_to_convergence": "TimeToConvergence", "critical_samples": "CriticalSamples", "regularizers": "Regularizers",
    "patterns_first": "PatternsFirst", "depth": "Depth", "datasets": "Datasets", "bridge": "Bridge",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_smoke(name, tmp_path):
    module = importlib.import_module(f"experiments.arpit_{name}")
    more = {"datasets": ("digits", "digits")} if name == "datasets" else {}  # no files, no network
    options = getattr(module, NAMES[name])(preset="smoke", folder=tmp_path, **more)

    result = module.run(options)
    conclude(f"arpit_{name}", options, result)
    pyplot.close("all")

    written = json.loads((tmp_path / f"arpit_{name}" / "smoke" / "result.json").read_text())
    assert len(written["verdicts"]) == len(result.verdicts) >= 2
    assert {verdict["word"] for verdict in written["verdicts"]} <= {"supported", "not supported", "undecided"}
    assert (tmp_path / f"arpit_{name}" / "smoke" / "figure.png").stat().st_size > 5000
