"""From a tower to a bundle: converted, quantised, through every gate, calibrated, written."""
