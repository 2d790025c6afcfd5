"""`faceplate-train pack`: what the door's `bundle install` takes."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.model.package import read_folder, read_package
from faceplate_trainer.__main__ import main


def test_it_holds_the_bundle_and_its_cohort_and_tells_its_hash(tmp_path, capsys):
    file = tmp_path / "mine.bundle"
    assert main(["pack", str(DEFAULT_BUNDLE), str(file)]) == 0
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert capsys.readouterr().out == f"{digest}  {file}\n"
    assert read_package(file, digest) == read_folder(DEFAULT_BUNDLE)
    assert file.stat().st_mode & 0o777 == 0o644


def test_it_is_the_same_file_each_time(tmp_path):
    for name in ("one", "other"):
        assert main(["pack", str(DEFAULT_BUNDLE), str(tmp_path / name)]) == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("name", ["siamese.tflite", "cohort.npy", "bundle.json"])
def test_a_damaged_bundle_is_not_packed(tmp_path, capsys, name):
    folder = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    (folder / name).write_bytes(b"worn out")
    assert main(["pack", str(folder), str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("faceplate-train: ")
    assert not (tmp_path / "file").exists()
