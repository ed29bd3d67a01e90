"""Health: questions with a time limit, what they found, and one score of it all. Knows no business rule."""
