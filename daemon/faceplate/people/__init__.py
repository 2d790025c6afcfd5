"""Who is enrolled, and who a sighting looks like."""
