"""Frame in, sightings out."""
