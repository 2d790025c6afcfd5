"""The door appears for Home Assistant on a real broker, is told again when asked, and goes when it is removed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from broker import Broker
from dashboard import Dashboard
from faceplate.bridge.payloads import channels
from faceplate.commands.common import ExitCode
from mjpeg_server import MjpegServer
from mqtt_house import EVERYTHING, MqttHouse

pytestmark = pytest.mark.mosquitto

CONFIG = "homeassistant/device/front-door/config"


@pytest.fixture
def broker(tmp_path) -> Iterator[Broker]:
    (tmp_path / "broker").mkdir()
    with Broker(tmp_path / "broker", "allow_anonymous true") as broker:
        yield broker


@pytest.fixture
def dashboard(broker) -> Iterator[Dashboard]:
    with Dashboard(broker.port) as dashboard:
        yield dashboard


@pytest.fixture
def house_with(tmp_path, broker, runtime):
    with MjpegServer() as camera:

        def made(**bridge: object) -> MqttHouse:
            house = MqttHouse(tmp_path / "house", broker.port, camera.address, runtime, **bridge)
            house.enrol()
            return house

        yield made


def told(dashboard, topic=CONFIG):
    return [seen for seen in list(dashboard.seen) if seen.topic == topic]


def remove(house):
    return subprocess.run(house.command("bridge", "--remove"), capture_output=True, text=True, check=False)


def test_the_door_appears_once_and_again_when_home_assistant_has_started(house_with, dashboard):
    house = house_with(commands=EVERYTHING)
    with house.daemon(), house.bridge():
        # Until the models are loaded nobody knows how far the detection threshold may be set.
        dashboard.wait_until(lambda: told(dashboard) and "min" in str(told(dashboard)[-1].payload))
        message = told(dashboard)[-1]
        before = len(told(dashboard)) - 1
        assert message.retained
        number = message.tree()["components"]["release_time"]
        assert (number["platform"], number["min"], number["max"]) == ("number", 0.5, 2.0)
        assert dashboard.order("set", setting="release_time", value=1.0)["ok"]
        dashboard.wait_until(lambda: dashboard.tree("settings/state")["release_time"] == 1.0)
        assert len(told(dashboard)) == before + 1
        states = len(told(dashboard, f"{dashboard.base}/lock/state"))
        dashboard.publish("homeassistant/status", "online")  # below our own base: that is nobody's
        assert dashboard.order("lock")["ok"]
        assert len(told(dashboard)) == before + 1
        dashboard.announce("homeassistant/status", "online")
        dashboard.wait_until(lambda: len(told(dashboard)) == before + 2)
        dashboard.wait_until(lambda: len(told(dashboard, f"{dashboard.base}/lock/state")) > states)
        dashboard.announce("homeassistant/status", "offline")
        assert dashboard.order("lock")["ok"]
        assert len(told(dashboard)) == before + 2


def test_without_discovery_there_is_no_such_message(house_with, dashboard):
    house = house_with(home_assistant={"discovery": False})
    with house.daemon(), house.bridge():
        dashboard.wait_for("camera/state", "online")
        dashboard.announce("homeassistant/status", "online")
        assert dashboard.order("lock")["ok"]
    assert not [seen for seen in dashboard.seen if seen.topic.startswith("homeassistant/device")]


def test_what_is_removed_is_gone_from_the_broker(house_with, broker, dashboard):
    house = house_with(home_assistant={"prefix": "ha/west"})
    with house.daemon(), house.bridge() as bridge:
        dashboard.wait_for("camera/state", "online")
        dashboard.wait_until(lambda: told(dashboard, f"ha/west/device/{house.config.device.id}/config"))
        refused = remove(house)
        assert refused.returncode == ExitCode.BRIDGE
        assert "stop it first" in refused.stderr
        assert dashboard.state(channels.LOCK.topic) == "LOCKED"
        bridge.end()
    done = remove(house)
    assert (done.returncode, done.stdout) == (ExitCode.OK, "Front door is no longer on the broker at 127.0.0.1\n")
    with Dashboard(broker.port) as later:
        later.publish("end", json.dumps("of what is retained"))
        later.wait_until(lambda: later.state("end"))
        assert [seen.topic for seen in later.seen] == [f"{later.base}/end"]
