"""The configuration: every key by discovery, and everything an owner can get wrong."""

from __future__ import annotations

import contextlib
import types
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import annotated_types
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from faceplate.config import Config
from faceplate.config.risk import RULES
from faceplate.config.schedule import Window
from faceplate.config_file import config_from, load_config
from faceplate.errors import ConfigError

HERE = Path("/nonexistent")

BY_RISK = {tuple(rule.path.split(".")) for rule in RULES}
"""Keys whose null means: as access.risk says"""


def section_in(annotation):
    """The section a field holds, also where it may be null instead; None if it holds none."""
    kinds = [kind for kind in (get_args(annotation) or (annotation,)) if kind is not type(None)]
    is_section = len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel)
    return kinds[0] if is_section else None


def keys_of(section=Config, above=()):
    """Path and field of every key of every section."""
    for name, field in section.model_fields.items():
        if inner := section_in(field.annotation):
            yield from keys_of(inner, (*above, name))
        else:
            yield (*above, name), field


def sections_of(section=Config, above=()):
    """Path of every section, and whether it may be null instead."""
    for name, field in section.model_fields.items():
        if inner := section_in(field.annotation):
            yield (*above, name), inner is not field.annotation
            yield from sections_of(inner, (*above, name))


BAD_EXAMPLES = {
    dict: ({"No Name!": {}}, {"name": {"someday": []}}),
    Window: ("8-17", "08:00-25:00", "08:00", "24:01-08:00"),
    date: ("2026-02-30",),
    Path: ("", "null\0character", "~nobody-of-this-name/file"),
}


def out_of_range(annotation, metadata):
    """Values a key must refuse although their type is right, read from the key's own limits."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from out_of_range(get_args(annotation)[0], get_args(annotation)[1:])
    elif origin in {Union, types.UnionType}:
        for branch in get_args(annotation):
            yield from out_of_range(branch, ())
    elif origin is Literal:
        yield "no such word"
    elif origin is tuple:
        yield from ([value] for value in out_of_range(get_args(annotation)[0], ()))
    else:
        yield from BAD_EXAMPLES.get(origin or annotation, ())
    for limit in metadata:
        yield from out_of_limit(limit)


def out_of_limit(limit):
    match limit:
        case FieldInfo():
            for inner in limit.metadata:
                yield from out_of_limit(inner)
        case annotated_types.Ge():
            yield limit.ge - 1
        case annotated_types.Gt():
            yield limit.gt
        case annotated_types.Le():
            yield limit.le + 1
        case annotated_types.MinLen():
            yield ""
        case annotated_types.MaxLen():
            yield "x" * (limit.max_length + 1)
        case _ if getattr(limit, "pattern", None):
            yield "#/not this"


def wrong_types(path, field):
    yield [2, 1]  # the lowest value comes first where there are two
    yield {"a": 1}
    if field.annotation is not bool:
        yield True
    if type(None) not in get_args(field.annotation) and path not in BY_RISK:
        yield None


def tree_of(path, value):
    *sections, key = path
    tree = {key: value}
    if sections[:2] in (["door", "inputs"], ["door", "lights"]) and len(sections) == 3:
        tree = {"line": 1} | tree  # an input or a light cannot be without its line
    if sections == ["camera", "second"]:
        tree = {"kind": "view", "source": 1} | tree
    if sections == ["door", "ring"]:
        tree = {"red": 1, "green": 2, "blue": 3} | tree
    for name in reversed(sections):
        tree = {name: tree}
    return tree


KEYS = {".".join(path): (path, field) for path, field in keys_of()}
BAD_VALUES = [
    pytest.param(name, value, id=f"{name}={value!r}"[:60])
    for name, (path, field) in KEYS.items()
    for value in (*wrong_types(path, field), *out_of_range(field.annotation, field.metadata))
]


def complaint_about(tree):
    with pytest.raises(ConfigError) as refused:
        config_from(tree, base=HERE, where="the file")
    return str(refused.value)


def write(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def complaint_about_text(tmp_path, text, overrides=()):
    with pytest.raises(ConfigError) as refused:
        load_config(write(tmp_path, text), overrides)
    return str(refused.value)


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_is_refused_with_its_path(name, value):
    path, _ = KEYS[name]
    head, *faults = complaint_about(tree_of(path, value)).splitlines()
    assert head == "the file has 1 fault:"
    assert faults[0].startswith(f"  {name}: ")


@pytest.mark.parametrize("name", KEYS)
def test_every_key_but_a_switch_has_a_value_out_of_range(name):
    _, field = KEYS[name]
    assert field.annotation is bool or list(out_of_range(field.annotation, field.metadata))


def test_a_fault_in_every_key_is_reported_in_one_message():
    tree = {}
    for path, _ in KEYS.values():
        section = tree
        for name in path[:-1]:
            section = section.setdefault(name, {})
        section[path[-1]] = [2, 1]
    head, *faults = complaint_about(tree).splitlines()
    assert head == f"the file has {len(KEYS)} faults:"
    assert {fault.split(":")[0].strip() for fault in faults} == set(KEYS)


@pytest.mark.parametrize(
    "section", [pytest.param(s, id=".".join(s) or "root") for s in [(), *(path for path, _ in sections_of())]]
)
def test_an_unknown_key_is_refused_at_every_level(section):
    path = (*section, "colour")
    assert f"  {'.'.join(path)}: there is no such key" in complaint_about(tree_of(path, "red"))


@pytest.mark.parametrize(
    ("section", "value"),
    [
        pytest.param(path, value, id=f"{'.'.join(path)}={value}")
        for path, nullable in sections_of()
        for value in (5, "text", [1], *([] if nullable else [None]))
    ],
)
def test_a_section_must_have_keys(section, value):
    assert f"  {'.'.join(section)}: expected a section with keys below it" in complaint_about(tree_of(section, value))


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        ("access", {"frames_needed": 6, "frames_considered": 5}, "frames_needed (6) must not exceed"),
        ("camera", {"second": {"kind": "view", "source": 0}}, "a second camera is another one, beside the first"),
        ("camera", {"second": {"kind": "view", "source": "/dev/video0"}}, "second.source is the camera's own source"),
        ("camera", {"second": {"source": 1}}, "camera.second.kind"),
        ("camera", {"second": {"kind": "infrared"}}, "camera.second.source"),
        ("camera", {"second": {"kind": "depth", "source": 1}}, "camera.second.kind"),
        ("vision", {"quality": {"min_brightness": 99, "max_brightness": 99}}, "min_brightness (99) must be below"),
        ("vision", {"living_eyes": True, "liveness": "off"}, "nobody would look at any eyes"),
        ("bridge", {"tls": {"certificate_file": __file__}}, "certificate_file and key_file go together"),
        ("bridge", {"tls": {"key_file": __file__}}, "certificate_file and key_file go together"),
        ("door", {"lock": "maglock"}, "write wiring: fail_safe"),
        ("door", {"lock": "latching"}, "lock: latching needs lock_line"),
        ("door", {"lock": "motor"}, "lock: motor needs lock_line"),
        ("door", {"inputs": {"exit": {"line": 17}}}, "line 17 is given to both line and exit"),
        ("door", {"lock": "motor", "lock_line": 17}, "line 17 is given to both line and lock_line"),
        (
            "door",
            {"inputs": {"bell": {"line": 5}}, "lights": {"red": {"line": 5}}},
            "line 5 is given to both bell and red",
        ),
        ("door", {"ring": {"red": 5, "green": 6, "blue": 5}}, "line 5 is given to both ring.red and ring.blue"),
        ("door", {"ring": {"red": 5, "green": 17, "blue": 6}}, "line 17 is given to both line and ring.green"),
        ("door", {"driver": "none", "ring": {"red": 5, "green": 6, "blue": 7}}, "a ring needs lines"),
        ("door", {"ring": {"red": 5, "green": 6}}, "door.ring.blue"),
        ("door", {"open_time": 5, "pre_alarm_time": 6}, "pre_alarm_time (6) must not exceed open_time (5)"),
        ("bridge", {"bounds": {"margin": [0.3, 0.1]}}, "the lowest value comes first"),
        ("bridge", {"bounds": {"release_time": [0.4, 5]}}, "greater than or equal to 0.5"),
        ("bridge", {"bounds": {"release_time": [5, 61]}}, "less than or equal to 60"),
        ("bridge", {"bounds": {"detection_threshold": [0.5, 1.1]}}, "less than or equal to 1"),
        ("bridge", {"bounds": {"margin": [0.1, 0.2, 0.3]}}, "expected null, or the lowest and the highest value"),
        ("bridge", {"bounds": {"release_time": [1, 2]}}, "door.release_time is 5, and bridge.bounds.release_time"),
        ("bridge", {"bounds": {"verification_threshold": [0.4, 1]}}, "allows 0.4 to 1: it must lie within"),
        ("access", {"lockout": {"first": 61, "longest": 60}}, "first (61) must not exceed longest (60)"),
        ("access", {"pin": {"first": 61, "longest": 60}}, "first (61) must not exceed longest (60)"),
        ("access", {"schedules": {"always": {}}}, "the name 'always' is taken"),
        ("access", {"schedules": {"never": {}}}, "the name 'never' is taken"),
        ("access", {"roles": {"child": {"schedule": "school"}}}, "roles.child names the schedule 'school'"),
        ("access", {"roles": {"guest": {"pin": "night"}}, "schedules": {"day": {}}}, "there are: always, day, never"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(section, values, says):
    assert says in complaint_about({section: values})


def test_a_week_is_written_as_people_write_it(tmp_path):
    text = """
access:
  time_zone: Europe/Berlin
  holidays: [2026-12-25, "2026-12-26"]
  schedules:
    office: {monday: ["08:00-12:00", "13:00-24:00"], friday: ["22:00-06:00"]}
  roles: {guest: {schedule: office, pin: always}}
"""
    access = load_config(write(tmp_path, text)).access
    office = access.schedules["office"]
    assert office.monday == ((time(8), time(12)), (time(13), time(0)))
    assert office.friday == ((time(22), time(6)),)
    assert office.tuesday == office.holidays == ()
    assert access.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert (access.roles.guest.schedule, access.roles.guest.pin) == ("office", "always")
    assert (access.roles.owner.schedule, access.roles.owner.pin) == ("always", "never")


def test_an_input_needs_its_line_alone(tmp_path):
    inputs = load_config(write(tmp_path, "door: {inputs: {exit: {line: 5}}}")).door.inputs
    assert inputs.exit is not None
    assert (inputs.exit.line, inputs.exit.active_high, inputs.exit.pull, inputs.exit.debounce) == (5, False, "up", 0.05)
    assert inputs.contact is None


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
def test_a_number_must_be_finite(tmp_path, number):
    # This one has no upper limit of its own.
    text = f"vision: {{quality: {{min_sharpness: {number}}}}}"
    assert "vision.quality.min_sharpness: Input should be a finite number" in complaint_about_text(tmp_path, text)


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n", "{}"])
def test_an_empty_file_means_the_defaults(tmp_path, text):
    assert load_config(write(tmp_path, text)) == Config()


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml.*No such file.*--config FILE"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff\xfe\x00\x01 not text", "cannot read the configuration"),
        ("door: {line: 1", "is not valid YAML: expected ',' or '}'"),
        ("door:\n\tline: 1\n", "is not valid YAML: found character '\\t'"),
        ("a\0b", "is not valid YAML: character 2"),
        ("door:\n  line: 1\n  line: 2\n", "the key 'line' is given twice (line 3, column 3)"),
        ("door: {line: 1}\ndoor: {line: 2}\n", "the key 'door' is given twice (line 2, column 1)"),
        ("{[1]: 2}", "a key must be a plain word (line 1, column 2)"),
        ("- door\n- camera\n", "expected sections such as `door:`, found list"),
        ("just words", "expected sections such as `door:`, found str"),
        ("device: {name: 2026-13-45}", "put it in quotes: month must be in 1..12"),
        ("door: {line: 0x_}", "put it in quotes"),
        ("door: &door {line: *nobody}", "is not valid YAML: found undefined alias"),
        ("device: !!python/object:os.system {}", "could not determine a constructor"),
        ("[" * 5000, "nested too deeply"),
        ("1: 2", "  1: Keys should be strings"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, text, says):
    message = complaint_about_text(tmp_path, text)
    assert str(tmp_path / "config.yaml") in message
    assert says in message


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("door: line{}[]&*!|>'\"\\#%@`-?,~0x1_e.\n\t\0é")) | st.text())
@example("door: {line: !!int x}")
@example("door: {line: !!float ''}")
@example("door: {? !!bool x : 1}")
@example("device: {name: !!timestamp x}")
def test_whatever_the_file_holds_it_is_a_configuration_or_a_config_error(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "anything.yaml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    with contextlib.suppress(ConfigError):
        assert isinstance(load_config(file), Config)


@pytest.mark.parametrize("number", ["1e-5", "1E-5", "1.0e-5", "10e-6", "0.00001", "+1e-5", ".1e-4"])
def test_a_number_may_be_written_plainly(tmp_path, number):
    people = load_config(write(tmp_path, f"people: {{false_accept_rate: {number}}}")).people
    assert people.false_accept_rate == pytest.approx(1e-5, rel=1e-12)


def test_a_whole_number_will_do_for_seconds(tmp_path):
    assert load_config(write(tmp_path, "door: {release_time: 3}")).door.release_time == 3.0


def test_a_relative_path_is_relative_to_the_file_wherever_one_stands(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(tmp_path, "people: {store: people}\njournal: {path: ../j.sqlite3}")
    monkeypatch.chdir(elsewhere)
    config = load_config(Path("../config.yaml"))
    assert config.people.store == tmp_path / "people"
    assert config.journal.path == tmp_path / ".." / "j.sqlite3"


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert load_config(write(tmp_path, "people: {store: ~/people}")).people.store == Path("/home/ada/people")


def test_a_bundle_is_the_default_or_a_folder_that_is_there(tmp_path):
    assert load_config(write(tmp_path, "vision: {bundle: .}")).vision.bundle == tmp_path
    message = complaint_about_text(tmp_path, "vision: {bundle: mine}")
    assert f"there is no such folder: {tmp_path / 'mine'}" in message


def test_overrides_are_laid_over_the_file(tmp_path):
    file = write(tmp_path, "door: {release_time: 3, line: 4}\npeople: {store: people}")
    overrides = ["door.release_time=7", "vision.quality.min_size=1e2", "people.key_file=k", "door.release_time = 8"]
    config = load_config(file, overrides)
    assert (config.door.release_time, config.door.line) == (8.0, 4)
    assert config.vision.quality.min_size == 100.0
    assert config.people.key_file == tmp_path / "k"


def test_an_override_may_hold_an_equals_sign_and_nothing(tmp_path):
    config = load_config(write(tmp_path, ""), ["camera.source=rtsp://host/?a=b", "people.detection_threshold="])
    assert config.camera.source == "rtsp://host/?a=b"
    assert config.people.detection_threshold is None


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("door.line", "expects SECTION.KEY=VALUE"),
        ("line=3", "expects SECTION.KEY=VALUE"),
        ("=3", "expects SECTION.KEY=VALUE"),
        ("", "expects SECTION.KEY=VALUE"),
        ("door.line=[", "is not a YAML value"),
        ("device.name=2026-13-45", "is not a YAML value"),
        ("door.line.deeper=3", "line is not a section"),
        ("door.colour=red", "door.colour: there is no such key"),
        ("doors.line=3", "doors: there is no such key"),
        ("door.line=-1", "door.line: "),
        ("door.=3", "door.: there is no such key"),
    ],
)
def test_a_malformed_override_is_refused(tmp_path, override, says):
    assert says in complaint_about_text(tmp_path, "door: {line: 4}", [override])


@pytest.mark.parametrize(
    "text",
    [
        "camera: {source: rtsp://ada:hunter2@camera: x}",
        "camera: {source: [rtsp://ada:hunter2@camera]}",
        "camera: rtsp://ada:hunter2@camera",
        "camera:\n  sauce: rtsp://ada:hunter2@camera",
        "camera:\n  source: 'rtsp://ada:hunter2@camera",
        "camera:\n  source: rtsp://ada:hunter2@camera\n width: 3",
        "bridge: {password: hunter2}",
    ],
)
def test_a_secret_in_a_faulty_file_is_not_shown(tmp_path, text):
    assert "hunter2" not in complaint_about_text(tmp_path, text)


def test_a_camera_address_is_not_shown(tmp_path):
    config = load_config(write(tmp_path, "camera: {source: 'rtsp://ada:hunter2@camera'}"))
    assert config.camera.source == "rtsp://ada:hunter2@camera"
    assert "hunter2" not in f"{config!r} {config}"


def test_a_second_camera_is_as_any_other(tmp_path):
    text = "camera: {source: 0, second: {kind: infrared, driver: picamera2, source: 0, width: 320}}"
    camera = load_config(write(tmp_path, text)).camera
    assert camera.second is not None
    assert (camera.second.kind, camera.second.driver, camera.second.width, camera.second.height) == (
        "infrared",
        "picamera2",
        320,
        480,
    )
    assert camera.cameras == (camera, camera.second)
    assert load_config(write(tmp_path, "")).camera.cameras == (Config().camera,)


def test_the_address_of_a_second_camera_is_not_shown(tmp_path):
    address = "rtsp://ada:hunter2@camera"
    config = load_config(write(tmp_path, f"camera: {{second: {{kind: view, source: '{address}'}}}}"))
    assert config.camera.second is not None
    assert config.camera.second.source == address
    assert "hunter2" not in f"{config!r} {config}"
    same = f"camera: {{source: '{address}', second: {{kind: view, source: '{address}'}}}}"
    assert "hunter2" not in complaint_about_text(tmp_path, same)


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Config().door.line = 3


@pytest.mark.parametrize("other", [{"bridge": "kim"}, {"operators": ["anna", "kim"]}])
def test_who_is_told_what_the_screen_shows_is_neither_bridge_nor_operator(other):
    with pytest.raises(ValidationError, match="kiosk is 'kim', who is the bridge or an operator"):
        Config.model_validate({"control": {"kiosk": "kim"} | other})
    assert Config.model_validate({"control": {"kiosk": None, "bridge": None}}).control.kiosk is None


@pytest.mark.parametrize("word", ["off", '"off"', "false"])
def test_off_is_a_word_whatever_yaml_makes_of_it(tmp_path, word):
    assert load_config(write(tmp_path, f"vision: {{liveness: {word}}}")).vision.liveness == "off"


def test_a_schedule_that_steps_up_must_be_written_down(tmp_path):
    message = complaint_about_text(tmp_path, "access: {step_up: {schedule: night}}")
    assert "step_up names the schedule 'night'; there are: always, never" in message
