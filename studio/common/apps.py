"""Django configuration of the common app."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "studio.common"
    label = "common"
    verbose_name = "Common"
