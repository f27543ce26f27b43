"""The emoji are read from archives in the exact form of npm's packages, made here."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

import memjax
from experiments.data import emoji
from experiments.data.fetch import beside
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError


def png(colour):
    """A 64 x 64 drawing whose left half is a colour and whose right half is transparent."""
    image = Image.new("RGBA", (64, 64))
    image.paste(Image.new("RGBA", (32, 64), colour), (0, 0))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def entry(code, kind, category="Food & Drink", variants=(), drawn_by=("google", "twitter")):
    def one(code):
        drawn = {f"has_img_{vendor}": vendor in drawn_by for vendor in ("google", "twitter")}
        return {"unified": code, "image": f"{code.lower()}.png", **drawn}

    made = one(code) | {"category": category, "subcategory": kind}
    return made | ({"skin_variations": {tone: one(f"{code}-{tone}") for tone in variants}} if variants else {})


@pytest.fixture
def archive(tmp_path):
    def make(vendor, entries, leave_out=()):
        images = [one["image"] for e in entries for one in (e, *e.get("skin_variations", {}).values())]
        colours = {"google": (255, 0, 0, 255), "twitter": (0, 0, 255, 255)}
        files = {f"package/img/{vendor}/64/{image}": png(colours[vendor]) for image in images if image not in leave_out}
        files["package/emoji.json"] = json.dumps(entries).encode()
        path = tmp_path / f"{vendor}.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return path

    return make


def test_a_drawing_stands_on_white_and_squares_of_its_pixels_are_averaged(archive):
    [drawing] = emoji.read_drawings(archive("google", [entry("1F34E", "food-fruit")]), "google", 16, True)

    assert drawing.image.shape == (16, 16, 3)
    assert (drawing.image[:, :8] == (255, 0, 0)).all()
    assert (drawing.image[:, 8:] == 255).all()
    assert drawing[1:] == ("food-fruit", "google", "1F34E")


def test_flags_and_what_the_vendor_did_not_draw_are_left_out(archive):
    entries = [entry("1F34E", "food-fruit"), entry("1F1EA", "country-flag", "Flags"),
               entry("1F34F", "food-fruit", drawn_by=("twitter",))]  # fmt: skip

    found = list(emoji.read_drawings(archive("google", entries), "google", 32, True))

    assert [drawing.codepoint for drawing in found] == ["1F34E"]


@pytest.mark.parametrize(("skin", "codes"), [(True, ["1F44D", "1F44D-1F3FB", "1F44D-1F3FF"]), (False, ["1F44D"])])
def test_variants_of_the_skin_are_a_switch(archive, skin, codes):
    entries = [entry("1F44D", "hand", variants=("1F3FB", "1F3FF"))]

    found = list(emoji.read_drawings(archive("twitter", entries), "twitter", 16, skin))

    assert [drawing.codepoint for drawing in found] == codes


def test_classes_are_large_subcategories_a_third_of_each_is_for_testing_and_twins_are_known(
    archive, monkeypatch, tmp_path
):
    entries = [entry(f"{kind}{n}", kind) for kind, count in (("l", 9), ("m", 6), ("s", 5)) for n in range(count)]
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(emoji, "fetched", lambda package, folder: archive(package.name.split("-")[-1], entries))

    path = emoji.make(emoji.Settings())

    data = load_dataset(DataSpec("emoji"))
    assert data.class_names == ("l", "m")  # 18 and 12 drawings; s has 10
    assert (data.num_train, data.num_test) == (12 + 8, 6 + 4)
    known = np.load(beside(path))
    red = (data.train_inputs[:, 0, 0] == (255, 0, 0)).all(1)
    np.testing.assert_array_equal(known["vendor_train"] == "google", red)
    codes = [*known["codepoint_train"], *known["codepoint_test"]]
    assert sorted(codes) == sorted(2 * ([f"l{n}" for n in range(9)] + [f"m{n}" for n in range(6)]))


def test_an_archive_without_a_drawing_of_its_list(archive):
    path = archive("google", [entry("1F34E", "food-fruit")], leave_out=("1f34e.png",))

    with pytest.raises(InputError, match=r"google.tgz has no package/img/google/64/1f34e.png"):
        list(emoji.read_drawings(path, "google", 16, True))


NAMES = {
    "emoji": (16, True, "emoji"),
    "emoji32": (32, True, "emoji --pixels 32"),
    "emoji_plain": (16, False, "emoji --no-skin"),
    "emoji32_plain": (32, False, "emoji --pixels 32 --no-skin"),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_script_writes_is_known_by_its_name(name, archive, monkeypatch, tmp_path):
    pixels, skin, _ = NAMES[name]
    entries = [entry(f"{kind}{n}", kind) for kind in "lm" for n in range(6)]
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(emoji, "fetched", lambda package, folder: archive(package.name.split("-")[-1], entries))

    path = emoji.make(emoji.Settings(pixels=pixels, skin=skin))

    assert path.stem == name
    assert load_dataset(DataSpec(name)).input_shape == (pixels, pixels, 3)


@pytest.mark.parametrize("name", NAMES)
def test_before_the_script_was_run(name, monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match=rf"`python -m experiments.data.{NAMES[name][-1]}`"):
        memjax.fit(name, num_models=2, run=str(tmp_path / "run"))
