"""What comes from the broker: judged, passed on to the daemon, and answered."""
