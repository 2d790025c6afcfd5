# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytestmark = [
    pytest.mark.trainer,
    # Keras 3 reads TensorFlow's variables the way that NumPy 2 would rather not have it.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

from faceplate.commands.demo import FOOTAGE
from faceplate.errors import FaceplateError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.__main__ import main
from faceplate_trainer.commands import export
from faceplate_trainer.commands.common import warn_of_rates
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import MANIFEST, TABLE, Crop, read_prepared, table_of
from faceplate_trainer.exporting.provenance import LIVENESS_ROLE, source_of_dataset, sources_of_run
from faceplate_trainer.exporting.stages import Stages
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.sface import sface_tower
from faceplate_trainer.training.recipe import Recipe
from faceplate_trainer.training.run_folder import read_run, start_run, write_facts, write_weights
from smooth_pictures import pictures
from tiny_dataset import tiny_dataset
from tiny_networks import EMBEDDING, tiny_sface

PEOPLE = {"validation": 12, "head": 15, "calibration": 20, "report": 20}
PICTURES_EACH = 3
PORTRAIT = FOOTAGE / "man-1.jpg"


def dataset_in(folder):
    """People who are smooth coloured pictures, and whose pictures are noisy."""
    random = np.random.default_rng(4)
    faces = iter(enumerate(pictures(sum(PEOPLE.values()))))
    crops = []
    for split, count in PEOPLE.items():
        for _ in range(count):
            number, face = next(faces)
            for picture in range(PICTURES_EACH):
                file = f"crops/p{number:03}-{picture}.png"
                noisy = np.clip(face + random.normal(0, 25, face.shape), 0, 255).astype(np.uint8)
                content = cv2.imencode(".png", noisy)[1].tobytes()
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
                crops.append(Crop(file, f"p{number:03}", split, "camera", file, hashlib.sha256(content).hexdigest()))
    table = table_of(crops)
    (folder / TABLE).write_bytes(table)
    (folder / MANIFEST).write_text(json.dumps({"format": 1, "crops_sha256": hashlib.sha256(table).hexdigest()}))
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return dataset_in(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny_sface(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.fixture(scope="module")
def run(tmp_path_factory, dataset, weights):
    """A run that ended with the tiny network's weights."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    facts = {"dataset": read_prepared(dataset).id, "finished": True}
    start_run(folder, Recipe(), facts)
    write_weights(folder, sface_tower(read_initial_weights(weights)))
    return folder


def export_command(*words):
    parser = argparse.ArgumentParser()
    export.register(parser.add_subparsers())
    arguments = parser.parse_args(["export", *map(str, words)])
    arguments.run(arguments)


def usual(dataset):
    return ["--data", dataset, "--no-latency-gate"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory, dataset, weights):
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    export_command(folder, "--weights", weights, *usual(dataset), "--pictures-origin", "drawn")
    return load_bundle(folder)


def test_weights_become_a_bundle_that_the_daemon_runs(exported, weights):
    network = SiameseNetwork(exported)
    a = network.embed(exported.golden_crop)

    assert exported.manifest.embedding_size == EMBEDDING
    assert (exported.manifest.input_scale, exported.manifest.input_offset) == (0.0078125, -0.99609375)
    assert exported.manifest.calibration.people == PEOPLE["calibration"]
    assert exported.manifest.metrics["people"] == PEOPLE["report"]
    assert network.compare(a[None], a[None])[0] > network.compare(a[None], -a[None])[0]
    sources = {source["role"]: source for source in exported.manifest.provenance["sources"]}
    assert sources["initial weights"]["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert sources["calibration pictures"]["origin"] == "drawn"
    assert "calibration: 60 pictures of 20 people" in sources["calibration pictures"]["changes"]
    assert "train" not in sources["pictures"]["changes"]


def test_card_says_how_it_was_checked(exported):
    card = (exported.folder / "MODEL_CARD.md").read_text()

    assert "| tflite runtime | not checked |" in card
    assert "| time relative to fp32 | not checked |" in card
    assert f"| crops | {PEOPLE['validation'] * PICTURES_EACH} |" in card
    assert "| form | dynamic-int8 |" in card
    assert "| head asked for | auto |" in card
    assert exported.manifest.trainer["checks"]["mean_cosine_to_full_precision"] >= 0.998


def test_a_run_becomes_the_same_network_as_its_weights(exported, run, dataset, tmp_path, capsys):
    export_command(tmp_path / "bundle", "--run", run, *usual(dataset))

    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.id == exported.id
    assert bundle.manifest.calibration == exported.manifest.calibration
    assert {name for name in bundle.files if name.startswith("LICENSE")} == {"LICENSE-YuNet.txt"}
    sources = {source["role"]: source for source in bundle.manifest.provenance["sources"]}
    assert read_prepared(dataset).id in sources["trained weights"]["origin"]
    assert "seed 1" in sources["trained weights"]["origin"]
    said = capsys.readouterr().out
    assert "calibration\n" in said
    assert " s  in all\n" in said


def test_a_run_is_refused_on_another_dataset_than_its_own(run, tmp_path):
    other = dataset_in(tmp_path / "other")
    crops = read_prepared(other).crops[:-1]
    (other / TABLE).write_bytes(table_of(crops))
    (other / MANIFEST).write_text(
        json.dumps({"format": 1, "crops_sha256": hashlib.sha256(table_of(crops)).hexdigest()})
    )

    with pytest.raises(
        DatasetError, match=r"expected the dataset that .* was trained on .* Name the run's own dataset"
    ):
        export_command(tmp_path / "bundle", "--run", run, *usual(other))

    assert not (tmp_path / "bundle").exists()


def test_the_head_and_the_form_that_were_asked_for_ship(dataset, weights, tmp_path):
    export_command(tmp_path / "bundle", "--weights", weights, *usual(dataset), "--head", "squared", "--form", "fp32")

    made = load_bundle(tmp_path / "bundle").manifest.trainer
    assert made["head"]["form"] == "squared"
    assert made["head"]["lowest_weight"] < made["head"]["highest_weight"]
    assert made["form"] == "fp32"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_table_that_a_door_would_refuse_by_default_is_told(exported, caplog):
    warn_of_rates(exported.manifest.calibration)
    assert "and would not start" in caplog.text
    assert "set people.false_accept_rate: 0.01 at the door" in caplog.text

    caplog.clear()
    warn_of_rates(load_bundle(DEFAULT_BUNDLE).manifest.calibration)
    assert not caplog.text


def test_the_same_order_gives_the_same_bytes_of_every_file(exported, dataset, weights, tmp_path):
    export_command(tmp_path / "bundle", "--weights", weights, *usual(dataset), "--pictures-origin", "drawn")

    again = contents(tmp_path / "bundle")
    assert again.keys() == contents(exported.folder).keys() >= {"bundle.json", "MODEL_CARD.md", "siamese.tflite"}
    assert again == contents(exported.folder)


def test_name_detector_and_golden_crop_are_the_packages_unless_others_are_given(exported):
    default = load_bundle(DEFAULT_BUNDLE)
    sources, given = (
        {source["role"]: source for source in bundle.manifest.provenance["sources"]} for bundle in (exported, default)
    )

    assert exported.manifest.name == exported.folder.name
    assert exported.detector == default.detector
    np.testing.assert_array_equal(exported.golden_crop, default.golden_crop)
    for role in ("face detector", "golden crop"):
        assert sources[role] == given[role]
    assert exported.files["LICENSE-YuNet.txt"] == default.files["LICENSE-YuNet.txt"]
    assert "LICENSE-SFace.txt" not in exported.files


@pytest.fixture
def liveness_run(tmp_path):
    """A liveness network of the woman in the package's footage, whose frames count as those of three subjects."""
    clip = cv2.VideoCapture(str(FOOTAGE / "woman.mp4"))
    frames = [clip.read()[1] for _ in range(22)][10:]
    for number, frame in enumerate(frames):
        for kind, picture in (("live", frame), ("print", cv2.GaussianBlur(frame // 2 + 60, (0, 0), 2))):
            folder = tmp_path / kind / str(number % 3)
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{number}.png"), picture)
    kinds = ["--live", str(tmp_path / "live"), "--spoof", f"print={tmp_path / 'print'}"]
    few = ["--set", "changes.moved=0", "--set", "changes.recaptured=0"]
    assert main(["fit-liveness", *kinds, *few, "--out", str(tmp_path / "liveness")]) == 0
    return tmp_path / "liveness"


def test_another_name_detector_portrait_and_liveness_go_in_with_their_sources(dataset, weights, tmp_path, liveness_run):
    detector = tmp_path / "mine.onnx"
    detector.write_bytes(load_bundle(DEFAULT_BUNDLE).detector)
    given = ["--name", "ours", "--detector", detector, "--golden", PORTRAIT, "--golden-origin", "Intel"]

    export_command(tmp_path / "bundle", "--weights", weights, *usual(dataset), *given, "--liveness", liveness_run)

    bundle = load_bundle(tmp_path / "bundle")
    sources = {source["role"]: source for source in bundle.manifest.provenance["sources"]}
    assert bundle.manifest.name == "ours"
    assert sources["face detector"]["file"] == "mine.onnx"
    assert sources["golden crop"]["file"] == PORTRAIT.name
    assert sources["golden crop"]["origin"] == "Intel"
    assert sources["golden crop"]["sha256"] == hashlib.sha256(PORTRAIT.read_bytes()).hexdigest()
    assert bundle.liveness == (liveness_run / "liveness.tflite").read_bytes()
    assert [role for role in sources if role.startswith(LIVENESS_ROLE)] != []


def refused(*words):
    """What is said of an export that is refused before it takes any time."""
    with pytest.raises(FaceplateError) as complaint:
        export_command(*words)
    return str(complaint.value)


@pytest.mark.parametrize("given", [["--golden", PORTRAIT], ["--golden-origin", "Intel"]])
def test_a_portrait_and_its_origin_go_together(dataset, weights, tmp_path, given):
    said = refused(tmp_path / "bundle", "--weights", weights, *usual(dataset), *given)

    assert "--golden and --golden-origin go together" in said


def test_a_portrait_without_a_face_is_refused(dataset, weights, tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((300, 300, 3), 128, np.uint8))
    given = ["--golden", tmp_path / "grey.png", "--golden-origin", "nobody"]

    said = refused(tmp_path / "bundle", "--weights", weights, *usual(dataset), *given)

    assert "found no face in" in said
    assert "grey.png" in said


@pytest.mark.parametrize("use", ["validation", "head", "calibration", "report"])
def test_people_for_every_use_are_asked_for_at_once(tmp_path, use):
    others = {each: {f"{each} 1": 2} for each in PEOPLE if each != use}
    tiny_dataset(tmp_path / "set", others)

    said = refused(tmp_path / "bundle", "--weights", tmp_path / "not even looked at", *usual(tmp_path / "set"))

    assert f"expected people to use for '{use}'" in said


def test_a_place_that_is_taken_is_told_at_once(dataset, tmp_path):
    assert "exists already" in refused(tmp_path, "--weights", tmp_path / "not even looked at", *usual(dataset))


def test_a_python_without_tflite_runtime_is_told_at_once(dataset, tmp_path):
    words = ["--weights", tmp_path / "not even looked at", "--tflite-runtime", tmp_path / "python"]

    said = refused(tmp_path / "bundle", *words, *usual(dataset))

    assert said.startswith("--tflite-runtime")
    assert "expected a Python interpreter that runs" in said


def test_a_program_that_is_no_python_is_told_at_once(dataset, tmp_path):
    words = ["--weights", tmp_path / "not even looked at", "--tflite-runtime", shutil.which("true")]

    assert "a program that says nothing" in refused(tmp_path / "bundle", *words, *usual(dataset))


def test_a_place_nobody_may_write_to_is_told_at_once(dataset, tmp_path):
    (tmp_path / "file").touch()

    said = refused(tmp_path / "file" / "bundle", "--weights", tmp_path / "not even looked at", *usual(dataset))

    assert "is no folder that you may write to" in said


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "much"])
def test_what_is_no_size_is_a_wrong_command_line(dataset, tmp_path, size):
    with pytest.raises(SystemExit) as stopped:
        export_command(tmp_path / "bundle", "--weights", tmp_path / "any", *usual(dataset), f"--largest={size}")
    assert stopped.value.code == 2


def test_a_run_that_has_not_ended_ships_with_a_warning(run, dataset, tmp_path, caplog):
    unfinished = shutil.copytree(run, tmp_path / "run")
    write_facts(unfinished, read_run(run).facts | {"finished": False})

    export_command(tmp_path / "bundle", "--run", unfinished, *usual(dataset))

    assert "has not come to its end: what ships is its best epoch so far" in caplog.text
    assert "training had not come to its end" in (tmp_path / "bundle" / "MODEL_CARD.md").read_text()


def test_help_and_wrong_words_need_no_tensorflow():
    program = (
        "import sys; from faceplate_trainer.__main__ import main\n"
        "try: main(['export', '--help'])\n"
        "except SystemExit: print({'tensorflow', 'onnx', 'ai_edge_litert'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("set()\n")


def test_run_that_started_from_weights_or_a_teacher_names_them(weights, tmp_path):
    facts = {"dataset": "ab" * 32, "finished": False}
    recipe = Recipe.model_validate(
        {"tower": {"name": "sface", "weights": str(weights)}, "loss": {"name": "distillation", "teacher": "default"}}
    )
    start_run(tmp_path / "run", recipe, facts)
    write_weights(tmp_path / "run", sface_tower(read_initial_weights(weights)))

    sources = sources_of_run(read_run(tmp_path / "run"))

    assert [source.role for source in sources] == ["initial weights", "trained weights", "teacher"]
    assert sources[0].sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert sources[1].unknown == "training had not come to its end"
    assert sources[2].sha256 == load_bundle(DEFAULT_BUNDLE).id


def test_dataset_is_named_by_what_it_was_used_for(dataset):
    source = source_of_dataset("pictures", read_prepared(dataset), ["head", "report"])

    assert source.sha256 == read_prepared(dataset).id
    assert source.changes.endswith("used for head: 45 pictures of 15 people; report: 60 pictures of 20 people")
    assert source.origin == "not said by whoever made this bundle"


def test_stages_add_up():
    now = iter([0.0, 2.0, 10.0, 10.5, 20.0, 21.0])
    stages = Stages(clock=lambda: next(now))
    for name in ("tower", "head", "tower"):
        with stages.stage(name):
            pass

    assert stages.seconds == {"tower": 3.0, "head": 0.5}
    assert stages.text().splitlines()[-1] == "     3.5 s  in all"
