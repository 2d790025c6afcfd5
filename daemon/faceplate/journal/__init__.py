"""The hash-chained record of every decision and door event; also the outbox."""
