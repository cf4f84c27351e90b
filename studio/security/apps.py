"""Django configuration of the security app."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "studio.security"
    label = "security"
    verbose_name = "Security"
