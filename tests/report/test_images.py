import base64
import io

import numpy as np
import pytest
from PIL import Image

from memjax.report.page.images import LARGEST_SIDE, Painter, Picture


def decode(picture: Picture) -> np.ndarray:
    png = base64.b64decode(picture.uri.removeprefix("data:image/png;base64,"))
    image = Image.open(io.BytesIO(png))
    assert image.size == (picture.width, picture.height)
    return np.asarray(image)


def test_bytes_are_shown_as_they_are():
    inputs = np.array([[[0, 100], [200, 30]]], np.uint8)

    np.testing.assert_array_equal(decode(Painter(inputs)(inputs[0])), inputs[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float64])
def test_small_ranges_are_spread_over_all_examples_alike(dtype):
    inputs = np.array([[[0, 4]], [[8, 16]]], dtype)

    np.testing.assert_array_equal(decode(Painter(inputs)(inputs[0])), [[0, 64]])


def test_colours_keep_their_places():
    inputs = np.zeros((1, 3, 3, 3), np.uint8)
    inputs[0, 0, 1] = [255, 128, 7]

    np.testing.assert_array_equal(decode(Painter(inputs)(inputs[0])), inputs[0])


def test_pixels_that_are_no_numbers_do_not_spoil_the_others():
    inputs = np.array([[[-1.0, np.nan], [np.inf, 1.0]]])

    shown = decode(Painter(inputs)(inputs[0]))

    assert shown[0, 0] == 0
    assert shown[1, 1] == 255


def test_features_are_compared_on_their_own_scales():
    inputs = np.array([[0.0, 1000.0, 5.0], [1.0, 3000.0, 5.0]])

    assert Painter(inputs).tiles(inputs)[1].tolist() == [[255, 255, 0]]


def test_large_images_are_reduced_and_keep_their_proportions():
    inputs = np.full((1, 400, 800, 3), 255, np.uint8)

    picture = Painter(inputs)(inputs[0])

    assert (picture.width, picture.height) == (LARGEST_SIDE, LARGEST_SIDE // 2)
    assert picture.kind == "photo"


def test_an_example_outside_the_range_is_clipped():
    inputs = np.array([[[0.0, 1.0]]])

    np.testing.assert_array_equal(decode(Painter(inputs)(np.array([[-5.0, 5.0]]))), [[0, 255]])
