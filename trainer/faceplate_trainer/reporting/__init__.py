"""One page that says how good a bundle is."""
