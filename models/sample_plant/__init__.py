"""A production database as plants have them, with made-up data: to try ingestion on, and to show a mapping."""
