"""A house whose door speaks MQTT, for whatever test wants one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from broker import Broker, Program
from dashboard import Dashboard
from mjpeg_server import MjpegServer
from mqtt_house import MqttHouse, Scene


class Everything:
    """All of it, running."""

    def __init__(self, stack: ExitStack, house: MqttHouse, dashboard: Dashboard, scene: Scene) -> None:
        self._stack = stack
        self.house = house
        self.dashboard = dashboard
        self.scene = scene
        self.daemon = self.start(house.daemon())
        self.bridge = self.start(house.bridge())
        dashboard.wait_for("availability", "online")
        dashboard.wait_for("camera/state", "online")

    def start(self, program: Program) -> Program:
        return self._stack.enter_context(program)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="module")
def camera(scene) -> Iterator[str]:
    with MjpegServer(picture=scene) as camera:
        yield camera.address


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory, camera, runtime) -> MqttHouse:
    house = MqttHouse(tmp_path_factory.mktemp("enrolled"), 1883, camera, runtime)
    house.enrol()
    return house


@pytest.fixture
def house_broker(tmp_path) -> Iterator[Broker]:
    (tmp_path / "broker").mkdir()
    with Broker(tmp_path / "broker", "allow_anonymous true") as broker:
        yield broker


@pytest.fixture
def dashboard(house_broker) -> Iterator[Dashboard]:
    with Dashboard(house_broker.port) as dashboard:
        yield dashboard


@pytest.fixture
def build(tmp_path, house_broker, scene, enrolled):
    """Makes the house, configured as the test wants it; nothing of it runs."""

    def made(**bridge: object) -> MqttHouse:
        scene.nobody()
        return enrolled.another(tmp_path / "house", house_broker.port, **bridge)

    return made


@pytest.fixture
def run(build, scene, dashboard):
    """Makes the house, configured as the test wants it, and starts all of it."""
    with ExitStack() as stack:

        def made(**bridge: object) -> Everything:
            return Everything(stack, build(**bridge), dashboard, scene)

        yield made
