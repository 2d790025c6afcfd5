"""Faceplate: a door that knows its people, wholly on the device."""

__version__ = "0.1.0"
