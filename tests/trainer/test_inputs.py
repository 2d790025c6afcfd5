from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate_trainer.data.inputs import check_labels, read_folder, read_index
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.names import folder_of, name_of, people_in_lfw


def touch(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"")
    return folder


def people(found) -> dict[str, list[str]]:
    own: dict[str, list[str]] = {}
    for picture in found.pictures:
        own.setdefault(picture.person, []).append(picture.source)
    return own


def test_a_folder_for_each_person(tmp_path) -> None:
    touch(tmp_path / "team", "Anna/1.jpg", "Anna/summer/2.PGM", "Boris/1.png", "Boris/notes.txt", "group.jpg", "a.csv")
    touch(tmp_path / "team", ".cache/3.jpg", "Anna/.hidden.jpg")
    found = read_folder(str(tmp_path / "team"))
    assert found.layout == "folder per person"
    assert people(found) == {"Anna": ["Anna/1.jpg", "Anna/summer/2.PGM"], "Boris": ["Boris/1.png"]}
    assert {picture.camera for picture in found.pictures} == {"team"}
    assert [stray.source for stray in found.strays] == ["group.jpg", "Boris/notes.txt"]


@pytest.mark.parametrize("around", ["", "images/", "lfw/images/"])
def test_lfw_with_or_without_folders_around_it(tmp_path, around) -> None:
    touch(tmp_path, f"{around}Ann_Lee/Ann_Lee_0001.jpg", f"{around}Bo_Ek/Bo_Ek_0001.jpg", "README.txt")
    assert people(read_folder(f"lfw={tmp_path}")) == {
        "Ann_Lee": [f"{around}Ann_Lee/Ann_Lee_0001.jpg"],
        "Bo_Ek": [f"{around}Bo_Ek/Bo_Ek_0001.jpg"],
    }


def test_a_tutorials_folders_are_one_person_and_others(tmp_path) -> None:
    touch(tmp_path / "Me", "anchor/1.jpg", "positive/1.jpg", "positive/why.txt")
    touch(tmp_path / "Me", "negative/Ann_Lee_0001.jpg", "negative/Ann_Lee_0002.jpg", "negative/IMG_0001.jpg")
    touch(tmp_path / "Me", "negative/Ann_Lee_Roy_0001.jpg", "negative/Bo_Ek_0003.jpg", "negative/face.jpg")
    found = read_folder(f"desk={tmp_path / 'Me'}")
    assert (found.layout, found.enrolled) == ("tutorial", "Me")
    assert people(found) == {
        "Me": ["anchor/1.jpg", "positive/1.jpg"],
        "Ann_Lee": ["negative/Ann_Lee_0001.jpg", "negative/Ann_Lee_0002.jpg"],
        "Ann_Lee_Roy": ["negative/Ann_Lee_Roy_0001.jpg"],
        "Bo_Ek": ["negative/Bo_Ek_0003.jpg"],
        "unknown desk IMG_0001.jpg": ["negative/IMG_0001.jpg"],
        "unknown desk face.jpg": ["negative/face.jpg"],
    }
    assert {picture.camera for picture in found.pictures} == {"desk/anchor+positive", "desk/negative"}
    assert read_folder(str(tmp_path / "Me"), person="Anna").enrolled == "Anna"


def test_numbered_pictures_of_a_camera_are_not_one_person() -> None:
    assert people_in_lfw(["Frame_0001", "Frame_0002", "Ann_Lee_0001"]) == [None, None, "Ann_Lee"]
    names = ["Ronaldo_0001", "Ann_Lee_0001", "Bo_Ek_0001", "AJ_Ek_0001", "IMG_0001"]
    assert people_in_lfw(names) == ["Ronaldo", "Ann_Lee", "Bo_Ek", "AJ_Ek", None]


def test_a_table_names_people(tmp_path) -> None:
    table = tmp_path / "index.csv"
    table.write_text("file,person,more\nb/2.jpg,Boris,x\na/1.jpg, Anna ,y\n")
    found = read_index(table, tmp_path / "pictures")
    assert people(found) == {"Anna": ["a/1.jpg"], "Boris": ["b/2.jpg"]}
    assert found.pictures[0].file == tmp_path / "pictures/a/1.jpg"


@pytest.mark.parametrize("name", ["", "  ", "An\0na", "An\nna"])
def test_a_table_with_an_impossible_name_is_refused(tmp_path, name) -> None:
    table = tmp_path / "index.csv"
    table.write_text(f'file,person\na.jpg,"{name}"\n')
    with pytest.raises(DatasetError, match="expected a person's name"):
        read_index(table, tmp_path)


@pytest.mark.parametrize("files", [(), ("readme.txt",), ("a.jpg", "b.jpg"), ("Anna/notes.txt",)])
def test_a_folder_with_nobodys_pictures_is_refused(tmp_path, files) -> None:
    with pytest.raises(DatasetError, match="holds nobody's pictures"):
        read_folder(str(touch(tmp_path, *files)))


def test_a_folder_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(DatasetError, match="found none at"):
        read_folder(f"desk={tmp_path / 'nothing'}")


def test_two_inputs_of_one_name_are_refused(tmp_path) -> None:
    inputs = [read_folder(str(touch(tmp_path / at / "photos", "Anna/1.jpg"))) for at in "ab"]
    with pytest.raises(DatasetError, match="two inputs are called 'photos'"):
        check_labels(inputs)


def test_a_folder_whose_name_holds_an_equals_sign_is_a_folder(tmp_path) -> None:
    folder = touch(tmp_path / "a=b", "Anna/1.jpg")
    assert read_folder(str(folder)).label == "a=b"


def test_links_in_a_circle_end(tmp_path) -> None:
    folder = touch(tmp_path, "Anna/1.jpg", "Boris/2.jpg")
    (folder / "Anna/again").symlink_to(folder / "Anna")
    (folder / "Anna/self.jpg").symlink_to(folder / "Anna/self.jpg")
    (folder / "Boris/up").symlink_to(folder, target_is_directory=True)
    found = people(read_folder(str(folder)))
    assert found["Anna"] == ["Anna/1.jpg", "Anna/self.jpg"]
    assert found["Boris"].count("Boris/2.jpg") == 1
    assert len(found["Boris"]) < 10


def test_a_linked_folder_is_a_person(tmp_path) -> None:
    elsewhere = touch(tmp_path / "elsewhere", "1.jpg")
    folder = touch(tmp_path / "team", "Boris/1.jpg")
    (folder / "Anna").symlink_to(elsewhere)
    assert people(read_folder(str(folder))) == {"Anna": ["Anna/1.jpg"], "Boris": ["Boris/1.jpg"]}


def test_names_of_any_script_stay_readable() -> None:
    assert folder_of("Zoë O'Brien-Łukasiewicz 李") == "Zoë O'Brien-Łukasiewicz 李"
    assert folder_of("..") == "%2E."
    assert folder_of("a/b:c*") == "a%2Fb%3Ac%2A"
    assert name_of("Zoe\u0308") == "Zo\u00eb"
    assert name_of("caf\udce9") == "caf\\xe9"


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_folders_name_is_safe_and_nobody_elses(one, other) -> None:
    folder = folder_of(one)
    assert folder
    assert not set(folder) & set('/\\\0:*?"<>|\n')
    assert not folder.startswith(".")
    assert (folder == folder_of(other)) == (one == other)


def test_a_name_too_long_for_a_folder_is_refused() -> None:
    with pytest.raises(DatasetError, match="at most 200 bytes"):
        folder_of("n" * 201)
