"""What a run takes on machines that are named."""

import json
import math

import pytest

from benchmarks.plan import planned, trained
from memjax import run, training
from memjax.config.specs import FleetSpec
from memjax.errors import InputError
from memjax.runs.forecast import costs

GIVEN = ["doctor", "--plan", "--num-models", "1000", "--pack-size", "8", "--models-per-second", "0.5", "--hosts", "4"]


@pytest.fixture(autouse=True)
def _quiet_jax(monkeypatch):
    """The tests' own devices are already there."""
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")


def test_by_hand():
    """125 packs for 32 devices are four rounds of 16 s, and three places are empty in the last."""
    found = costs(1000, 8, 0.5, 32, price=2.0)

    assert (found.blocks, found.rounds, found.seconds) == (125, 4, 64.0)
    assert found.device_hours == pytest.approx(32 * 64 / 3600)
    assert found.idle == pytest.approx(3 / 128)
    assert found.price == pytest.approx(2 * found.device_hours)


def test_more_devices_than_packs_do_not_make_it_faster():
    one, many = (costs(1000, 8, 0.5, devices, None) for devices in (125, 1000))

    assert one.seconds == many.seconds == 16.0
    assert many.device_hours == 8 * one.device_hours
    assert many.idle == pytest.approx(7 / 8)
    assert math.isnan(many.price)


@pytest.mark.parametrize(
    "options",
    [{"hosts": 0}, {"devices": 0}, {"models_per_second": 0.0}, {"models_per_second": math.inf}, {"price": -1.0}],
)
def test_what_is_no_fleet_is_refused(options):
    with pytest.raises(InputError, match="give"):
        FleetSpec(plan=True, **options)


def test_without_plan_the_other_options_are_refused(capsys):
    assert run.main(["doctor", "--hosts", "4"]) == 2
    assert "go with --plan; give it too" in capsys.readouterr().err


def test_where_the_speed_is_given_nothing_is_trained(monkeypatch, capsys):
    monkeypatch.setattr(training, "train_many", None)

    assert run.main([*GIVEN, "--devices", "8", "--price", "2", "--json"]) == 0

    data, forecast = map(json.loads, capsys.readouterr().out.splitlines())
    assert data["event"] == "data"
    assert forecast["costs"] == costs(1000, 8, 0.5, 32, 2.0)._asdict()
    assert forecast["machines"] == "hosts 4 x devices 8"
    assert forecast["price"] == "1.14"
    assert "0.5 models/s per device, as given; 8 models per pack" in forecast["speed"]


def test_it_says_where_devices_would_be_idle(capsys):
    assert run.main([*GIVEN, "--devices", "100"]) == 0

    text = " ".join(capsys.readouterr().out.split())  # lines are as long as the terminal is wide
    assert "125 packs for 400 devices: take fewer devices, or a smaller --pack-size" in text


@pytest.mark.slow
def test_the_plan_is_made_of_the_same_work_as_the_run():
    """No time is asserted: `benchmarks.plan` says how near the plan comes."""
    options = ("--num-models", 64, "--pack-size", 4, "--epochs", 10, "--cpu-devices", 2)
    plan = planned(options)
    took = trained(options, plan["devices"])

    assert (plan["blocks"], plan["devices"], plan["rounds"]) == (16, 2, 8)
    assert plan["seconds"] == pytest.approx(8 * 4 / plan["models_per_second"])
    assert 0 < took < math.inf
