"""An API server in memory, over real HTTP, with faults and a simulated cluster behind it."""
