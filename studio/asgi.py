"""The ASGI application of the ingress: `uvicorn studio.asgi:application`, or better `manage.py ingress`."""

from __future__ import annotations

import os
from importlib import import_module

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
django.setup()

# Models can be imported only now.
application = import_module("studio.ingress.application").create_application(settings.STUDIO_DJANGO_URL)
