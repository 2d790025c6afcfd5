"""A bundle is used as its trainer made it, or not at all."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, Manifest, installed_label, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS
from faceplate.vision.detector import FaceDetector
from faceplate.vision.network import SiameseNetwork

MEGABYTE = 1_000_000
TREE = json.loads((DEFAULT_BUNDLE / MANIFEST).read_text())
FILES = sorted(TREE["sha256"])

# Free form: nothing is computed from them, so whatever the trainer notes is right.
NOTES = {("metrics",), ("provenance",), ("trainer",), ("liveness", "made")}

# Rates of visits: too few people may have enough pictures.
MAY_BE_UNKNOWN = ("visit_false_accept", "visit_false_reject")

# Kinds of spoof, by the names that whoever measured gave them.
KINDS = {("liveness", "measured", "apcer"), ("liveness", "measured", "denied")}


def paths_of(tree, above=()):
    """Path of every value of the manifest that the program reads; of a list, its first entry stands for all."""
    for key, value in tree.items() if isinstance(tree, dict) else [(0, tree[0])]:
        if (*above, key) not in NOTES:
            yield (*above, key)
            if isinstance(value, dict | list):
                yield from paths_of(value, (*above, key))


PATHS = [pytest.param(path, id=".".join(map(str, path))) for path in paths_of(TREE)]


@pytest.fixture
def folder(tmp_path):
    """A copy of the default bundle."""
    return shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")


@pytest.fixture
def manifest_alone(tmp_path):
    """A folder for manifests that must be refused before any other file is read."""
    return tmp_path


def holder_of(tree, path):
    for key in path[:-1]:
        tree = tree[key]
    return tree


def is_key(path):
    """Whether it names a key that must be there: not an entry of a list, a file, a kind, nor what may be left out."""
    return path == ("sha256",) or (
        path[-1] != 0 and path[0] != "sha256" and path[:-1] not in KINDS and path != ("liveness",)
    )


def changed(**values):
    """The text of a manifest with other values."""
    return json.dumps(TREE | values)


def replaced(path, value):
    tree = copy.deepcopy(TREE)
    holder_of(tree, path)[path[-1]] = value
    return json.dumps(tree)


def complaint(folder, manifest=None):
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
    with pytest.raises(ModelError) as refused:
        load_bundle(folder)
    return str(refused.value)


def test_the_shipped_bundle_loads_whole():
    bundle = load_bundle(DEFAULT_BUNDLE)
    assert sorted(bundle.files) == FILES
    assert sorted(path.name for path in DEFAULT_BUNDLE.iterdir()) == sorted([*FILES, MANIFEST, EMBEDDINGS, FACTS])
    assert bundle.golden_crop.shape == (112, 112, 3)
    assert bundle.id == hashlib.sha256(bundle.siamese).hexdigest()


def test_the_shipped_bundle_is_small():
    assert sum(path.stat().st_size for path in DEFAULT_BUNDLE.iterdir()) <= 14 * MEGABYTE


def test_the_licences_of_what_is_shipped_are_beside_it():
    licences = {name: (DEFAULT_BUNDLE / name).read_text() for name in FILES if name.startswith("LICENSE")}
    assert "Apache License" in licences["LICENSE-SFace.txt"]
    assert "MIT License" in licences["LICENSE-YuNet.txt"]
    assert "# " in (DEFAULT_BUNDLE / "MODEL_CARD.md").read_text()


def test_a_manifest_written_again_is_the_same():
    text = (DEFAULT_BUNDLE / MANIFEST).read_text()
    assert Manifest.from_json(text).to_json() == text


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=20, deadline=None)  # each copies and hashes up to ten megabytes
@given(data=st.data())
def test_one_flipped_byte_in_any_file_is_found(tmp_path_factory, name, data):
    folder = tmp_path_factory.getbasetemp() / f"flipped {name}"
    if not folder.exists():
        shutil.copytree(DEFAULT_BUNDLE, folder)
    content = (DEFAULT_BUNDLE / name).read_bytes()
    damaged = bytearray(content)
    damaged[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / name).write_bytes(damaged)
    expected, found = TREE["sha256"][name], hashlib.sha256(damaged).hexdigest()
    assert f"{name} is damaged or was changed: expected SHA-256 {expected}, found {found}." in complaint(folder)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert complaint(folder) == f"cannot read {folder / name}: No such file or directory. Install the bundle again."


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_found(folder, name):
    (folder / name).write_bytes(b"")
    assert f"{folder / name} is damaged" in complaint(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert str(tmp_path / "nowhere") in complaint(tmp_path / "nowhere")


@settings(deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_manifest_cut_short_is_refused(share):
    text = (DEFAULT_BUNDLE / MANIFEST).read_text().rstrip()
    with pytest.raises(ModelError, match="is not what contract 2 expects"):
        Manifest.from_json(text[: int(share * len(text))])


@pytest.mark.parametrize("text", ["", "null", "[]", "5", '"text"', "{}", "\ufffd", "[" * 100_000])
def test_a_manifest_that_is_something_else_is_refused(manifest_alone, text):
    assert "bundle.json is not what contract 2 expects: " in complaint(manifest_alone, text)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", [None, True, {"a": []}, [], [{}], float("nan")])
def test_a_value_of_the_wrong_type_is_refused(manifest_alone, path, value):
    if value is None and (str(path[-1]).startswith(MAY_BE_UNKNOWN) or path == ("liveness",)):
        assert Manifest.from_json(replaced(path, None)).calibration
    else:
        assert MANIFEST in complaint(manifest_alone, replaced(path, value))


def test_a_bundle_of_the_first_contract_is_refused_for_its_contract_and_not_for_the_keys_it_lacks(manifest_alone):
    tree = copy.deepcopy(TREE)
    tree["contract"] = 1
    del tree["calibration"]["people_support"]
    for row in tree["calibration"]["table"]:
        for key in [key for key in row if "visit" in key]:
            del row[key]
    assert "contract 1" in complaint(manifest_alone, json.dumps(tree))
    assert "`faceplate-train export`" in complaint(manifest_alone, json.dumps(tree))


def test_rates_of_visits_are_read_where_they_are_known():
    tree = copy.deepcopy(TREE)
    known = {"visit_false_accept_rate": 0, "visit_false_accept_bounds": [0, 0.5]}
    tree["calibration"]["table"][0] |= known | {"visit_false_reject_rate": None, "visit_false_reject_bounds": None}
    row = Manifest.from_json(json.dumps(tree)).calibration.table[0]
    assert (row.visit_false_accept_rate, row.visit_false_accept_bounds) == (0.0, (0.0, 0.5))
    assert (row.visit_false_reject_rate, row.visit_false_reject_bounds) == (None, None)


@pytest.mark.parametrize("path", [path for path in PATHS if is_key(*path.values)])
def test_every_key_is_needed(manifest_alone, path):
    tree = copy.deepcopy(TREE)
    del holder_of(tree, path)[path[-1]]
    assert f"missing keys ['{path[-1]}']" in complaint(manifest_alone, json.dumps(tree))


def test_a_bundle_without_a_liveness_network_is_read_and_says_so_in_no_key(folder):
    tree = {key: value for key, value in TREE.items() if key != "liveness"}
    (folder / MANIFEST).write_text(json.dumps(tree))
    bundle = load_bundle(folder)
    assert (bundle.manifest.liveness, bundle.liveness) == (None, None)
    assert "liveness" not in json.loads(bundle.manifest.to_json())
    assert load_bundle(DEFAULT_BUNDLE).id == bundle.id


def test_the_liveness_network_has_a_hash(manifest_alone):
    tree = copy.deepcopy(TREE)
    del tree["sha256"]["liveness.tflite"]
    assert "there is no SHA-256 for 'liveness.tflite'" in complaint(manifest_alone, json.dumps(tree))


@pytest.mark.parametrize("name", ["siamese", "detector", "golden_crop"])
def test_every_network_has_a_hash(manifest_alone, name):
    hashes = {file: value for file, value in TREE["sha256"].items() if file != TREE[name]}
    assert f"there is no SHA-256 for {TREE[name]!r}" in complaint(manifest_alone, changed(sha256=hashes))


@pytest.mark.parametrize("path", [("surprise",), ("calibration", "surprise"), ("calibration", "table", 0, "surprise")])
def test_an_unknown_key_is_refused_at_every_level(manifest_alone, path):
    assert "unknown keys ['surprise']" in complaint(manifest_alone, replaced(path, 1))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("contract",), 1, "speaks contract 1, this program expects contract 2: export it again"),
        (("contract",), 3, "speaks contract 3, this program expects contract 2: update Faceplate"),
        (("contract",), 2**70, "speaks contract"),
        (("input_size",), 160, "expects input_size 112, the bundle has 160"),
        (("colour_order",), "BGR", "expects colour_order 'RGB', the bundle has 'BGR'"),
        (("calibration", "fusion"), "max", "expects fusion 'centroid', the bundle has 'max'"),
        (("embedding_size",), 127, "embedding_size is 127, the golden embedding has 128 numbers"),
        (("golden_embedding",), [1.0], "embedding_size is 128, the golden embedding has 1 numbers"),
        (("landmark_template", 0, 0), 39.0, "the landmark template is not the one"),
        (("landmark_template",), TREE["landmark_template"][:4], "the landmark template is not the one"),
        (("landmark_template", 0), [1.0, 2.0, 3.0], "expected 2 values, found 3"),
        (("calibration", "table"), [], "the calibration table must have rows"),
        (("calibration", "table", 0, "score"), -0.1, "with scores from 0 to 1"),
        (("calibration", "table", 0, "score"), 1.1, "with scores from 0 to 1"),
        (("siamese",), "another.tflite", "there is no SHA-256 for 'another.tflite'"),
        (("golden_cosine",), 10**400, "is not what contract 2 expects"),
    ],
)
def test_a_manifest_of_another_contract_is_refused(manifest_alone, path, value, says):
    assert says in complaint(manifest_alone, replaced(path, value))


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "sub/x", "a/../golden.png", "./golden.png", "a\0b"])
def test_a_name_outside_the_folder_is_not_read(folder, name):
    (folder.parent / "x").write_bytes(b"")
    hashes = TREE["sha256"] | {name: hashlib.sha256(b"").hexdigest()}
    assert f"names a file outside the bundle: {name!r}" in complaint(folder, changed(sha256=hashes))


@pytest.mark.parametrize("name", ["..", "", "."])
def test_a_folder_is_no_file_of_a_bundle(folder, name):
    assert str(folder) in complaint(folder, changed(sha256=TREE["sha256"] | {name: "0"}))


@pytest.mark.parametrize("rate", [0.01, 1e-3, 1e-4, 1e-5])
def test_a_threshold_is_the_strictest_of_all_numbers_of_anchors(rate):
    calibration = load_bundle(DEFAULT_BUNDLE).manifest.calibration
    rows = [row.score for row in calibration.table if row.false_accept_rate == rate]
    assert calibration.threshold(rate) == max(rows)


@settings(deadline=None)
@given(st.floats(0, 0.02), st.floats(0, 0.02))
def test_fewer_false_accepts_never_take_a_lower_threshold(a, b):
    calibration = Manifest.from_json((DEFAULT_BUNDLE / MANIFEST).read_text()).calibration
    lowest = min(row.false_accept_rate for row in calibration.table)
    low, high = sorted([max(a, lowest), max(b, lowest)])
    assert calibration.threshold(low) >= calibration.threshold(high)


def test_a_rate_below_what_was_measured_is_refused():
    calibration = load_bundle(DEFAULT_BUNDLE).manifest.calibration
    lowest = min(row.false_accept_rate for row in calibration.table)
    with pytest.raises(ModelError, match=f"calibrated down to .* {lowest:g}, {lowest / 2:g} was asked for"):
        calibration.threshold(lowest / 2)


def rewritten(folder, name, content):
    """Another file in the bundle, with its hash in the manifest."""
    (folder / name).write_bytes(content)
    hashes = TREE["sha256"] | {name: hashlib.sha256(content).hexdigest()}
    (folder / MANIFEST).write_text(changed(sha256=hashes))
    return load_bundle(folder)


def test_a_golden_embedding_that_does_not_fit_is_refused(folder, runtime):
    other = np.roll(TREE["golden_embedding"], 1).tolist()
    (folder / MANIFEST).write_text(changed(golden_embedding=other))
    with pytest.raises(ModelError, match=r"expected a cosine of at least 0\.98, found"):
        SiameseNetwork(load_bundle(folder), runtime=runtime)


def test_a_golden_embedding_of_another_size_is_refused(folder, runtime):
    (folder / MANIFEST).write_text(changed(golden_embedding=[1.0, 0.0], embedding_size=2))
    with pytest.raises(ModelError, match="embed gives 128 numbers, the bundle says 2"):
        SiameseNetwork(load_bundle(folder), runtime=runtime)


def test_a_golden_crop_that_is_no_picture_is_refused(folder, runtime):
    bundle = rewritten(folder, TREE["golden_crop"], b"not a picture")
    with pytest.raises(ModelError, match=r"golden\.png is not a picture"):
        SiameseNetwork(bundle, runtime=runtime)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x1c\0\0\0TFL3" + bytes(100)])
def test_a_siamese_file_that_is_no_network_is_refused(folder, runtime, content):
    with pytest.raises(ModelError, match=rf"{runtime} cannot run .*siamese\.tflite"):
        SiameseNetwork(rewritten(folder, TREE["siamese"], content), runtime=runtime)


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_a_detector_that_is_no_network_is_refused(folder, content):
    bundle = rewritten(folder, TREE["detector"], content)
    with pytest.raises(ModelError, match="cannot read the bundle's detector"):
        FaceDetector(bundle.detector, face_threshold=0.8, min_face=60)


def test_the_label_of_what_lies_there_is_told_without_the_rest_of_it(folder):
    assert installed_label(folder) == load_bundle(folder).label
    (folder / "siamese.tflite").unlink()
    assert installed_label(folder) == load_bundle(DEFAULT_BUNDLE).label


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_bundle_has_no_label(folder, content):
    (folder / "bundle.json").unlink()
    if content is not None:
        (folder / "bundle.json").write_bytes(content)
    assert installed_label(folder) is None
