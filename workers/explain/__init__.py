"""Why a plan is as it is: what late jobs waited for, and which rules keep jobs out of it."""
