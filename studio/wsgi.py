"""Django as a WSGI application, for `manage.py web` and any other server."""

import os

from django.core.wsgi import get_wsgi_application

from studio.common.logs import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
configure()

application = get_wsgi_application()
