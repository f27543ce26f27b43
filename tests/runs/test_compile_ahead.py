"""What the compiler for TPUs says, where it is installed (pip install 'memjax[tpu]').  No TPU is needed."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from memjax.config.presets import PRESETS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("libtpu") is None, reason="the compiler for TPUs is not installed"),
]


LIMIT = 600  # seconds for one of all presets and networks


def python(code: str, limit: float | None = None) -> list:
    """What a new process prints, as JSON: the compiler reads its settings when it is loaded."""
    begin = "import json; from memjax.machine.chips import slice_named; from memjax.runs import compile_ahead\n"
    begin += "target = slice_named(CHIPS); compile_ahead.prepare(target); devices = compile_ahead.devices_of(target)\n"
    command = [sys.executable, "-c", code.replace("BEGIN\n", begin)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the compiler for TPUs takes more than {limit:g} s for this program on this machine")
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout.splitlines()[-1])


PROGRAMS = """
CHIPS = {chips!r}
BEGIN
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, ShapeSpec, TrainSpec
from memjax.data import outline
from memjax.machine.chips import collectives, estimated_cycles
from memjax.subsets import make_design
from memjax.training import bytes_of
config = RunConfig(model=ModelSpec({model!r}), train=TrainSpec(epochs=2, batch_size=32))
dataset = outline(config.data, ShapeSpec({shape!r}, 3, 100, 20))
design = make_design(config.subset, 100, 0)
programs = compile_ahead.lowered(config, dataset, design, devices, 4).compiled(devices)
texts = [program.as_text() for program in programs]
print(json.dumps([len(devices), sorted(sum(map(collectives, texts), [])), list(map(estimated_cycles, texts)),
                  estimated_cycles(texts[1], 2), list(map(bytes_of, programs))]))
"""


@pytest.mark.parametrize(("chips", "devices"), [("v5e", 1), ("v5e-4", 4)])
@pytest.mark.parametrize(("model", "shape"), [("mlp:16", "8"), ("cnn:8", "8,8"), ("resnet18:2", "8,8,3")])
def test_a_run_compiles_for_a_chip_and_for_a_slice_whose_chips_do_not_wait(chips, devices, model, shape):
    """The loop over epochs runs as often as is asked: two epochs take about twice the cycles of one."""
    found = python(PROGRAMS.format(chips=chips, model=model, shape=shape))
    count, waiting, cycles, of_two, sizes = found

    assert count == devices
    assert waiting == []
    assert min(cycles) > 0
    assert 1.5 * cycles[1] < of_two <= 2 * cycles[1]
    assert min(sizes) > 0


EVERYTHING = """
CHIPS = {chips!r}
BEGIN
from dataclasses import asdict
from memjax.config.presets import PRESETS
from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec, ShapeSpec, TrainSpec
from memjax.data import outline
from memjax.subsets import make_design
name, shapes = {name!r}, ShapeSpec()
if (config := PRESETS.get(name)) is None:
    config, shapes = RunConfig(model=ModelSpec(name)), ShapeSpec("32,32,3", 10, 6000, 1000)
elif config.data.stream:
    shapes = ShapeSpec("224,224,3", 1000, 1_281_167, 50_000)
dataset = outline(config.data, shapes)
design = make_design(config.subset, dataset.num_train, config.seed)
found = compile_ahead.compile_ahead(config, dataset, design, devices, compile_ahead.guess(config, dataset))
print(json.dumps([len(devices), compile_ahead.TOO_MUCH, asdict(found)]))
"""
ZOO = ["linear", "mlp:128", "cnn", "alexnet", "resnet18", "inception", "densenet100", "resnet50"]


@pytest.mark.parametrize(("chips", "devices"), [("v5e", 1), ("v5e-4", 4)])
@pytest.mark.parametrize("name", [*ZOO, *PRESETS])
def test_each_preset_and_network_compiles_and_no_chip_waits(name, chips, devices):
    """Or the compiler says that it needs more memory than the chip has, or takes longer than the limit."""
    count, too_much, found = python(EVERYTHING.format(chips=chips, name=name), LIMIT)

    assert count == devices
    assert found["collectives"] == ""
    assert (found["cycles"] > 0) == (found["size"] < too_much)
    assert found["size"] > 0


def test_a_program_whose_devices_wait_is_told():
    """The test above could not fail if the names of collectives were not those of the compiler."""
    code = """
CHIPS = "v5e-4"
BEGIN
import jax, numpy as np
from memjax.machine.chips import collectives
mesh = jax.sharding.Mesh(np.array(devices), "x")
total = jax.shard_map(lambda part: jax.lax.psum(part, "x"), mesh=mesh, in_specs=jax.P("x"), out_specs=jax.P())
like = jax.ShapeDtypeStruct((4, 1024), np.float32, sharding=jax.NamedSharding(mesh, jax.P("x")))
print(json.dumps(collectives(jax.jit(total).lower(like).compile().as_text())))
"""
    assert python(code) == ["all-reduce"]


ESTIMATOR = """
CHIPS = "v5e"
BEGIN
import jax, numpy as np
from memjax.estimators.kernels.products import no_words
from memjax.estimators.strong_pairs import TILE, _products, _values
place = jax.sharding.SingleDeviceSharding(devices[0])
def like(shape, dtype):
    return jax.ShapeDtypeStruct(shape, dtype, sharding=place)
words = no_words(2000, 1).shape[:2]
given = like((*words, 60_000 // 8), np.uint32), like((*words, 10_000 // 2), np.uint32)
products = _products.lower(*given).compile()
sums, num_in = jax.eval_shape(_products, *given)
placed = jax.tree.map(lambda leaf: like(leaf.shape, leaf.dtype), (sums, num_in))
values = _values.lower(*placed, 2000).compile()
sizes = [program.memory_analysis() for program in (products, values)]
print(json.dumps([each.argument_size_in_bytes + each.output_size_in_bytes + each.temp_size_in_bytes for each in sizes]))
"""


def test_influence_of_sixty_thousand_on_ten_thousand_compiles_a_tile_at_a_time():
    """2,000 models; 16 tiles of 7,500 x 5,000 pairs."""
    sizes = python(ESTIMATOR)

    assert max(sizes) < 0.5 * 16 * 2**30


def test_the_doctor_plans_for_a_tpu_without_one(tmp_path):
    """Twice: the second time from the cache, with the same answer."""
    command = [
        sys.executable,
        "-m",
        "memjax",
        "doctor",
        "--for",
        "v5e-4",
        "--model",
        "mlp:16",
        "--epochs",
        "1",
        "--json",
    ]
    command += ["--shape", "8", "--classes", "2", "--train", "100", "--test", "10", "--num-models", "8"]
    there = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    said = [
        json.loads(
            subprocess.run(command, env=there, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        )
        for _ in range(2)
    ]

    assert said[0] == said[1]
    plan = said[0]["plan"]
    assert plan["fits"]
    assert plan["pack_size"] in (1, 2)
    assert 0 < plan["models_per_second"][0] < plan["models_per_second"][1]
    assert said[0]["run on it"].endswith(f"--pack-size {plan['pack_size']}")


def test_a_plan_that_is_made_again_does_not_read_programs_that_only_a_tpu_can_load(tmp_path):
    command = [sys.executable, "-m", "memjax", "doctor", "--for", "v5e", "--model", "linear", "--pack-size", "2"]
    command += ["--shape", "8", "--classes", "2", "--train", "100", "--test", "10", "--epochs", "1"]
    there = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    said = [subprocess.run(command, env=there, check=True, capture_output=True, text=True) for _ in range(2)]

    assert said[0].stdout == said[1].stdout
    assert "cache" not in said[1].stderr


def test_two_plans_at_once():
    """Each has loaded the compiler before either ends."""
    code = "from memjax.runs import compile_ahead; from memjax.machine.chips import slice_named\n"
    code += "target = slice_named('v5e'); compile_ahead.prepare(target)\n"
    code += "print(len(compile_ahead.devices_of(target)), flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(2)]

    assert [process.stdout.readline() for process in both] == ["1\n", "1\n"]
    for process in both:
        process.communicate("\n")
        assert process.returncode == 0
