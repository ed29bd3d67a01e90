"""Local search on the whole shop floor: routings, calendars, setups, operators and fixed work at once."""
