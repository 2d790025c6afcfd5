"""What goes in: pictures, found, aligned, and split by person."""
