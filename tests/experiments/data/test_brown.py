import tarfile

import pytest

from experiments.data import brown
from experiments.data.main import Options
from memjax.errors import InputError


def archive(path, **texts):
    with tarfile.open(path, "w:gz") as files:
        for name, text in texts.items():
            place = path.parent / name
            place.write_text(text, encoding="latin-1")
            files.add(place, f"package/{name}")
    return path


def test_parts_of_speech_are_left_out_and_texts_are_in_order(tmp_path, monkeypatch):
    path = archive(
        tmp_path / "brown.tgz", cb01="\n\n\tIt/pps is/bez 3\u00bd/cd miles/nns ./.\n",
        ca02="Go/vb ,/, they/ppss said/vbd ./.", README="no/text",
    )  # fmt: skip
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(brown, "fetched", lambda package, folder: path)

    brown.make(Options())

    assert brown.sentences() == ["Go, they said.", "It is 3\u00bd miles."]


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match=r"python -m experiments\.data\.brown"):
        brown.sentences()
    with pytest.raises(InputError, match="has no texts of the Brown corpus"):
        brown.read_sentences(archive(tmp_path / "other.tgz", README="a/b"))
