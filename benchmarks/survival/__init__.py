"""Real processes and servers of their own that may be killed: for the tests of survival, and for their benchmark."""
