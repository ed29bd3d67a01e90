"""A policy that plans by choosing, again and again, which operation goes next to which machine; learned with PPO."""
