"""`faceplate bundle`: installing another bundle, after a trial."""
