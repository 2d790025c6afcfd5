"""What is adjusted while the door is guarded: whatever is asked for, the file's bounds hold."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.standing import Forgetful, Standing
from faceplate.config_file import config_from
from faceplate.errors import ConfigError, OrderRefusedError, StoreError
from faceplate.people.matching import Thresholds
from faceplate.settings import Setting, Settings
from faceplate.standing import StandingFile
from faceplate.types import Score, Seconds

CALIBRATED = Thresholds(Score(0.7), 0.3, 0.1)
PAIRS = {
    "detection_threshold": [0.6, 0.9],
    "verification_threshold": [0.2, 0.5],
    "margin": [0.05, 0.3],
    "release_time": [2, 10],
}


def config_with(bounds=None, **people):
    tree = {"bridge": {"bounds": bounds or {}}, "people": people}
    return config_from(tree, base=Path(), where="the test's configuration")


class House:
    """Settings, what they keep, and the door they tell."""

    def __init__(self, bounds=None, standing=None, *, calibrated=True, **people):
        self.standing = standing or Forgetful()
        self.config = config_with(bounds, **people)
        self.released = []
        self.settings = Settings(self.config, self.standing, self.released.append)
        if calibrated:
            self.settings.calibrated(replace(CALIBRATED, detection=Score(people.get("detection_threshold", 0.7))))

    def values(self):
        return self.settings.facts()["settings"]

    def restarted(self, bounds=None, **people):
        return House(bounds, self.standing, **people)


FILED = {"detection_threshold": 0.7, "verification_threshold": 0.3, "margin": 0.1, "release_time": 5.0}
STRICTER = {
    "detection_threshold": [0.7, 1.0],
    "verification_threshold": [0.3, 1.0],
    "margin": [0.1, 1.0],
    "release_time": [0.5, 5.0],
}


def test_before_anything_is_adjusted_the_file_counts():
    assert House().settings.facts() == {"liveness": "motion", "settings": FILED, "bounds": STRICTER}
    assert House(PAIRS).settings.facts() == {"liveness": "motion", "settings": FILED, "bounds": PAIRS}
    assert House().released == [5.0]


def test_every_setting_has_its_bounds_and_the_file_its_key():
    assert set(type(House().config.bridge.bounds).model_fields) == set(Setting) == set(FILED)


@pytest.mark.parametrize("setting", Setting)
def test_by_default_only_what_is_stricter_is_allowed(setting):
    lowest, highest = STRICTER[setting]
    for value in (lowest, highest, (lowest + highest) / 2):
        house = House()
        house.settings.adjust(setting, value)
        assert house.values() == FILED | {setting.value: value}
    for value in (math.nextafter(lowest, -1), math.nextafter(highest, 100), -1, 1000):
        house = House()
        with pytest.raises(
            OrderRefusedError, match=rf"^{setting} must be a number from {lowest:g} to {highest:g} .*got"
        ):
            house.settings.adjust(setting, value)
        assert house.values() == FILED


@pytest.mark.parametrize("setting", Setting)
def test_a_pair_in_the_file_moves_the_bounds_both_ways(setting):
    lowest, highest = PAIRS[setting]
    house = House(PAIRS)
    for value in (lowest, highest):
        house.settings.adjust(setting, value)
        assert house.values() == FILED | {setting.value: value}
    for value in (math.nextafter(lowest, -1), math.nextafter(highest, 100)):
        with pytest.raises(OrderRefusedError):
            house.settings.adjust(setting, value)
    assert house.values() == FILED | {setting.value: highest}


NO_NUMBERS = [math.nan, math.inf, -math.inf, True, False, None, "0.8", [0.8], {}, 10**400]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("setting", Setting)
def test_what_is_no_number_is_refused_with_what_came(setting, value):
    house = House({"margin": [0, 1], "verification_threshold": [0, 1], "detection_threshold": [0, 1]})
    with pytest.raises(OrderRefusedError, match="got") as refused:
        house.settings.adjust(setting, value)
    assert str(value)[:40] in str(refused.value)
    assert house.values() == FILED


def test_a_setting_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(OrderRefusedError, match="'face_threshold' cannot be adjusted; what can: detection_threshold, "):
        House().settings.adjust("face_threshold", 0.9)


def test_the_thresholds_in_force_take_the_place_of_the_files():
    house = House()
    assert house.settings.thresholds(CALIBRATED) == CALIBRATED
    house.settings.adjust("detection_threshold", 0.8)
    house.settings.adjust("verification_threshold", 0.5)
    house.settings.adjust("margin", 0.2)
    assert house.settings.thresholds(CALIBRATED) == Thresholds(Score(0.8), 0.5, 0.2)


def test_the_door_is_told_the_release_time():
    house = House()
    house.settings.adjust("release_time", 3)
    house.settings.adjust("margin", 0.2)
    assert house.released == [5.0, 3.0]
    assert house.restarted().released == [3.0]


def test_what_the_bundle_decides_is_not_known_before_it_is_loaded():
    house = House(calibrated=False)
    assert "detection_threshold" not in house.values()
    assert "detection_threshold" not in house.settings.facts()["bounds"]
    with pytest.raises(OrderRefusedError, match="not known before the model bundle is loaded"):
        house.settings.adjust("detection_threshold", 0.9)
    house.settings.calibrated(CALIBRATED)
    house.settings.adjust("detection_threshold", 0.9)
    assert house.values()["detection_threshold"] == 0.9


def test_bounds_that_do_not_hold_the_calibrated_threshold_are_an_error():
    with pytest.raises(ConfigError, match=r"makes detection_threshold 0\.7, and .* allows 0\.8 to 0\.9: change one"):
        House({"detection_threshold": [0.8, 0.9]})


def test_what_was_adjusted_outlasts_a_restart(tmp_path):
    def opened():
        return StandingFile(tmp_path / "standing.json", config_with().access, lambda: Seconds(1.0))

    house = House(standing=opened())
    adjusted = {"detection_threshold": 0.9, "verification_threshold": 0.4, "margin": 0.2, "release_time": 1.5}
    for setting, value in adjusted.items():
        house.settings.adjust(setting, value)
    again = House(standing=opened())
    assert again.values() == adjusted
    assert again.released == [1.5]
    (tmp_path / "standing.json").write_bytes(b"damaged")
    assert House(standing=opened()).values() == FILED


def test_what_is_set_back_to_the_files_value_follows_the_file():
    house = House()
    house.settings.adjust("margin", 0.2)
    house.settings.adjust("margin", 0.1)
    assert house.standing.standing.adjusted == {}
    assert house.restarted(margin=0.05).values()["margin"] == 0.05


def test_what_the_file_no_longer_allows_is_dropped_with_a_word(caplog):
    house = House()
    house.settings.adjust("margin", 0.2)
    house.settings.adjust("detection_threshold", 0.8)
    house.settings.adjust("release_time", 4)
    caplog.clear()
    again = house.restarted({"release_time": [1, 10]}, margin=0.25, detection_threshold=0.85)
    assert again.values() == FILED | {"margin": 0.25, "detection_threshold": 0.85, "release_time": 4}
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "margin had been adjusted to 0.2, and may be 0.25 to 1 now: 0.25 counts, as in the file" in caplog.messages
    assert "detection_threshold had been adjusted to 0.8, and may be 0.85 to 1 now" in caplog.text
    assert house.standing.standing.adjusted == {"release_time": 4.0}
    assert house.restarted().values() == FILED | {"release_time": 4}


def test_what_a_later_program_adjusted_is_dropped_too(caplog):
    House(standing=Forgetful(Standing(adjusted={"colour": 1.0})))
    assert caplog.messages == ["colour had been adjusted, and cannot be adjusted any more: the file counts"]


class Full(Forgetful):
    def change(self, how):
        super().change(how)
        raise StoreError("the disk is full")


def test_what_cannot_be_saved_counts_until_the_restart_and_is_told():
    house = House(standing=Full())
    with pytest.raises(StoreError, match="the disk is full"):
        house.settings.adjust("release_time", 2)
    assert house.values()["release_time"] == 2
    assert house.released == [5.0, 2.0]


anything = st.floats() | st.integers(-2, 70) | st.booleans() | st.none() | st.text(max_size=3) | st.floats(0, 1)
pairs = st.fixed_dictionaries(
    {},
    optional={
        "verification_threshold": st.tuples(st.floats(0, 0.3), st.floats(0.3, 1)).map(list),
        "margin": st.tuples(st.floats(0, 0.1), st.floats(0.1, 1)).map(list),
        "detection_threshold": st.tuples(st.floats(0, 0.7), st.floats(0.7, 1)).map(list),
        "release_time": st.tuples(st.floats(0.5, 5), st.floats(5, 60)).map(list),
    },
)
orders = st.lists(st.tuples(st.sampled_from([*Setting, "another"]), anything), max_size=12)
kept = st.dictionaries(st.sampled_from([*map(str, Setting), "another"]), st.floats(allow_nan=False))


def within_bounds(house):
    facts = house.settings.facts()
    for setting, value in facts["settings"].items():
        lowest, highest = facts["bounds"][setting]
        assert lowest <= value <= highest
        assert house.settings.value(Setting(setting)) == value
    for released in house.released:
        lowest, highest = facts["bounds"]["release_time"]
        assert lowest <= released <= highest


@given(pairs, kept, orders, pairs, orders)
def test_whatever_is_adjusted_what_is_in_force_lies_within_the_bounds(bounds, before, first, other_bounds, second):
    house = House(bounds, Forgetful(Standing(adjusted=before)))
    within_bounds(house)
    for asked, changed in ((first, bounds), (second, other_bounds)):
        house = house.restarted(changed)
        within_bounds(house)
        for setting, value in asked:
            present = house.values()
            try:
                house.settings.adjust(setting, value)
            except OrderRefusedError:
                assert house.values() == present
            else:
                assert house.values() == present | {str(setting): value}
            within_bounds(house)
        assert house.released[-1] == house.values()["release_time"]


@given(kept, orders)
def test_without_bounds_in_the_file_nothing_ever_opens_more_easily(before, asked):
    house = House(standing=Forgetful(Standing(adjusted=before)))
    for setting, value in asked:
        try:
            house.settings.adjust(setting, value)
        except OrderRefusedError:
            continue
    values = house.values()
    assert values["release_time"] <= FILED["release_time"]
    assert all(values[name] >= FILED[name] for name in FILED if name != "release_time")
