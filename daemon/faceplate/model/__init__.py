"""The contract between trainer and daemon: what a bundle is, and how pixels become a tensor.

Both sides import it; it imports numpy and OpenCV, and nothing else of either side.
"""
