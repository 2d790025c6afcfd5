"""From crops to a trained tower."""
