#!/usr/bin/env python
"""Studio's commands; `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    import django

    from studio.env import SettingError

    try:
        django.setup()
    except SettingError as error:
        sys.exit(str(error))
    from django.core.management import execute_from_command_line

    from studio.common.logs import configure

    configure()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
