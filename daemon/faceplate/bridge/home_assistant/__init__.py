"""How the door appears in Home Assistant by itself."""
