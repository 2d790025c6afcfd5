"""The ways to quantise a network, and what each must keep and gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Form: TypeAlias = Literal["fp32", "fp16", "weight-only-int8", "dynamic-int8", "static-int8", "full-int8"]
"""fp32: as converted. fp16: weights stored as halves. weight-only-int8: weights stored as int8, computed in float.
dynamic-int8: int8 weights, activations quantised as they come. static-int8: both int8 in convolutions and dense
layers, ranges of activations measured beforehand. full-int8: nothing but integers from the pixel to the embedding.
"""

FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a form must keep and gain."""

    cosine: float
    """Least mean cosine to full precision, if nothing else is asked for. The mean: single crops fall much lower"""

    claims_speed: bool
    """Whether it is pointless if it is slower than fp32"""


# Measured on faces of LFW: SFace (10 million weights) weight-only .9991, dynamic .9991, static .994. Small towers lose
# more: a MobileFaceNet of 300,000 weights with ReLU after ten epochs .995, .983, .952 and, with integers throughout,
# .951, though its area under the ROC was none the smaller. They ship if their maker says that so much may be lost.
EXPECTED: dict[Form, Expected] = {
    "fp32": Expected(0.9999, claims_speed=False),
    "fp16": Expected(0.999, claims_speed=False),
    "weight-only-int8": Expected(0.998, claims_speed=False),
    "dynamic-int8": Expected(0.998, claims_speed=True),
    "static-int8": Expected(0.99, claims_speed=True),
    "full-int8": Expected(0.98, claims_speed=True),
}
