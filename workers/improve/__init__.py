"""Improving a plan while time is left: one neighbourhood at a time is freed, solved again, and put back if better."""
