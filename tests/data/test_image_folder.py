"""Folders of images: classes, splits, sizes, colours, orientation and broken files."""

import numpy as np
import pytest
from PIL import Image

import memjax
from memjax.config.specs import TableSpec
from memjax.data.readers.image_folder import load_image_folder
from memjax.errors import InputError

RED, GREEN = (255, 0, 0), (0, 255, 0)


def put(path, colour=RED, size=(4, 4), mode="RGB", **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **how)


def load(folder, size=None, **table):
    return load_image_folder(str(folder), TableSpec(**({"test_fraction": 0.0} | table)), size, 0)


def test_folders_are_classes_and_files_are_names(tmp_path):
    for name in ("cat/a.png", "cat/deep/b.png", "dog/c.png", "dog/notes.txt"):
        put(tmp_path / name, RED if name.startswith("cat") else GREEN) if name.endswith("png") else None

    data = load(tmp_path)

    assert data.own_ids.tolist() == ["cat/a.png", "cat/deep/b.png", "dog/c.png"]
    assert [data.classes[label] for label in data.dataset.train_labels] == ["cat", "cat", "dog"]
    assert data.dataset.train_inputs.shape == (3, 4, 4, 3)
    assert data.dataset.train_inputs[2, 0, 0].tolist() == list(GREEN)


def test_train_and_test_folders_split(tmp_path):
    for side, count in (("train", 3), ("Validation", 2)):
        for number in range(count):
            for kind in ("cat", "dog"):
                put(tmp_path / side / kind / f"{number}.png")

    data = load(tmp_path)

    assert (data.dataset.num_train, data.dataset.num_test) == (6, 4)
    assert data.own_test_ids[0].startswith("Validation/cat/")


def test_a_table_names_files_labels_and_split(tmp_path):
    for number in range(4):
        put(tmp_path / "images" / f"{number}.png")
    rows = [f"images/{number}.png,{'xy'[number % 2]},{'train' if number < 3 else 'test'}" for number in range(4)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,kind,part", *rows]))

    data = load(tmp_path, target="kind", split="part")

    assert (data.dataset.num_train, data.dataset.num_test) == (3, 1)
    with pytest.raises(InputError, match="--target 'sort' is not known"):
        load(tmp_path, target="sort")
    (tmp_path / "metadata.csv").write_text("file_name,kind\n../x.png,a\n../y.png,b\n")
    with pytest.raises(InputError, match="which is not in the folder"):
        load(tmp_path, target="kind")


def test_sizes_unlike_each_other_become_squares_by_one_rule(tmp_path):
    put(tmp_path / "a/1.png", size=(10, 20))
    put(tmp_path / "b/2.png", size=(64, 48))

    assert load(tmp_path).dataset.train_inputs.shape == (2, 32, 32, 3)
    assert "2 sizes were scaled and cropped to 32 x 32" in " ".join(load(tmp_path).notices)
    assert load(tmp_path, size=8).dataset.train_inputs.shape == (2, 8, 8, 3)


def test_grey_palette_alpha_and_orientation(tmp_path):
    put(tmp_path / "a/grey.png", 7, mode="L")
    put(tmp_path / "b/bits.png", 1, mode="1")
    grey = load(tmp_path).dataset.train_inputs
    assert grey.shape == (2, 4, 4)
    assert grey[:, 0, 0].tolist() == [7, 255]

    put(tmp_path / "b/clear.png", (0, 0, 255, 0), mode="RGBA")
    put(tmp_path / "b/palette.gif", 0, mode="P")
    turned = Image.new("RGB", (4, 4), RED)
    turned.putpixel((0, 0), GREEN)  # top left; orientation 3 turns by half a circle
    exif = Image.Exif()
    exif[0x0112] = 3
    turned.save(tmp_path / "b/turned.png", exif=exif)
    found = dict(zip(*(lambda data: (data.own_ids.tolist(), data.dataset.train_inputs))(load(tmp_path)), strict=True))
    assert found["b/clear.png"][0, 0].tolist() == [255, 255, 255]
    assert found["a/grey.png"][0, 0].tolist() == [7, 7, 7]
    assert found["b/turned.png"][3, 3].tolist() == list(GREEN)


def test_a_few_broken_files_are_named_and_many_are_refused(tmp_path):
    for number in range(120):
        put(tmp_path / "ab"[number % 2] / f"{number}.png")
    (tmp_path / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")

    data = load(tmp_path)

    assert data.dataset.num_train == 120
    assert "1 of 121 images cannot be read and are left out: a/broken.png" in data.notices[0]
    for number in range(3):
        (tmp_path / "b" / f"broken{number}.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"4 of 124 images .* cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("files", "words"), [([], "has no image"), (["1.png"], "in no folder of a class"), (None, "is no folder")]
)
def test_folders_that_say_nothing_are_refused(tmp_path, files, words):
    folder = tmp_path / "f"
    if files is not None:
        folder.mkdir()
    for name in files or ():
        put(folder / name)

    with pytest.raises(InputError, match=words):
        load(folder)


@pytest.mark.ci
def test_a_folder_is_a_run_that_needs_it_no_more(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(40):
        put(tmp_path / "data" / "pq"[number % 2] / f"{number}.png", tuple(rng.integers(0, 256, 3).tolist()))
    quick = {"num_models": 8, "epochs": 2, "model": "mlp:4", "progress": False, "run": tmp_path / "run"}

    result = memjax.fit(f"folder:{tmp_path / 'data'}", **quick)
    (tmp_path / "data").rename(tmp_path / "moved")

    assert result.dataset.num_test == 8
    assert memjax.open(tmp_path / "run").extend(12, progress=False).trained == 4
    assert result.ids[0].startswith("p/")


def test_classes_named_0_and_1_are_no_split(tmp_path):
    for name in ("0/a/1.png", "0/b/2.png", "1/a/3.png"):
        put(tmp_path / name)

    assert load(tmp_path).classes.tolist() == ["0", "1"]
    assert load(tmp_path).dataset.num_test == 0


def test_what_goes_with_no_folder_and_missing_labels_are_refused(tmp_path):
    put(tmp_path / "a/1.png")
    for option in ({"target": "kind"}, {"id": "kind"}, {"drop": ("kind",)}, {"split": "kind"}):
        with pytest.raises(InputError, match="leave them out: images are named by their files"):
            load(tmp_path, **option)
    (tmp_path / "metadata.csv").write_text("file_name,kind\na/1.png,x\na/1.png,\n")
    with pytest.raises(InputError, match=r"column 'kind' of .* lacks 1 labels"):
        load(tmp_path, target="kind")
