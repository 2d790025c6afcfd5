"""The Pi's camera, on a stand-in whose every call is held against the signatures in picamera2's own source."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from contextlib import closing
from pathlib import Path

import pytest

from faceplate.camera.live import LiveCamera
from faceplate.camera.picamera2 import Picamera2Camera, Picamera2Source, load_picamera2
from faceplate.config import CameraConfig
from faceplate.errors import CameraError
from fake_picamera2 import Call, FakeModule, FakePicamera2
from mjpeg_server import numbered_picture

CONFIG = CameraConfig(driver="picamera2", source=0, width=640, height=480, frame_rate=20.0)


def opened(module: FakeModule) -> Picamera2Source:
    source = Picamera2Source(CONFIG, module)
    source.open()
    return source


def test_pictures_are_rgb_and_every_buffer_is_given_back():
    module = FakeModule()
    source = opened(module)
    images = [source.read() for _ in range(20)]
    assert images[0][-1, -1].tolist() == [0, 0, 255]
    assert (images[4] == numbered_picture(5)[..., ::-1]).all()
    assert not any(request.held for request in module.opened[0].requests)


def test_the_camera_is_asked_for_what_is_configured():
    module = FakeModule()
    opened(module)
    configuration = module.opened[0].configuration
    assert configuration is not None
    assert configuration["main"] == {"format": "RGB888", "size": (640, 480)}
    assert configuration["controls"] == {"FrameRate": 20.0}
    assert configuration["queue"] is False


def test_a_camera_that_stops_is_an_error_and_can_be_closed_and_opened_again():
    module = FakeModule()
    source = opened(module)
    source.read()
    module.opened[0].unplugged.set()
    with pytest.raises(CameraError, match=r"no frame for 5 s"):
        source.read()
    source.close()
    source.close()
    source.open()
    assert source.read().shape == (96, 384, 3)
    assert not module.opened[0].is_open


def test_the_wait_for_a_frame_is_bounded_by_the_stall_time_out():
    module = FakeModule()
    opened(module).read()
    (call,) = [call for call in module.opened[0].calls if call[0] == "capture_request"]
    assert call[2] == {"wait": CONFIG.stall_timeout}


def test_a_number_without_a_camera_is_refused():
    with pytest.raises(CameraError, match="rpicam-hello"):
        LiveCamera(Picamera2Source(CONFIG, FakeModule(cameras=0)), stall_timeout=CONFIG.stall_timeout)


def test_a_camera_that_does_not_start_is_closed_again():
    class DoesNotStart(FakePicamera2):
        def start(self, *arguments: object, **names: object) -> None:
            super().start(*arguments, **names)
            raise RuntimeError("Failed to start camera")

    module = FakeModule(failing=DoesNotStart)
    with pytest.raises(CameraError, match="Failed to start camera"):
        opened(module)
    assert not module.opened[0].is_open


def test_the_source_must_be_a_number():
    config = CameraConfig(driver="picamera2", source="rtsp://admin:hunter2@cam.local/")
    with pytest.raises(CameraError, match="is a number") as error:
        Picamera2Source(config, FakeModule())
    assert "hunter2" not in str(error.value)


@pytest.mark.skipif(importlib.util.find_spec("libcamera") is not None, reason="libcamera is installed here")
def test_a_missing_picamera2_is_named_with_its_cure():
    with pytest.raises(CameraError, match=r"apt install python3-picamera2.*--system-site-packages"):
        Picamera2Camera(CONFIG)
    with pytest.raises(CameraError):
        load_picamera2()


def _real_signatures(module: str, of_class: str) -> dict[str, inspect.Signature]:
    spec = importlib.util.find_spec("picamera2")  # finds it without running it: it needs libcamera
    if spec is None or spec.origin is None:
        pytest.skip("picamera2's source is not installed (pip install --no-deps picamera2)")
    tree = ast.parse(Path(spec.origin).with_name(module).read_text(encoding="utf-8"))
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == of_class]
    # Of a method with overloads the last definition is the one that runs.
    return {node.name: _signature(node.args) for node in found.body if isinstance(node, ast.FunctionDef)}


def _signature(arguments: ast.arguments) -> inspect.Signature:
    assert not any((arguments.posonlyargs, arguments.vararg, arguments.kwonlyargs)), "not foreseen here"
    required = len(arguments.args) - len(arguments.defaults)
    parameters = [
        inspect.Parameter(
            argument.arg,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if number < required else None,
        )
        for number, argument in enumerate(arguments.args)
    ]
    if arguments.kwarg:
        parameters.append(inspect.Parameter(arguments.kwarg.arg, inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _assert_accepted(calls: list[Call], real: dict[str, inspect.Signature]) -> None:
    for name, arguments, names in calls:
        real[name].bind("self", *arguments, **names)


def test_the_real_picamera2_takes_every_call():
    camera_methods = _real_signatures("picamera2.py", "Picamera2")
    request_methods = _real_signatures("request.py", "CompletedRequest")
    module = FakeModule()
    with closing(LiveCamera(Picamera2Source(CONFIG, module), stall_timeout=CONFIG.stall_timeout)) as camera:
        next(camera.frames())
    calls = module.opened[0].calls
    assert {name for name, _, _ in calls} == {
        "__init__",
        "create_video_configuration",
        "configure",
        "start",
        "capture_request",
        "cancel_all_and_flush",
        "close",
    }
    _assert_accepted(calls, camera_methods)
    _assert_accepted(module.opened[0].requests[0].calls, request_methods)


def test_the_stand_in_has_no_method_that_the_real_class_has_not():
    ours = {name for name, value in vars(FakePicamera2).items() if inspect.isfunction(value)}
    assert ours <= set(_real_signatures("picamera2.py", "Picamera2"))


def test_a_call_the_real_class_would_refuse_is_noticed():
    real = _real_signatures("picamera2.py", "Picamera2")
    with pytest.raises(TypeError):
        _assert_accepted([("capture_request", (), {"timeout": 5.0})], real)
