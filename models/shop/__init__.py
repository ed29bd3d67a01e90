"""The shop: problems, calendars, schedules, the timeline that dates them, and the validator that checks them."""
