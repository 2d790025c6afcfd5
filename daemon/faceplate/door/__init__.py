"""The lock: a pure state machine, and drivers that only move pins."""
