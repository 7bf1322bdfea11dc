"""The real operator against the fake API server: started, killed, paused, at any speed of time."""
