"""Webhooks: sources and the events that arrive at them (`inbound`); endpoints and deliveries (`outbound`)."""
