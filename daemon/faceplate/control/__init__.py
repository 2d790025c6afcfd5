"""The socket on this machine by which the command line and the bridge speak to the daemon."""
