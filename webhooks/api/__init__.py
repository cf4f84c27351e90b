"""`/webhooks`: the addresses that events come to, and the events."""
