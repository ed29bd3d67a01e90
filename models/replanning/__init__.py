"""When a plant is replanned, and what of it may change: pure rules, no database."""
