"""The MQTT side: a process of its own that reads the journal."""
