"""All settings, read from the environment once. `docs/settings.md` lists every variable."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from studio import env
from studio.embedded.home import Home, known_environment

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# -- Where Studio lives ----------------------------------------------------------------------------------
STUDIO_HOME = Path(env.text("STUDIO_HOME", str(BASE_DIR / ".studio")))
# What `up` keeps in the home is the default, so every command run beside it meets the same stores.
_EMBEDDED = known_environment(Home(STUDIO_HOME))
STUDIO_REGION = env.text("STUDIO_REGION", "local")
STUDIO_BASE_URL = env.text("STUDIO_BASE_URL", "http://127.0.0.1:8000").rstrip("/")

# -- Security --------------------------------------------------------------------------------------------
DEBUG = env.flag("STUDIO_DEBUG", default=False)
SECRET_KEY = env.text(
    "SECRET_KEY",
    _EMBEDDED.get("SECRET_KEY", "insecure-development-key-set-SECRET_KEY-in-production-0123456789"),
)
ALLOWED_HOSTS = env.words("STUDIO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("STUDIO_TRUSTED_ORIGINS", STUDIO_BASE_URL)
STUDIO_ENCRYPTION_KEYS = env.words("STUDIO_ENCRYPTION_KEYS")
STUDIO_ALLOW_PRIVATE_NETWORKS = env.text("STUDIO_ALLOW_PRIVATE_NETWORKS")
SECURE = STUDIO_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("STUDIO_BEHIND_PROXY", default=False) else None
)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/"

# -- Apps ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "channels",
    "studio.common",
    "studio.accounts",
    "studio.security",
    "studio.operations",
    "studio.embedded",
    "workflows",
    "webhooks",
    "analytics",
    "billing",
]
MIDDLEWARE = [
    "studio.common.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studio.common.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "studio.urls"
WSGI_APPLICATION = "studio.wsgi.application"
ASGI_APPLICATION = "studio.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# -- Stores ----------------------------------------------------------------------------------------------
DATABASE_URL = env.text(
    "DATABASE_URL", _EMBEDDED.get("DATABASE_URL", "postgresql://studio@127.0.0.1:5432/studio")
)
REDIS_URL = env.text("REDIS_URL", _EMBEDDED.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
CACHE_URL = env.text("CACHE_URL", REDIS_URL)
BROKER_URL = env.text("BROKER_URL", REDIS_URL)


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
        },
    }


DATABASES = {"default": _database(DATABASE_URL)}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# -- Pages and API ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STUDIO_STATIC_ROOT", str(STUDIO_HOME / "static"))
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [("studio", str(FRONTEND_DIST))] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
STUDIO_BODY_LIMIT_BYTES = env.integer("STUDIO_BODY_LIMIT_BYTES", 1_048_576, least=1024)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studio.accounts.api.authentication.ApiKeyAuthentication",
        "studio.accounts.api.authentication.WorkspaceSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["studio.accounts.api.permissions.RulePermission"],
    "DEFAULT_PARSER_CLASSES": ["studio.common.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["studio.common.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "studio.common.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "studio.common.problem.exception_handler",
    "DEFAULT_FILTER_BACKENDS": [],
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Studio API",
    "DESCRIPTION": "Draw workflows, run them, watch them, put them right.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# -- Engine ----------------------------------------------------------------------------------------------
STUDIO_WORKER_SLOTS = env.integer("STUDIO_WORKER_SLOTS", 500, least=1)
STUDIO_LEASE_SECONDS = env.seconds("STUDIO_LEASE_SECONDS", 6.0)
STUDIO_HEARTBEAT_SECONDS = env.seconds("STUDIO_HEARTBEAT_SECONDS", 0.25)
STUDIO_DRAIN_SECONDS = env.seconds("STUDIO_DRAIN_SECONDS", 10.0)
STUDIO_LOSS_BUDGET = env.integer("STUDIO_LOSS_BUDGET", 10, least=1)
STUDIO_CODE_WORKERS = env.integer("STUDIO_CODE_WORKERS", 2, least=1)

# -- Logs ------------------------------------------------------------------------------------------------
STUDIO_LOG_LEVEL = env.choice("STUDIO_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
STUDIO_LOG_FORMAT = env.choice("STUDIO_LOG_FORMAT", "console", ("console", "json"))
LOGGING_CONFIG = None

# -- Operators' console ----------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Studio operators",
    "SITE_HEADER": "Studio",
    "SITE_SYMBOL": "account_tree",
    "SHOW_HISTORY": True,
}
