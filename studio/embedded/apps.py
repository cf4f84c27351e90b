"""Django configuration of the embedded app."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "studio.embedded"
    label = "embedded"
    verbose_name = "Embedded stores"
