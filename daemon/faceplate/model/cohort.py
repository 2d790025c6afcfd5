"""A cohort: embeddings of many strangers, to hold against the people who are enrolled.

Two files beside a bundle's own. `cohort.npy` holds one embedding of each stranger, float16 (N, D), and nobody's name;
`cohort.json` says for which network, whence, and under which terms. `faceplate-train cohort` writes them. They are no
part of the bundle: a door does without.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.bundle import Bundle
from faceplate.model.typed_json import read_as

FACTS: Final = "cohort.json"
EMBEDDINGS: Final = "cohort.npy"

_REMEDY: Final = "`faceplate-train cohort` makes one"


@dataclass(frozen=True, slots=True)
class CohortFacts:
    """What `cohort.json` holds."""

    bundle: str
    """`Bundle.id` of the network that made the embeddings: those of another cannot be compared"""

    people: int
    sha256: str
    """Of `cohort.npy`"""

    source: str
    licence: str
    uses: tuple[str, ...]
    """What the bundle's maker used these people for; never to report figures on"""

    dataset: str
    """SHA-256 of the dataset's table of crops"""

    command: str
    """Makes it again"""

    def to_json(self) -> bytes:
        """The text of cohort.json."""
        return (json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Cohort:
    """Strangers."""

    facts: CohortFacts
    embeddings: NDArray[np.float32] = field(repr=False)
    """One of each, as a visitor's picture is embedded: unit vectors float32 (N, D)"""


def load_cohort(bundle: Bundle) -> Cohort:
    """Read the cohort beside a bundle.

    Raises:
        ModelError: there is none, it is another network's, or it is damaged; a door does without.
    """
    try:
        text, content = (bundle.folder / FACTS).read_bytes(), (bundle.folder / EMBEDDINGS).read_bytes()
    except OSError as error:
        raise ModelError(f"{bundle.folder} brings no cohort of strangers ({error.strerror}): {_REMEDY}") from error
    try:
        facts = read_as(CohortFacts, json.loads(text))
    except (ValueError, OverflowError, RecursionError) as error:
        raise ModelError(f"{bundle.folder / FACTS} is not what it should be: {error}; {_REMEDY}") from error
    if facts.bundle != bundle.id:
        raise ModelError(
            f"the cohort of {bundle.folder} is of network {facts.bundle[:12]}, expected {bundle.id[:12]}: {_REMEDY}"
        )
    if (received := hashlib.sha256(content).hexdigest()) != facts.sha256:
        raise ModelError(
            f"{bundle.folder / EMBEDDINGS} is damaged: expected SHA-256 {facts.sha256}, found {received}; {_REMEDY}"
        )
    return Cohort(facts, _read(content, (facts.people, bundle.manifest.embedding_size)))


def packed(embeddings: NDArray[np.float32]) -> bytes:
    """The content of `cohort.npy`."""
    file = io.BytesIO()
    np.save(file, embeddings.astype(np.float16), allow_pickle=False)
    return file.getvalue()


def _read(content: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    try:
        embeddings = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ModelError(f"{EMBEDDINGS} holds no embeddings: {error}; {_REMEDY}") from error
    if embeddings.dtype != np.float16 or embeddings.shape != shape or not np.isfinite(embeddings).all():
        raise ModelError(
            f"{EMBEDDINGS}: expected finite float16 {shape}, found {embeddings.dtype} {embeddings.shape}; {_REMEDY}"
        )
    wide = embeddings.astype(np.float32)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9), np.float32)
