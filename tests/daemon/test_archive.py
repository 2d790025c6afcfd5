"""Archives for one other door: who can open them, what is refused; and addresses, as people type them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faceplate.errors import EnrolmentError, SealError, StoreError
from faceplate.people import archive
from faceplate.people.address import Address
from faceplate.people.archive import ArchiveKind, archived, archived_for, kind_of, people_for, people_in
from faceplate.people.archive_record import people_from, tree_of
from faceplate.people.person import png
from faceplate.people.seal import load_address_key, make_key
from faceplate.rights import Rights, Role
from strategies import SIZE, person
from strategies_rights import rights

ONE = np.eye(SIZE, dtype=np.float32)[0]
KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
HERE = Address.of(KEY)
ADA = replace(person("Ada", [ONE, ONE]), rights=Rights(Role.OWNER, pin="scrypt$1$8$1$c2FsdA==$aGFzaA=="))
ARCHIVE = archived_for([ADA, person("Bob", [ONE])], HERE)
PASSPHRASE = "four random words here"  # noqa: S105 - it guards nothing

private_keys = st.binary(min_size=32, max_size=32).map(X25519PrivateKey.from_private_bytes)


# Addresses


@given(private_keys)
def test_an_address_is_read_as_it_is_shown_however_it_is_typed(key):
    address = Address.of(key)
    text = str(address)
    assert len(text.split("-")) == 14
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("-", ""), f"  {text}\n"):
        assert Address.read(typed) == address


@given(private_keys, st.data())
def test_a_typing_error_in_an_address_is_refused(key, data):
    text = str(Address.of(key)).replace("-", "")
    place = data.draw(st.integers(0, len(text) - 1))
    typed = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    assume(typed != text[place])
    wrong = text[:place] + typed + text[place + 1 :]
    with pytest.raises(EnrolmentError, match="there is a typing error in this address"):
        Address.read(wrong)


@given(private_keys, st.integers(0, 54))
def test_two_letters_in_the_wrong_order_are_refused(key, place):
    text = str(Address.of(key)).replace("-", "")
    assume(text[place] != text[place + 1])
    with pytest.raises(EnrolmentError, match="typing error"):
        Address.read(text[:place] + text[place + 1] + text[place] + text[place + 2 :])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "has 56 letters and digits, this one has 0"),
        (str(HERE)[:-1], "this one has 55"),
        (str(HERE) + "A", "this one has 57"),
        ("0" + str(HERE)[1:], "there is '0' in this one"),
        ("Ä" + str(HERE)[1:], "there is 'Ä' in this one"),
        ("A" * 56, "typing error"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(typed, says):
    with pytest.raises(EnrolmentError, match=says) as refused:
        Address.read(typed)
    assert "faceplate people address" in str(refused.value)


def test_an_address_belongs_to_the_gallery_key_and_is_not_the_key(tmp_path):
    one, two = tmp_path / "one.key", tmp_path / "two.key"
    make_key(one)
    make_key(two)
    first = load_address_key(one)
    assert Address.of(first) == Address.of(load_address_key(one)) != Address.of(load_address_key(two))
    assert first.private_bytes_raw() != one.read_bytes()
    with pytest.raises(SealError, match="there is no gallery key"):
        load_address_key(tmp_path / "missing.key")


def test_an_address_everybody_shares_a_secret_with_is_refused():
    """Points of low order: RFC 7748, section 6.1."""
    for point in (bytes(32), b"\1" + bytes(31)):
        with pytest.raises(EnrolmentError, match="no door has this address"):
            archived_for([ADA], Address(point))


# Archives for a door


def as_archived(somebody):
    crops = [anchor.crop.tobytes() for anchor in somebody.anchors]
    return somebody.id, somebody.name, somebody.enrolled, somebody.rights, crops


@settings(max_examples=30, deadline=None)
@given(key=private_keys, many=st.lists(rights, max_size=4))
def test_people_come_out_at_the_door_they_were_sealed_for_as_they_went_in(key, many):
    people = [replace(person(f"person {i}", [ONE] * (i + 1)), rights=theirs) for i, theirs in enumerate(many)]
    content = archived_for(people, Address.of(key))
    assert kind_of(content) is ArchiveKind.DOOR
    assert list(map(as_archived, people_for(content, key))) == list(map(as_archived, people))


@settings(deadline=None)
@given(key=private_keys)
def test_no_other_door_opens_it(key):
    with pytest.raises(StoreError, match=f"this archive is for the door {HERE}, and this one is {Address.of(key)}"):
        people_for(ARCHIVE, key)


@given(key=private_keys)
def test_no_other_key_opens_it_though_the_file_were_addressed_anew(key):
    head = ArchiveKind.DOOR.value
    readdressed = head + Address.of(key).key + ARCHIVE[len(head) + 32 :]
    with pytest.raises(StoreError, match="damaged or cut short"):
        people_for(readdressed, key)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(ARCHIVE) - 1) | st.integers(0, 110), bits=st.integers(1, 255))
def test_an_archive_with_any_byte_changed_is_refused(place, bits):
    changed = bytearray(ARCHIVE)
    changed[place] ^= bits
    with pytest.raises(StoreError, match=r"damaged|not a file that `faceplate people export` made"):
        people_for(bytes(changed), KEY)


@settings(deadline=None)
@given(length=st.integers(0, len(ARCHIVE) - 1) | st.integers(0, 110))
def test_an_archive_cut_short_is_refused(length):
    with pytest.raises(StoreError, match=r"cut short|not a file that `faceplate people export` made"):
        people_for(ARCHIVE[:length], KEY)


def test_an_archive_with_something_behind_it_is_refused():
    with pytest.raises(StoreError, match="damaged"):
        people_for(ARCHIVE + b"x", KEY)


def test_the_file_tells_nobody_who_is_in_it_and_is_another_each_time():
    again = archived_for([ADA, person("Bob", [ONE])], HERE)
    assert b'"Ada"' in ADA.to_bytes()  # with its quotes: three letters chance may write, too
    assert b'"Ada"' not in ARCHIVE
    assert len(again) == len(ARCHIVE)
    head = ArchiveKind.DOOR.head_bytes
    assert again[:head] == ARCHIVE[:head]
    assert again[head : head + 32] != ARCHIVE[head : head + 32], "a new ephemeral key"


@pytest.mark.parametrize(
    "line", [b"faceplate people 2\n", b"faceplate people for a door 2\n", b"faceplate people x\xff\n"]
)
def test_an_archive_of_another_version_is_named_as_such(line):
    with pytest.raises(StoreError, match="this program does not know such ones"):
        kind_of(line + b"x" * 200)


def test_each_kind_is_recognised_and_not_taken_for_the_other():
    under_passphrase = archived([ADA], PASSPHRASE)
    assert kind_of(under_passphrase) is ArchiveKind.PASSPHRASE
    with pytest.raises(StoreError, match="not of the kind expected"):
        people_for(under_passphrase, KEY)
    with pytest.raises(StoreError, match="not of the kind expected"):
        people_in(ARCHIVE, PASSPHRASE)


def test_it_is_rfc_9180_by_the_library_that_made_it():
    """The parts of the file, as the module's first lines describe them."""
    head = ArchiveKind.DOOR.value + KEY.public_key().public_bytes_raw()
    assert ARCHIVE.startswith(head)
    plain = archive._suite().decrypt(ARCHIVE[len(head) :], KEY, info=head)
    assert json.loads(plain)["people"][0]["name"] == "Ada"
    assert len(ARCHIVE) == len(head) + 32 + len(plain) + 16


# What somebody else may have put into it


def sealed(tree):
    """An archive as somebody who only knows the address can make it."""
    head = ArchiveKind.DOOR.value + HERE.key
    public = X25519PublicKey.from_public_bytes(HERE.key)
    return head + archive._suite().encrypt(json.dumps(tree).encode(), public, info=head)


def changed(**keys):
    tree = tree_of([ADA])
    tree["people"][0] |= keys
    return tree


def with_rights(**keys):
    return changed(rights=tree_of([ADA])["people"][0]["rights"] | keys)


def picture(height, width):
    return base64.b64encode(png(np.zeros((height, width, 3), np.uint8))).decode()


JPEG = base64.b64encode(cv2.imencode(".jpg", np.zeros((112, 112, 3), np.uint8))[1].tobytes()).decode()
HEADER_ALONE = base64.b64encode(png(np.zeros((112, 112, 3), np.uint8))[:40]).decode()
TWICE = {"people": tree_of([ADA])["people"] * 2}
HOSTILE = {
    "an id that is a path": changed(id="../../etc/x"),
    "an id with an end of line": changed(id="ada\n"),
    "an empty id": changed(id=""),
    "a name that moves the cursor": changed(name="Ada\x1b[2J"),
    "an untidy name": changed(name=" Ada "),
    "no name": changed(name=""),
    "a time that is none": changed(enrolled="yesterday\x1b"),
    "a number for a name": changed(name=7),
    "an unknown key": changed(more=1),
    "an unknown right": with_rights(may_do_everything=True),
    "an unknown role": with_rights(role="king"),
    "a right of another kind": with_rights(enabled="no"),
    "a threshold that is text": with_rights(detection_threshold="0"),
    "a schedule that moves the cursor": with_rights(schedule="\x1b[2J"),
    "a small picture": changed(crops=[picture(8, 8)]),
    "a huge picture": changed(crops=[picture(4000, 4000)]),
    "another format": changed(crops=[JPEG]),
    "a picture that ends at once": changed(crops=[HEADER_ALONE]),
    "no base64": changed(crops=["%%"]),
    "one person twice": TWICE,
    "a list": [],
    "nothing": {},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_this_program_would_not_have_written_is_refused_as_a_whole(what):
    with pytest.raises(StoreError):
        people_for(sealed(HOSTILE[what]), KEY)
    assert people_for(sealed(tree_of([ADA])), KEY)[0].name == "Ada", "the rest of it is right"


@pytest.mark.parametrize("plain", [b"", b"\xff", b"[" * 100_000, b'{"people": [], "people": []}', b'{"people": NaN}'])
def test_what_is_no_json_of_ours_is_refused(plain):
    with pytest.raises(StoreError, match="the archive opens, and holds what this program cannot read"):
        people_from(plain)


def test_two_people_of_one_name_are_refused():
    with pytest.raises(StoreError, match="the name 'ada' is there twice"):
        people_for(sealed(tree_of([ADA, replace(ADA, id="another", name="ADA")])), KEY)


def test_a_guest_travels_with_the_end_of_their_time():
    guest = replace(ADA, rights=Rights(Role.GUEST, valid_until=datetime(2027, 1, 3, 12, tzinfo=UTC)))
    assert people_for(archived_for([guest], HERE), KEY)[0].rights == guest.rights
