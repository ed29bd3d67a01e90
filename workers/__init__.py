"""What a worker can do: the Celery application, split, engines, aggregate. Values in, values out."""
