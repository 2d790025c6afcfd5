# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("onnx")
pytestmark = pytest.mark.trainer

from faceplate.errors import ModelError
from faceplate_trainer.exporting.detector import plain_detector
from faceplate_trainer.exporting.provenance import licence_text, source_of
from faceplate_trainer.towers.onnx_file import read_onnx
from tiny_networks import tiny_sface, tiny_yunet


def test_same_detector_gives_same_plain_bytes(tmp_path):
    path = tiny_yunet(tmp_path / "yunet.onnx", quantised=True)

    content = plain_detector(path)

    assert plain_detector(path) == content
    (tmp_path / "plain.onnx").write_bytes(content)
    assert {node.op_type for node in read_onnx(tmp_path / "plain.onnx").graph.node} == {"Conv", "Transpose", "Reshape"}


def test_refuses_what_is_not_yunet(tmp_path):
    with pytest.raises(ModelError, match=r"is not YuNet: expected the outputs .* found \['fc1'\]"):
        plain_detector(tiny_sface(tmp_path / "sface.onnx"))


def test_nothing_is_claimed_about_an_unknown_file(tmp_path):
    source = source_of("face detector", tiny_yunet(tmp_path / "yunet.onnx"))

    assert source.licence == "unknown"
    assert source.licence_file == ""


@pytest.fixture
def models(research_data):
    return research_data.parent / "models"


@pytest.mark.research_data
@pytest.mark.parametrize(
    ("name", "licence", "holder"),
    [
        ("face_recognition_sface_2021dec_int8bq.onnx", "Apache-2.0", b"END OF TERMS AND CONDITIONS"),
        ("face_detection_yunet_2023mar_int8bq.onnx", "MIT", b"Copyright (c) 2020 Shiqi Yu <shiqi.yu@gmail.com>"),
    ],
)
def test_the_zoos_files_are_known_by_their_hash(models, name, licence, holder):
    source = source_of("face network", models / name)

    assert (source.licence, source.file, source.role) == (licence, name, "face network")
    assert holder in licence_text(source.licence_file)


@pytest.mark.research_data
def test_plain_yunet_finds_the_same_faces(research_data, models):
    path = models / "face_detection_yunet_2023mar_int8bq.onnx"
    detectors = [
        cv2.FaceDetectorYN.create("onnx", np.frombuffer(content, np.uint8), np.empty(0, np.uint8), (250, 250), 0.8)
        for content in (path.read_bytes(), plain_detector(path))
    ]
    assert len(plain_detector(path)) < 250_000

    found = 0
    for folder in sorted((research_data / "lfw_dev" / "images").iterdir())[::60]:
        picture = cv2.imread(str(min(folder.iterdir())))
        (_, expected), (_, received) = (detector.detect(picture) for detector in detectors)
        np.testing.assert_allclose(received, expected, atol=1e-3)
        found += len(expected)
    assert found >= 25
