"""What every Django app here stands on: problem documents, pages, the group committer, idempotency keys."""
