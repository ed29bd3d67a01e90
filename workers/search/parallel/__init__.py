"""The best plan of a single-stage shop: every piece of work is one operation, or one lot of one, with no precedence."""
