"""Whether a face is alive: cues that deny it, cues that confirm it, and a decision that never averages them."""
