"""Faceplate's trainer: from photographs to a calibrated, quantised Siamese bundle."""
