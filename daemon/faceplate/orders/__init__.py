"""What may be ordered of the daemon, by whom, and how that is written down."""
