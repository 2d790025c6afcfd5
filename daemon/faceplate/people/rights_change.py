"""What may be changed of a person's rights, checked as far as that goes without knowing whose they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, SecretStr, ValidationError
from pydantic.functional_validators import AfterValidator

from faceplate.config.section import Section, Unit
from faceplate.errors import EnrolmentError
from faceplate.rights import Role


def _digits(secret: SecretStr) -> SecretStr:
    digits = secret.get_secret_value()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise ValueError(f"a PIN has digits only, {MOST_DIGITS} at most")
    return secret


MOST_DIGITS = 12

Pin = Annotated[SecretStr, AfterValidator(_digits)]
"""Digits of a PIN, that print themselves as stars"""


class RightsChange(Section):
    """Each key that is given is set, each one left out stays as it is; null takes away what was set."""

    role: Role = Role.RESIDENT
    enabled: bool = True
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    schedule: Annotated[str, Field(min_length=1)] | None = None
    extended_time: bool = False
    detection_threshold: Unit | None = None
    verification_threshold: Unit | None = None
    pin: Pin | None = None
    duress_pin: Pin | None = None


def change_from(tree: Mapping[str, Any]) -> RightsChange:
    """Read a change as JSON has it.

    Raises:
        EnrolmentError: something in it is wrong; the message names it, and not what was given: it may be a PIN.
    """
    try:
        return RightsChange.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise EnrolmentError(faults_of(error)) from None


def faults_of(error: ValidationError, *path: str) -> str:
    """Every fault with its path, and nothing of what was given."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join((*path, *map(str, fault['loc'])))}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults
    )
