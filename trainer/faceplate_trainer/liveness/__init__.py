"""The network that tells the living from photographs: its shape, its pictures, its fit and its run."""
