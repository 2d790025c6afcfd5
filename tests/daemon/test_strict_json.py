import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.strict_json import object_from

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def levels(tree):
    inside = tree.values() if isinstance(tree, dict) else tree
    return 1 + max((levels(item) for item in inside if isinstance(item, dict | list)), default=0)


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.integers(1, 6))
def test_an_object_comes_back_if_it_is_no_deeper_than_allowed(tree, deepest):
    content = json.dumps(tree, ensure_ascii=False).encode()
    if levels(tree) <= deepest:
        assert object_from(content, deepest) == tree
    else:
        with pytest.raises(ValueError, match=f"at most {deepest} levels"):
            object_from(content, deepest)


@given(st.binary(max_size=200))
def test_whatever_comes_is_an_object_or_a_value_error(content):
    try:
        tree = object_from(content, 8)
    except ValueError:
        return
    assert isinstance(tree, dict)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'\xef\xbb\xbf{"a": 1}',  # a byte order mark
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "a": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":' + b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_no_strict_object_is_refused(content):
    with pytest.raises(ValueError, match="expected a JSON object"):
        object_from(content, 8)


@pytest.mark.parametrize(
    "content", [b'{"pin": 258013', b'{"pin": "258013\xff"}', b'["258013"]', b'{"258013":[[[[[]]]]]}']
)
def test_nothing_of_the_content_is_repeated(content):
    with pytest.raises(ValueError, match="expected") as refusal:
        object_from(content, 3)
    assert "258013" not in str(refusal.value)
    assert refusal.value.__cause__ is None
