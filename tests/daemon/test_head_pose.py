"""Which way a head looks, told of a head that is turned in space and of a woman who turns hers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faceplate
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.head_pose import HeadPose, head_pose, relief_pose
from faceplate.vision.detector import FaceDetector
from heads import turned
from mqtt_house import film

FOOTAGE = Path(faceplate.__file__).parent / "footage"


TURNS = [(0, 0), (-40, 0), (-20, 0), (20, 0), (40, 0), (0, 25), (0, 10), (0, -10), (0, -25), (20, 12), (-20, 12)]


@pytest.mark.parametrize(("left", "up"), TURNS)
@pytest.mark.parametrize("tilt", [-30, 0, 30])
def test_a_turned_head_is_told_to_a_few_degrees(left, up, tilt):
    pose = head_pose(turned(left=left, up=up, tilt=tilt))
    assert pose is not None
    assert pose.yaw == pytest.approx(left, abs=10)
    assert pose.pitch == pytest.approx(up, abs=12)


@given(scale=st.floats(0.2, 8), shift=st.floats(-100, 4000), left=st.floats(-45, 45))
def test_it_depends_neither_on_the_distance_nor_on_the_place(scale, shift, left):
    near, far = head_pose(turned(left=left, scale=scale, shift=shift)), head_pose(turned(left=left))
    assert near is not None
    assert far is not None
    assert near.yaw == pytest.approx(far.yaw, abs=0.5)
    assert near.pitch == pytest.approx(far.pitch, abs=0.5)


@given(left=st.floats(-45, 45), up=st.floats(-20, 20))
def test_a_mirrored_head_looks_the_other_way(left, up):
    mirrored = turned(left=left, up=up)[[1, 0, 2, 4, 3]] * np.float32([-1, 1])
    pose, other = head_pose(turned(left=left, up=up)), head_pose(mirrored)
    assert pose is not None
    assert other is not None
    assert other.yaw == pytest.approx(-pose.yaw, abs=0.5)


@pytest.mark.parametrize(
    "landmarks",
    [np.zeros((5, 2)), turned() * np.float32([1, -1]), turned() * np.nan, np.full((5, 2), np.inf)],
    ids=["one point", "upside down", "nan", "infinite"],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_of_what_is_no_upright_face_nothing_is_told(landmarks):
    assert head_pose(landmarks.astype(np.float32)) is None
    assert relief_pose(landmarks.astype(np.float32)) is None


@given(left=st.floats(-45, 45), tilt=st.floats(-30, 30))
def test_by_its_relief_a_head_that_is_turned_one_way_is_turned_as_far(left, tilt):
    pose, relief = head_pose(turned(left=left)), relief_pose(turned(left=left, tilt=tilt))
    assert pose is not None
    assert relief is not None
    assert relief.yaw == pytest.approx(pose.yaw, abs=3)
    assert relief.pitch == pytest.approx(pose.pitch, abs=3)


@given(
    turn=st.floats(-40, 40),
    along=st.floats(0.5, 1.5),
    across=st.floats(0.5, 1.5),
    skew=st.floats(-0.7, 0.7),
    left=st.floats(-30, 30),
)
def test_by_its_relief_a_picture_shows_the_same_from_wherever_it_is_seen(turn, along, across, skew, left):
    angle = np.radians(turn)
    seen = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[along, skew], [0, across]]
    flat = turned(left=left)
    straight, askew = relief_pose(flat), relief_pose((flat @ seen.T).astype(np.float32))
    assert straight is not None
    assert askew is not None
    assert (askew.yaw, askew.pitch) == (pytest.approx(straight.yaw, abs=0.1), pytest.approx(straight.pitch, abs=0.1))


def test_what_is_measured_at_a_right_angle_takes_a_picture_held_askew_for_a_turned_head():
    """That is why a challenge does not go by it."""
    askew = (turned() @ np.array([[1, 0.5], [0, 1]]).T).astype(np.float32)
    upright, relief = head_pose(askew), relief_pose(askew)
    assert upright is not None
    assert relief is not None
    assert abs(upright.yaw) > 15
    assert abs(relief.yaw) < 0.1


def test_a_woman_who_looks_to_her_right_and_then_to_her_left():
    """In the film she begins turned to the left of the picture, which is her own right."""
    detector = FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=60)
    frames = film(FOOTAGE / "woman.mp4")

    def pose_in(index: int) -> HeadPose:
        pose = head_pose(detector.find(np.ascontiguousarray(frames[index][:, :, ::-1]))[0].landmarks)
        assert pose is not None
        return pose

    assert pose_in(0).yaw < -30
    assert abs(pose_in(9).yaw) < 10
    assert pose_in(12).yaw > 20
    assert pose_in(22).yaw < -12
