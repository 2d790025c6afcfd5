"""How good embeddings are: attempts, rates and their bounds, thresholds."""
