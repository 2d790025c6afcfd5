"""The page that a browser shows full screen beside the door: served on this machine, told by the control socket."""
