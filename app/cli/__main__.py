"""``python -m app.cli`` is ``nightshift``."""

from app.cli import main

main()
