"""What `faceplate doctor` looks at: each check a function from the case to one finding."""
