"""Real data in: tables of a plant's database or of files, checked row by row, become one snapshot to plan from."""
