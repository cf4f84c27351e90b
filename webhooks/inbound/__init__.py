"""Webhooks that come in: verified on raw bytes, stored before they are acknowledged, processed exactly once.

`sources` keeps the addresses, `verification` decides whether to believe a sender, `store` writes events in
groups, `processing` turns them into executions.
"""
