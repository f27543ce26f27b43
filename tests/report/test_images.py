import io

import numpy as np
import pytest
from PIL import Image

from memjax.report.page.images import LARGEST_SIDE, Painter


def decode(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_bytes_are_shown_as_they_are():
    inputs = np.array([[[0, 100], [200, 30]]], np.uint8)

    np.testing.assert_array_equal(decode(Painter(inputs).png(inputs[0])), inputs[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float64])
def test_small_ranges_are_spread_over_all_examples_alike(dtype):
    inputs = np.array([[[0, 4]], [[8, 16]]], dtype)

    np.testing.assert_array_equal(decode(Painter(inputs).png(inputs[0])), [[0, 64]])


def test_colours_keep_their_places():
    inputs = np.zeros((1, 3, 3, 3), np.uint8)
    inputs[0, 0, 1] = [255, 128, 7]

    np.testing.assert_array_equal(decode(Painter(inputs).png(inputs[0])), inputs[0])


def test_pixels_that_are_no_numbers_do_not_spoil_the_others():
    inputs = np.array([[[-1.0, np.nan], [np.inf, 1.0]]])

    shown = decode(Painter(inputs).png(inputs[0]))

    assert shown[0, 0] == 0
    assert shown[1, 1] == 255


def test_features_are_compared_on_their_own_scales():
    inputs = np.array([[0.0, 1000.0, 5.0], [1.0, 3000.0, 5.0]])

    assert Painter(inputs).tiles(inputs)[1].tolist() == [[255, 255, 0]]


def test_large_images_are_reduced_and_keep_their_proportions():
    inputs = np.full((1, 400, 800, 3), 255, np.uint8)

    painter = Painter(inputs)

    assert decode(painter.png(inputs[0])).shape == (LARGEST_SIDE // 2, LARGEST_SIDE, 3)
    assert painter.size == (LARGEST_SIDE, LARGEST_SIDE // 2)
    assert painter.kind == "photo"


def test_an_example_outside_the_range_is_clipped():
    inputs = np.array([[[0.0, 1.0]]])

    np.testing.assert_array_equal(decode(Painter(inputs).png(np.array([[-5.0, 5.0]]))), [[0, 255]])
