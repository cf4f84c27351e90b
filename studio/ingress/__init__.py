"""The fast front door: raw ASGI routes that accept executions and events, sockets, and the way to Django.

An empty Django view under ASGI costs more than a durable submit here, so the routes that must be fast stand
in front of it. Everything else is forwarded to Django's own process, its body read first under a cap and a
deadline.
Entry points: `application.create_application`, `manage.py ingress`.
"""
