"""`faceplate enroll`: the command, and what it shows."""
