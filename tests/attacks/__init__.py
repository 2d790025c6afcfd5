"""Simulated attacks on liveness, and simulated living visitors, made from pictures and clips.

Simulated: no attack here was ever shown to a camera. What a figure of these says is how the cues meet what the
simulation models, which each function tells; a test by ISO/IEC 30107-3 takes real instruments before a real camera.
"""
