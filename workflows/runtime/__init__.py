"""Carries out what the pure engine decides: claims, leases, checkpoints, attempts, events.

One asyncio loop per worker process. PostgreSQL holds the truth; a Celery message only wakes a worker.
"""
