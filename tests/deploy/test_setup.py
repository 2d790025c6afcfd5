"""The set-up, as far as it can be tried without root. What it does to a machine is shown by tests/real/setup.sh."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from faceplate.config import Config
from faceplate.config_file import load_config

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "deploy" / "setup.sh"
PARTS = ROOT / "deploy" / "setup"


def call(*words: str | Path, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        ["bash", str(SETUP), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**inherited, **{key: str(value) for key, value in environment.items()}},
    )


def inside(script: str, folder: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script that has the parts of the set-up."""
    sources = "\n".join(
        f'. "{PARTS / part}.sh"' for part in ("ground", "answers", "machine", "config", "service", "units")
    )
    options = "set -euo pipefail; assume_yes= answers_given=yes chosen_python="
    whole = f'{options}\n. "{ROOT}/deploy/common.sh"\n{sources}\n{script}'
    return subprocess.run(
        ["bash", "-c", whole],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=typed,
        cwd=folder,
    )


def answers(folder: Path, **given: str) -> Path:
    file = folder / "answers"
    file.write_text("".join(f"{key}={value}\n" for key, value in given.items()), encoding="utf-8")
    file.chmod(0o600)
    return file


def written(folder: Path, **given: str) -> Config:
    """The configuration that these answers make, as the program reads it."""
    done = inside(f'read_answers "{answers(folder, **given)}"\nfinish_answers\nconfig_text', folder)
    assert done.returncode == 0, done.stderr
    file = folder / "config.yaml"
    file.write_text(done.stdout, encoding="utf-8")
    for name in ("broker-ca.crt", "mqtt.password"):
        (folder / name).touch()
    return load_config(file)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_help_names_every_option() -> None:
    done = call("--help")
    assert (done.returncode, done.stderr) == (0, "")
    known = set(re.findall(r"(?:^|\| |    )(--[a-z-]+)", SETUP.read_text(encoding="utf-8").split("while [ $#")[1]))
    assert known >= {"--answers", "--yes", "--dry-run", "--uninstall", "--keep-people", "--erase-people", "--rollback"}
    assert [option for option in known if option not in done.stdout] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--fast"], "there is no option --fast"),
        (["--answers"], "--answers needs a value"),
        (["--keep-people"], "go with --uninstall"),
        (["--uninstall", "--keep-people", "--erase-people"], "not both"),
        (["--wheels", "/nowhere"], "there is no folder /nowhere"),
    ],
)
def test_a_wrong_command_line_is_told(words: list[str], expected: str) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert expected in done.stderr


@pytest.mark.parametrize("words", [[], ["--yes"]])
def test_a_dry_run_changes_nothing(tmp_path: Path, words: list[str]) -> None:
    done = call("--dry-run", *words, FACEPLATE_PREFIX=tmp_path)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    for change in ("would make the release", "would write", "would put", "would start the lock with the machine"):
        assert change in told
    assert contents(tmp_path) == {}


def test_a_dry_uninstall_changes_nothing(tmp_path: Path) -> None:
    for place in ("opt/faceplate-releases/1", "var/lib/faceplate/people", "etc/faceplate"):
        (tmp_path / place).mkdir(parents=True)
    before = contents(tmp_path)
    done = call("--dry-run", "--uninstall", "--erase-people", FACEPLATE_PREFIX=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "would erase" in done.stdout
    assert contents(tmp_path) == before


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "etc/faceplate").mkdir(parents=True)
    (tmp_path / "etc/faceplate/config.yaml").write_text("# mine\n")
    done = call("--dry-run", FACEPLATE_PREFIX=tmp_path)
    assert done.returncode == 0
    assert "would write" not in done.stdout


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    file = answers(tmp_path, MQTT_HOST="broker", MQTT_USER="door", MQTT_PASSWORD="hush hush")  # noqa: S106 - not a real one
    done = call("--dry-run", "--answers", file, FACEPLATE_PREFIX=tmp_path / "machine")
    assert done.returncode == 0, done.stderr
    assert "the broker's password" in done.stdout
    assert "hush" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LOCK", "line 1: expected KEY=value"),
        ("\n# a remark\nLOCKS=strike", "line 3: there is no answer of that name"),
        ("LOCK=strike\nLOCK=strike", "line 2: LOCK is given twice"),
        ("LOCK=padlock", "line 1: LOCK may be strike|"),
        ("LOCK=", "line 1: LOCK may be"),
        ("LOCK= strike", "line 1: LOCK may be"),
        ("LOCK_LINE=1; reboot", "LOCK_LINE may be"),
        ("DEVICE_ID=Front", "DEVICE_ID may be"),
        ("DEVICE_NAME=\x1b[2J", "DEVICE_NAME may be"),
        ("x[$(touch owned)]=1", "there is no answer of that name"),
        ("@=high", "there is no answer of that name"),
        ("=high", "there is no answer of that name"),
        ("LOCK=motor", "needs LOCKING_LINE"),
        ("LOCK=strike\nLOCKING_LINE=4", "LOCKING_LINE is for"),
        ("CAMERA_DRIVER=replay", "needs CAMERA_SOURCE"),
        ("CAMERA_SOURCE=rtsp://u:p@cam.local/s", "address in numbers"),
        ("ENROL_PICTURES=/srv", "ENROL_PICTURES needs ENROL_NAME"),
        ("MQTT_PASSWORD=secret", "chmod 600"),
    ],
)
def test_wrong_answers_are_told(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "answers"
    file.write_text(text)
    file.chmod(0o644)
    done = call("--dry-run", "--answers", file, FACEPLATE_PREFIX=tmp_path / "machine")
    assert done.returncode == 1
    assert expected in done.stderr
    assert "secret" not in done.stderr


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    done = call("--dry-run", "--answers", answers(tmp_path, LOCK="padlock", RISK="none"), FACEPLATE_PREFIX=tmp_path)
    assert "LOCK may be" in done.stderr
    assert "RISK may be" in done.stderr


def test_answers_are_read_and_not_run(tmp_path: Path) -> None:
    name = "$(touch owned) `touch owned` 'x' \"y\" # : \\ {}"
    assert written(tmp_path, DEVICE_NAME=name).device.name == name
    assert not (tmp_path / "owned").exists()


def test_a_system_whose_python_is_too_old_is_told_what_to_do(tmp_path: Path) -> None:
    done = inside("python_from() { :; }; find_python", tmp_path)
    assert done.returncode == 1
    assert "uv python install" in done.stderr
    assert "deploy/setup.sh --python" in done.stderr


def test_a_python_the_service_cannot_enter_is_refused(tmp_path: Path) -> None:
    done = inside(
        "is_new_enough() { :; }; readlink() { echo /home/anna/python; }; chosen_python=bash; find_python", tmp_path
    )
    assert done.returncode == 1
    assert "home folder" in done.stderr


def asked(folder: Path, *typed: str, broker: str = "") -> subprocess.CompletedProcess[str]:
    """What is said when these lines are typed in answer to the questions, and the configuration they make."""
    found = "found_driver=opencv found_source=/dev/video0 found_chip=/dev/gpiochip4"
    script = (
        f"find_broker() {{ printf %s '{broker}'; }}; {found}; ask_everything; finish_answers; echo ---; config_text"
    )
    return inside(script, folder, "".join(f"{line}\n" for line in typed))


def test_enter_takes_what_is_in_brackets(tmp_path: Path) -> None:
    done = asked(tmp_path, *[""] * 7)
    assert done.returncode == 0, done.stderr
    (tmp_path / "config.yaml").write_text(done.stdout.split("---\n")[1], encoding="utf-8")
    config = load_config(tmp_path / "config.yaml")
    assert (config.camera.driver, config.camera.source) == ("opencv", "/dev/video0")
    assert (config.door.driver, config.access.risk) == ("simulated", "standard")


def test_the_questions_of_a_wired_door(tmp_path: Path) -> None:
    lock = ("padlock", "maglock", "", "22", "low", "4", "5", "none")  # the first is no lock, and asked for again
    broker = ("", "yes", "none", "", "door", "hush hush")
    done = asked(tmp_path, "Back door", "", "", *lock, "high", *broker, "no", broker="homeassistant.local:8883")
    assert done.returncode == 0, done.stderr
    (tmp_path / "mqtt.password").touch()
    (tmp_path / "config.yaml").write_text(done.stdout.split("---\n")[1], encoding="utf-8")
    config = load_config(tmp_path / "config.yaml")
    assert (config.device.name, config.access.risk) == ("Back door", "high")
    door = config.door
    assert (door.lock, door.wiring, door.chip, door.line) == ("maglock", "fail_safe", "/dev/gpiochip4", 22)
    assert (door.active_high, door.release_time, door.inputs.contact) == (True, 4.0, None)
    assert (config.bridge.host, config.bridge.port, config.bridge.username) == ("homeassistant.local", 8883, "door")
    assert "expected strike|" in done.stdout
    assert "hush" not in done.stdout + done.stderr


def test_an_end_of_the_typing_changes_nothing(tmp_path: Path) -> None:
    done = asked(tmp_path, "Back door")
    assert done.returncode == 1
    assert "no answer; nothing is changed" in done.stderr


LOCKS = ("strike", "strike_fail_safe", "maglock", "latching", "motor", "simulated", "none")
CAMERAS = (
    {"CAMERA_DRIVER": "picamera2", "CAMERA_SOURCE": "0"},
    {"CAMERA_DRIVER": "opencv", "CAMERA_SOURCE": "/dev/v4l/by-id/usb-it's-index0"},
    {"CAMERA_DRIVER": "opencv", "CAMERA_SOURCE": "rtsp://u:p%40@192.0.2.1:554/s"},
    {},
)
BROKERS = (
    {},
    {"MQTT_HOST": "homeassistant.local", "MQTT_USER": "it's: #me", "MQTT_CA": "/etc/ssl/ca.crt"},
    {"MQTT_HOST": "192.0.2.9", "MQTT_TLS": "no", "MQTT_PASSWORD": "x", "SPEECH": "yes"},
)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_configuration_loads(tmp_path: Path, lock: str) -> None:
    wired = {"LOCK": lock, "LOCK_LINE": "017", "EXIT_LINE": "5", "CONTACT_LINE": "06", "RELEASE_TIME": "08.5"}
    if lock in {"latching", "motor"}:
        wired["LOCKING_LINE"] = "27"
    for camera, broker, risk in itertools.product(CAMERAS, BROKERS, ("convenience", "high")):
        config = written(tmp_path, **wired, **camera, **broker, RISK=risk)
        assert config.access.risk == risk
        assert str(config.camera.source) == camera.get("CAMERA_SOURCE", "0")
        assert config.bridge.port == (1883 if broker.get("MQTT_TLS") == "no" else 8883)
        assert config.speech.hints == ("SPEECH" in broker)
        if lock not in {"simulated", "none"}:
            assert (config.door.line, config.door.release_time) == (17, 8.5)


@pytest.mark.parametrize(
    ("lock", "relay", "active_high"),
    [
        ("strike", "high", True),
        ("strike", "low", False),
        ("strike_fail_safe", "high", False),
        ("maglock", "high", False),
        ("maglock", "low", True),
    ],
)
def test_the_relay_rests_while_the_door_is_locked(tmp_path: Path, lock: str, relay: str, active_high: bool) -> None:  # noqa: FBT001 - a table
    """The four rows of docs/wiring.md."""
    assert written(tmp_path, LOCK=lock, RELAY=relay).door.active_high is active_high


def test_every_answer_is_explained() -> None:
    forms = re.findall(r"^  \[([A-Z_]+)\]='", (PARTS / "answers.sh").read_text(encoding="utf-8"), re.MULTILINE)
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert len(forms) > 20
    assert [form for form in forms if f"`{form}`" not in page] == []


def test_shellcheck_has_nothing_to_say() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("there is no shellcheck on this machine (Debian: the package shellcheck)")
    for script in ("deploy/setup.sh", "tests/real/setup.sh"):
        done = subprocess.run(
            ["shellcheck", "-x", "-P", ".", script], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--wheel", "/nowhere/faceplate-1-py3-none-any.whl"], "cannot read the wheel"),
        (["--wheel", str(SETUP)], "setup.sh is no wheel of Faceplate's"),
        (["--rollback"], "there is no earlier release"),
        (["--python", "/nowhere/python"], "there is no such program"),
    ],
)
def test_what_cannot_be_installed_is_told(tmp_path: Path, words: list[str], expected: str) -> None:
    done = call("--dry-run", *words, FACEPLATE_PREFIX=tmp_path)
    assert done.returncode == 1
    assert expected in done.stderr


def test_what_was_begun_to_be_removed_is_removed_first(tmp_path: Path) -> None:
    (tmp_path / "var/lib/faceplate-setup").mkdir(parents=True)
    (tmp_path / "var/lib/faceplate-setup/uninstalling").write_text("erase\n")
    done = call("--dry-run", FACEPLATE_PREFIX=tmp_path)
    assert (done.returncode, "Finish it first" in done.stderr) == (1, True)
    again = call("--dry-run", "--uninstall", "--keep-people", FACEPLATE_PREFIX=tmp_path)
    assert "what is removed (erase the people)" in again.stdout + again.stderr  # as it was begun


def test_the_same_tree_makes_the_same_release_and_another_another(tmp_path: Path) -> None:
    wheel = tmp_path / "faceplate-2.0.0-py3-none-any.whl"
    named = []
    for content in (b"one", b"one", b"two"):
        wheel.write_bytes(content)
        done = call("--dry-run", "--wheel", wheel, FACEPLATE_PREFIX=tmp_path / "machine")
        named += re.findall(r"would make the release (2\.0\.0-[0-9a-f]{12}) ", done.stdout)
    assert len(named) == 3
    assert named[0] == named[1] != named[2]
