"""The numbers of the closing table in MLflow, Weights & Biases, TensorBoard: stand-ins, and the real ones if there."""

import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import memjax
from memjax import run
from memjax.errors import InputError
from memjax.runs.loggers import TABLE, log, numbers_of


@pytest.fixture
def result(small_run, tmp_path) -> memjax.Result:
    shutil.copytree(small_run, tmp_path / "whole")
    return memjax.open(tmp_path / "whole")


def expected(result: memjax.Result) -> dict[str, float]:
    """Some of the numbers, from where each is made."""
    found, accuracy = result.summary(), result.estimates.test_accuracy
    return {
        "memjax/num_models": 12,
        "memjax/accuracy/test": accuracy,
        "memjax/memorization/mean": float(result.memorization.value.mean(dtype="float64")),
        "memjax/pairs/pairs": len(result.pairs),
        "memjax/standard_error/typical": found["standard_error"]["typical"],
        "memjax/looks_wrong": int(result.dataframe()["looks_wrong"].sum()),
    }


def stand_in(monkeypatch, name: str, **names) -> None:
    module = ModuleType(name)
    module.__spec__, module.__path__ = ModuleSpec(name, None), []
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, name, module)


class Recorder:
    """What the three programs have in common: runs are begun, told numbers and texts, and ended."""

    def __init__(self, active: bool = False):
        self.active, self.begun, self.ended, self.told, self.texts = active, [], 0, {}, {}

    @contextmanager
    def start(self, **named):
        self.begun.append(named)
        yield self
        self.ended += 1

    def tell(self, numbers: dict, step: int | None = None) -> None:
        self.told |= {name: (number, step) for name, number in numbers.items()}

    def as_mlflow(self) -> dict:
        return {
            "active_run": lambda: self if self.active else None,
            "start_run": lambda run_name: self.start(name=run_name),
            "set_tags": self.texts.update,
            "log_metrics": self.tell,
        }

    def as_wandb(self) -> dict:
        self.config = SimpleNamespace(update=lambda texts, allow_val_change: self.texts.update(texts))
        self.log = self.tell
        return {"run": self if self.active else None, "init": lambda project, name: self.start(name=name)}


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
@pytest.mark.parametrize("active", [False, True], ids=["no run is active", "a run is active"])
def test_numbers_and_table_reach_the_active_run_or_one_that_is_begun_and_ended(name, active, result, monkeypatch):
    recorder = Recorder(active)
    stand_in(monkeypatch, name, **getattr(recorder, f"as_{name}")())

    log(name, result)

    numbers = {key: value for key, (value, _) in recorder.told.items()}
    assert expected(result).items() <= numbers.items()
    assert recorder.texts[TABLE] == repr(result)
    assert recorder.texts["memjax/model"] == "mlp:16"
    assert {step for _, step in recorder.told.values()} == {12 if name == "mlflow" else None}
    assert (recorder.begun, recorder.ended) == (([], 0) if active else ([{"name": "whole"}], 1))


def test_tensorboard_writes_scalars_by_the_number_of_models(result, monkeypatch):
    told, closed = {}, []

    class Writer:
        def __init__(self, output):
            self.output = output

        def add_scalar(self, tag, data, step):
            told[tag] = data, step

        def close(self):
            closed.append(self.output)

    stand_in(monkeypatch, "tensorboard")
    stand_in(monkeypatch, "tensorboard.summary", Writer=Writer)

    log("tensorboard", result)

    assert {name: (value, 12) for name, value in expected(result).items()}.items() <= told.items()
    assert closed == [f"{result.folder}/tensorboard"]


def test_numbers_are_named_by_their_path_and_left_out_where_not_finite():
    nested = {"a": float("nan"), "b": {"c": 1, "d": None, "e": float("inf"), "f": {"g": 0.5}}, "h": "x", "i": [2]}

    assert dict(numbers_of("memjax", nested)) == {"memjax/b/c": 1, "memjax/b/f/g": 0.5}


def test_the_command_and_an_extension_send_at_their_end(result, monkeypatch):
    recorder = Recorder()
    stand_in(monkeypatch, "mlflow", **recorder.as_mlflow())

    assert run.main(["--run", str(result.folder), "--log", "mlflow"]) == 0
    logged = memjax.Result(replace(result.run, config=replace(result.config, log="mlflow")))
    logged.extend(progress=False)

    assert recorder.ended == 2
    assert "log" not in result.run.plan.config


def test_a_logger_that_fails_does_not_lose_the_run(result, monkeypatch, capsys):
    def fails(*_):
        raise ConnectionError("no server there")

    stand_in(monkeypatch, "mlflow", **Recorder().as_mlflow() | {"set_tags": fails})

    assert run.main(["--run", str(result.folder), "--log", "mlflow"]) == 0

    said = capsys.readouterr().out
    assert "--log mlflow failed, the run has not: ConnectionError: no server there" in said
    assert "report  " in said


@pytest.mark.parametrize("name", ["mlflow", "wandb", "tensorboard"])
def test_a_missing_package_is_named_before_anything_is_trained(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("memjax.config.run_config.find_spec", lambda _: None)

    with pytest.raises(InputError, match=f"pip install {name}"):
        memjax.fit("digits", log=name, run=tmp_path / "run")
    assert run.main(["--run", str(tmp_path / "run"), "--log", name]) == 2

    assert f"--log {name}: this package is not installed; pip install {name}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_in_mlflow_itself(result, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the light package has no database
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())

    log("mlflow", result)

    (found,) = mlflow.search_runs(output_format="list")
    assert found.info.status == "FINISHED"
    assert found.data.metrics == pytest.approx(found.data.metrics | expected(result))
    assert found.data.tags[TABLE] == repr(result)


def test_in_wandb_itself(result, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")

    log("wandb", result)

    assert wandb.run is None
    (file,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    assert file.stat().st_size > len(repr(result))

    with wandb.init(project="own") as active:
        log("wandb", result)
        assert wandb.run is active
        told, about = dict(active.summary), dict(active.config)
    assert told == pytest.approx(told | expected(result))
    assert about[TABLE] == repr(result)


def test_in_tensorboard_itself(result):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    log("tensorboard", result)

    events = EventAccumulator(str(Path(result.folder) / "tensorboard"))
    events.Reload()
    for name, value in expected(result).items():
        (event,) = events.Tensors(name)
        assert (event.step, make_ndarray(event.tensor_proto)) == (12, pytest.approx(value))
