"""Accelerators by name."""

import re

import pytest

from memjax.errors import InputError
from memjax.machine.chips import CHIPS, described, slice_named


def test_a_slice_has_hosts_and_devices():
    assert [slice_named(name).hosts for name in ("v5e", "v5e-4", "v5e-16", "h100-8", "h100-12")] == [1, 1, 4, 1, 2]
    assert [slice_named(name).devices for name in ("v5e-16", "v4-4")] == [16, 8]


@pytest.mark.parametrize("name", ["v5", "v5e-", "v5e-0", "v5e-4x", "h100-100000", "", "V5E", "v5e-\u0664"])
def test_other_words_are_refused(name):
    with pytest.raises(InputError, match="hoose one of"):
        slice_named(name)


def test_peak_and_clock_agree():
    """A TPU's matrix units do a whole number of 128 x 128 products in a cycle."""
    for chip in CHIPS.values():
        if chip.clock:
            units = chip.peak / (chip.clock * 2 * 128 * 128)
            assert units == pytest.approx(round(units), rel=0.02)


@pytest.mark.parametrize(("name", "capability"), [("a100", 8), ("h100", 9), ("h200", 9)])
def test_a_gpu_is_described_as_text_that_nests_properly(name, capability):
    text = described(CHIPS[name])

    assert text.count("{") == text.count("}")
    assert f"cuda_compute_capability {{ major: {capability} }}" in text
    assert f"device_memory_size: {CHIPS[name].memory}" in text
    assert len(re.findall(r'(\w+): ("[^"]*"|[\d.]+)(?=\s|$)', text)) >= 25
