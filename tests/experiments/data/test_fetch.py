import hashlib

import pytest

from experiments.data.fetch import Package, fetched
from memjax.errors import InputError

CONTENT = b"a package"
SHA = hashlib.sha256(CONTENT).hexdigest()


def test_what_is_there_is_checked_and_not_fetched_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "it.tgz").write_bytes(CONTENT)

    assert fetched(Package("npm", "it", "1.0", "it.tgz", SHA), tmp_path) == tmp_path / "it.tgz"


def test_a_file_that_is_not_the_published_one(tmp_path):
    (tmp_path / "it.tgz").write_bytes(CONTENT + b"!")

    with pytest.raises(InputError, match=rf"expected {SHA}.*delete it and run again"):
        fetched(Package("npm", "it", "1.0", "it.tgz", SHA), tmp_path)


def test_without_npm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(InputError, match=r"could not be fetched from npm: there is no program npm.*--archives"):
        fetched(Package("npm", "it", "1.0", "it.tgz", SHA), tmp_path)


def test_a_registry_that_answers_with_an_error(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'npm error network: no address' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin")

    with pytest.raises(InputError, match=r"from npm: npm error network: no address; fetch it elsewhere"):
        fetched(Package("npm", "it", "1.0", "it.tgz", SHA), tmp_path / "archives")
