"""An operator as most people write one with kopf, to compare with."""
