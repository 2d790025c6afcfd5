"""`faceplate thresholds`: where each setting comes from, and what a household may expect of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from faceplate.__main__ import main
from faceplate.commands.common import ExitCode
from faceplate.config.risk import RULES
from faceplate.config_file import load_config
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.people.gallery import Gallery
from faceplate.recognition import thresholds_of
from faceplate.rights import Rights
from faceplate.settings import Settings
from faceplate.standing import StandingFile, read_adjusted
from faceplate.types import Seconds
from strategies import person

CALIBRATION = load_bundle(DEFAULT_BUNDLE).manifest.calibration
STANDARD = "default (access.risk: standard)"
FILE = "the configuration file"
UNIT = np.eye(8, dtype=np.float32)[0]


@pytest.fixture
def config_file(tmp_path: Path, runtime) -> Path:
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "access": {"standing_file": "standing.json"},
        "vision": {"runtime": runtime},
        "log": {"level": "error"},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


@pytest.fixture
def faceplate(config_file, capfd):
    def run(*words):
        capfd.readouterr()
        code = main(["thresholds", *map(str, words), "--config", str(config_file)])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def told(faceplate):
    def run(*words):
        code, out, err = faceplate("--json", *words)
        assert code == ExitCode.OK, err
        return json.loads(out)

    return run


@pytest.fixture
def enrol(tmp_path):
    gallery = Gallery(tmp_path / "people", tmp_path / "gallery.key")

    def run(name, pictures, rights=Rights()):  # noqa: B008 - frozen
        with gallery.changing():
            gallery.save(replace(person(name, [UNIT] * pictures), rights=rights))

    return run


def origins(tree):
    return {setting["name"]: (setting["value"], setting["origin"]) for setting in tree["settings"]}


def test_by_default_all_comes_from_the_defaults_and_the_table(told):
    found = origins(told())
    assert set(found) == {"access.risk", "people.detection_threshold", *(rule.path for rule in RULES)}
    for rule in RULES:
        assert found[rule.path] == (rule.value("standard"), STANDARD)
    assert found["access.risk"] == (None, "not set: as standard")
    value, origin = found["people.detection_threshold"]
    assert value == CALIBRATION.threshold(5e-6)
    assert origin == "people.false_accept_rate 5e-06: the table's row for 5e-06 with 1 picture, the strictest"


@pytest.mark.parametrize("level", ["convenience", "standard", "high"])
def test_what_the_risk_sets_says_so(told, level):
    found = origins(told("--set", f"access.risk={level}"))
    assert found["access.risk"] == (level, FILE)
    for rule in RULES:
        assert found[rule.path] == (rule.value(level), f"access.risk: {level}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("people.false_accept_rate", 1e-3),
        ("people.verification_threshold", 0.4),
        ("people.margin", 0.3),
        ("access.frames_needed", 4),
        ("access.frames_considered", 9),
        ("access.lockout.failures", 3),
        ("access.lockout.first", 120.0),
        ("access.lockout.longest", 7200.0),
        ("vision.liveness", "off"),
        ("access.challenge.steps", 4),
    ],
)
def test_what_the_file_gives_goes_before_the_risk_and_says_so(told, path, value):
    found = origins(told("--set", "access.risk=high", "--set", f"{path}={json.dumps(value)}"))
    assert found[path] == (value, FILE)
    others = {origin for other, (_, origin) in found.items() if other not in {path, "access.risk"}}
    assert others - {found["people.detection_threshold"][1]} == {"access.risk: high"}


def test_a_threshold_in_the_file_makes_the_rate_without_effect(told):
    found = origins(told("--set", "people.detection_threshold=0.9"))
    assert found["people.detection_threshold"] == (0.9, FILE)
    assert found["people.false_accept_rate"][1].endswith("without effect, for people.detection_threshold is set")


def adjust(config_file, **values):
    """As the daemon does it, and then is gone."""
    config = load_config(config_file)
    standing = StandingFile(config.access.standing_file, config.access, lambda: Seconds(1.0))
    settings = Settings(config, standing, lambda _: None)
    settings.calibrated(thresholds_of(config.people, load_bundle(DEFAULT_BUNDLE)))
    for name, value in values.items():
        settings.adjust(name, value)
    return config.access.standing_file


def test_what_was_adjusted_from_afar_is_in_force_and_says_so(told, config_file):
    standing = adjust(config_file, detection_threshold=0.95, margin=0.25, verification_threshold=0.35)
    before = standing.read_bytes()
    found = origins(told())
    assert found["people.margin"] == (0.25, f"adjusted from afar; the file has 0.1 ({STANDARD})")
    assert found["people.verification_threshold"] == (0.35, f"adjusted from afar; the file has 0.3 ({STANDARD})")
    value, origin = found["people.detection_threshold"]
    assert value == 0.95
    assert origin.startswith("adjusted from afar; the file has 0.8272 (people.false_accept_rate 5e-06")
    assert standing.read_bytes() == before


def test_an_adjustment_that_the_bounds_no_longer_hold_is_not_in_force(told, config_file):
    adjust(config_file, margin=0.25)
    found = origins(told("--set", "people.margin=0.3"))
    assert found["people.margin"] == (0.3, FILE)


def test_where_nothing_was_adjusted_no_file_is_made(told, tmp_path):
    told()
    assert not (tmp_path / "standing.json").exists()
    assert not (tmp_path / "people").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"version": 9}'])
def test_a_damaged_standing_is_an_error_and_stays_as_it_is(faceplate, tmp_path, content):
    file = tmp_path / "standing.json"
    file.write_bytes(content)
    code, _, err = faceplate()
    assert code == ExitCode.STORE
    assert "what was adjusted is not known" in err
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


def test_a_standing_that_is_not_there_adjusts_nothing(tmp_path, config_file):
    assert read_adjusted(tmp_path / "nowhere.json", load_config(config_file).access) == {}


def test_the_year_is_the_sum_over_the_people_at_the_tables_rates(told, enrol):
    enrol("Ada", 1)
    enrol("Bob", 3)
    enrol("Cleo", 5)
    tree = told("--visits-a-day", "10")
    assert [each["picture"]["value"] for each in tree["people"]] == [5e-6, 5e-6, 1e-5]
    assert [each["measured_with"] for each in tree["people"]] == [1, 3, 5]
    year = tree["false_accepts_a_year"]["by_picture"]
    assert year["value"] == pytest.approx(365.25 * 10 * 2e-5)
    highest = [each["picture"]["high"] for each in tree["people"]]
    assert year["high"] == pytest.approx(365.25 * 10 * sum(highest))
    assert tree["false_accepts_a_year"]["by_visit"] is None, "too few visits were measured at this threshold"


def test_whole_visits_are_told_where_the_table_has_them_and_the_frames_are_as_measured(told, enrol):
    enrol("Ada", 1)
    enrol("Bob", 3)
    lax = ("--set", "people.false_accept_rate=0.001")
    rows = {row.anchors: row for row in CALIBRATION.table if row.false_accept_rate == 1e-3}
    by_visit = told(*lax)["false_accepts_a_year"]["by_visit"]
    expected = sum(rows[count].visit_false_accept_rate for count in (1, 3))
    assert by_visit["value"] == pytest.approx(365.25 * 20 * expected)
    assert told(*lax, "--set", "access.risk=high")["false_accepts_a_year"]["by_visit"] == by_visit
    laxer = told(*lax, "--set", "access.risk=convenience")
    assert laxer["false_accepts_a_year"]["by_visit"] is None
    assert any("visits were measured with 3 of 5 frames; 2 of 4 lets in others" in limit for limit in laxer["limits"])


def test_somebody_stricter_counts_by_their_own_threshold_and_somebody_disabled_not_at_all(told, enrol):
    enrol("Ada", 3, Rights(detection_threshold=0.99))
    enrol("Bob", 3, Rights(enabled=False))
    (ada,) = told("--set", "people.false_accept_rate=0.01")["people"]
    assert (ada["name"], ada["detection_threshold"], ada["picture"]["value"]) == ("Ada", 0.99, 5e-6)


def test_a_threshold_below_all_that_was_measured_is_said_to_be_unknown(told, faceplate, enrol):
    enrol("Ada", 3)
    nothing = ("--set", "people.detection_threshold=0.0001")
    tree = told(*nothing)
    assert tree["people"][0]["picture"] is None
    assert tree["false_accepts_a_year"] == {"by_picture": None, "by_visit": None}
    assert "not known: the threshold is below all that was measured" in faceplate(*nothing)[1]


def test_what_the_rates_do_not_say_is_said(told, enrol):
    enrol("Ada", 7)
    limits = told("--set", "people.verification_threshold=0.2")["limits"]
    for word in (
        "measured on 723 people",
        "1.1e-05",
        "below 5e-06 cannot be shown",
        "twins",
        "lock-out",
    ):
        assert any(word in limit for limit in limits), word
    assert any("0.2 is in force, so more may pass" in limit for limit in limits)
    assert "measured with 5 pictures at most, Ada has more" in limits
    assert not any("more may pass" in limit for limit in told()["limits"])


def test_that_photographs_open_a_door_that_does_not_ask_whether_a_face_is_alive_is_said(told, enrol):
    enrol("Ada", 7)
    (asked,) = (limit for limit in told()["limits"] if "pictures of somebody enrolled" in limit)
    assert "besides" in asked
    (off,) = (limit for limit in told("--set", 'vision.liveness="off"')["limits"] if "photographs" in limit)
    assert "opens the door" in off


def test_what_people_read(faceplate, enrol):
    enrol("Ada", 1)
    code, out, _ = faceplate("--visits-a-day", "20")
    assert code == ExitCode.OK
    assert "people.margin                  0.1          default (access.risk: standard)\n" in out
    assert (
        "Ada, 1 picture, above 0.827: one stranger's picture passes with at most 5e-06 (95 % bounds 0 .. 1.4e-05" in out
    )
    assert "With 20 strangers a day before the camera, and 1 person enrolled, false accepts to be expected:" in out
    assert "one picture: 0.037 a year (95 % bounds 0 .. 0.1), or one in 27 years" in out
    assert "5 frames pass at most 1.7 times as often as one picture" in out


def test_where_nobody_is_enrolled_nobody_can_be_let_in(faceplate):
    code, out, _ = faceplate()
    assert code == ExitCode.OK
    assert "Nobody is enrolled, so nobody can be let in by mistake." in out
    assert "before the camera" not in out


@pytest.mark.parametrize("number", ["-1", "nan", "inf", "many"])
def test_what_is_no_number_of_visits_is_a_wrong_command_line(faceplate, number):
    with pytest.raises(SystemExit) as ended:
        faceplate(f"--visits-a-day={number}")
    assert ended.value.code == ExitCode.USAGE


def test_a_rate_that_the_table_does_not_show_is_an_error(faceplate):
    code, _, err = faceplate("--set", "people.false_accept_rate=1e-9")
    assert code == ExitCode.MODEL
    assert "was calibrated down to a false-accept rate of 5e-06" in err
