"""The roof as a Django app: it binds the layers together and holds the commands that start processes."""

from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "studio"
    label = "studio"
    verbose_name = "Studio"

    def ready(self) -> None:
        from studio.wiring import wire

        wire()
