"""What each topic carries, as types; the published schemas are made of them."""
