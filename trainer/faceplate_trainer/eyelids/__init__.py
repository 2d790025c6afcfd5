"""The network that tells shut eyes from open ones: its shape, its pictures, its fit and its run."""
