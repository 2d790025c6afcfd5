"""`faceplate secure`."""

from __future__ import annotations

import argparse

import pytest

from faceplate.commands import secure
from faceplate.commands.common import ExitCode, config_options
from faceplate.errors import DoorError


@pytest.fixture
def run(tmp_path):
    """Run `faceplate secure` with these values laid over an empty configuration."""
    file = tmp_path / "config.yaml"
    file.write_text("", encoding="utf-8")
    parser = argparse.ArgumentParser()
    secure.register(parser.add_subparsers(), config_options())

    def run(*overrides):
        options = [word for override in overrides for word in ("--set", override)]
        arguments = parser.parse_args(["secure", "--config", str(file), *options])
        return arguments.run(arguments)

    return run


@pytest.mark.parametrize(
    ("driver", "said"), [("simulated", "locked (driver: simulated)"), ("none", "there is no lock")]
)
def test_it_says_what_it_did(run, capsys, driver, said):
    assert run(f"door.driver={driver}") is ExitCode.OK
    assert said in capsys.readouterr().out


def test_a_lock_that_cannot_be_reached_is_an_error_and_not_a_simulation(run, capsys):
    with pytest.raises(DoorError, match="no /dev/gpiochip511"):
        run("door.driver=gpiozero", "door.chip=/dev/gpiochip511")
    assert capsys.readouterr().out == ""
