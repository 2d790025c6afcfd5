"""Which PINs may be chosen, how they are kept, whose one is."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access import pin as module
from faceplate.access.pin import COST, PinOwner, check_new_pin, hash_pin, is_pin, owner_of
from faceplate.errors import EnrolmentError
from faceplate.rights import Rights
from reception_desk import ADAS_DURESS_PIN, ADAS_PIN, GRACES_PIN, quick_hash, with_pin

PEOPLE = [("Ada", with_pin(duress=ADAS_DURESS_PIN)), ("Bob", Rights()), ("Grace", with_pin(pin=GRACES_PIN))]


def test_a_pin_is_kept_as_scrypt_with_its_own_salt():
    one, other = hash_pin(ADAS_PIN), hash_pin(ADAS_PIN)
    assert one != other
    name, n, r, p, salt, derived = one.split("$")
    assert (name, int(n), int(r), int(p)) == ("scrypt", COST, 8, 1) == ("scrypt", 16384, 8, 1)
    assert len(base64.b64decode(salt)) == 16
    assert base64.b64decode(derived) == hashlib.scrypt(
        ADAS_PIN.encode(), salt=base64.b64decode(salt), n=16384, r=8, p=1, maxmem=2**26, dklen=32
    )
    assert ADAS_PIN not in one
    assert is_pin(ADAS_PIN, one)
    assert not is_pin("2582", one)


def test_a_hash_that_was_made_harder_can_be_read():
    assert is_pin(ADAS_PIN, hash_pin(ADAS_PIN, cost=2 * COST))


@pytest.mark.parametrize(
    "digits",
    ["", "123", "0" * 13, "12a4", "١٢٣٤", " 2580", "2580\n", "25.80"],
    ids=["empty", "short", "long", "letter", "arabic", "space", "newline", "point"],
)
def test_what_is_no_pin_is_refused_and_opens_nothing(digits):
    with pytest.raises(EnrolmentError, match="4 to 12 digits"):
        check_new_pin(digits, [])
    assert owner_of(digits, [("Eve", Rights(pin=quick_hash(digits)))]) is None


@pytest.mark.parametrize("digits", ["0000", "9999", "1234", "4321", "0123456789", "8901", "2109", "777777777777"])
def test_what_anybody_would_try_first_is_refused(digits):
    with pytest.raises(EnrolmentError, match="first that anybody would try") as refusal:
        check_new_pin(digits, [])
    assert digits not in str(refusal.value)


@pytest.mark.parametrize("digits", ["2580", "1235", "1233", "9870", "0001", "2468", "112233445566"])
def test_others_may_be_chosen(digits):
    check_new_pin(digits, [quick_hash("7777")])
    assert owner_of(digits, [("Eve", Rights(pin=quick_hash(digits)))]) == PinOwner("Eve", duress=False)


def test_no_pin_is_given_twice():
    """Nor is it said that somebody else has it: that would be a PIN that opens."""
    taken = [quick_hash(GRACES_PIN), quick_hash(ADAS_PIN)]
    for digits in (ADAS_PIN, GRACES_PIN):
        with pytest.raises(EnrolmentError, match="choose another") as refusal:
            check_new_pin(digits, taken)
        assert "in use" not in str(refusal.value)
    check_new_pin(ADAS_DURESS_PIN, taken)


@pytest.mark.parametrize(
    ("digits", "owner"),
    [
        (ADAS_PIN, PinOwner("Ada", duress=False)),
        (ADAS_DURESS_PIN, PinOwner("Ada", duress=True)),
        (GRACES_PIN, PinOwner("Grace", duress=False)),
        ("9513", None),
    ],
)
def test_whose_a_pin_is(digits, owner):
    assert owner_of(digits, PEOPLE) == owner
    assert owner_of(digits, reversed(PEOPLE)) == owner


def test_a_pin_that_two_people_have_is_nobodys():
    assert owner_of(ADAS_PIN, [*PEOPLE, ("Twin", with_pin())]) is None


@pytest.mark.parametrize("digits", [ADAS_PIN, ADAS_DURESS_PIN, GRACES_PIN, "9513"])
def test_every_pin_is_compared_whichever_is_right(digits, monkeypatch):
    """A patch, because the time it takes is nothing to test by."""
    compared = []

    def counted(given: str, stored: str) -> bool:
        compared.append(stored)
        return is_pin(given, stored)

    monkeypatch.setattr(module, "is_pin", counted)
    owner_of(digits, PEOPLE)
    assert len(compared) == 3


@pytest.mark.parametrize(
    "stored",
    [
        "",
        ADAS_PIN,
        "scrypt$2$8$1$AAAA",
        "scrypt$3$8$1$AAAA$AAAA",
        "scrypt$0$8$1$AAAA$AAAA",
        "scrypt$9999999$99$1$AAAA$AAAA",
        "scrypt$2$8$1$A$AAAA",
        "bcrypt$2$8$1$AAAA$AAAA",
        "scrypt$2$8$1$$",
        "scrypt$2$8$1$AA==AAAA$AAAA",
        "scrypt$2$8$1$AAAA$AA==AAAA",
    ],
)
def test_a_damaged_hash_opens_nothing_and_is_told(stored, caplog):
    assert not is_pin(ADAS_PIN, stored)
    assert "cannot be read" in caplog.text
    assert not stored or stored not in caplog.text


@given(
    st.from_regex(re.compile(r"[0-9]{4,12}"), fullmatch=True), st.from_regex(re.compile(r"[0-9]{4,12}"), fullmatch=True)
)
def test_only_the_same_digits_are_the_same_pin(one: str, other: str):
    assert is_pin(other, hash_pin(one, cost=2)) is (one == other)
