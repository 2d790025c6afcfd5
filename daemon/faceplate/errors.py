"""Everything that can go wrong, as one tree.

FaceplateError
├── ConfigError      the configuration file is missing, malformed or holds wrong values
├── CameraError      the camera cannot be opened, or its stream stalled or ended
├── ModelError       a bundle is damaged, or does not fit this program
├── PictureError     a picture cannot be read, or holds no usable face
├── EnrolmentError   a person cannot be enrolled from what was given
├── StoreError       the gallery or the journal cannot be read or written
│   └── SealError   a key is missing, unsafe, or not the one they were sealed or signed with
├── DoorError        the lock's driver cannot be started or did not answer
├── ControlError     the daemon cannot be asked over its control socket, or the socket cannot be made
│   └── NotRunningError   there is no daemon to ask
├── OrderRefusedError   the door does not do what was ordered, as it is now
│   └── AccessDeniedError   nobody is let in by what was given
└── BridgeError      the MQTT side cannot be set up

Every message says what was expected, what came and what to do about it.
"""


class FaceplateError(Exception):
    """Root of every error this program raises on purpose."""


class ConfigError(FaceplateError, ValueError):
    """The configuration cannot be used; the message lists every fault with its path."""


class CameraError(FaceplateError, OSError):
    """The camera cannot be opened, or its stream stalled or ended."""


class ModelError(FaceplateError, ValueError):
    """A model bundle is damaged or does not fit this program."""


class PictureError(FaceplateError, ValueError):
    """A picture cannot be read."""


class EnrolmentError(FaceplateError, ValueError):
    """A person cannot be enrolled from what was given."""


class StoreError(FaceplateError, OSError):
    """The gallery or the journal cannot be read or written."""


class SealError(StoreError):
    """A key is missing, unsafe, or not the one the gallery was sealed, or the journal signed, with."""


class DoorError(FaceplateError, OSError):
    """The lock's driver cannot be started or does not answer."""


class ControlError(FaceplateError, OSError):
    """The daemon cannot be asked over its control socket, or the socket cannot be made."""


class NotRunningError(ControlError):
    """There is no daemon to ask."""


class OrderRefusedError(FaceplateError):
    """The door does not do what was ordered: its mode does not allow it. The message is the reason."""


class AccessDeniedError(OrderRefusedError):
    """Nobody is let in. The message begins with the reason."""


class BridgeError(FaceplateError, OSError):
    """The MQTT side cannot be set up."""
