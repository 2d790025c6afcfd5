"""What moves and reads the real lines, what keeps the lock, and what stands in for both."""
