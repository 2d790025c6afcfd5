"""The pure rules that turn matches into one decision a frame."""
