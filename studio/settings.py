"""All settings, read from the environment once. `docs/settings.md` lists every variable."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from studio import env
from studio.embedded.home import Home, known_environment

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# -- Where Studio lives ----------------------------------------------------------------------------------
STUDIO_HOME = Path(
    env.text(
        "STUDIO_HOME",
        str(BASE_DIR / ".studio"),
        shown=".studio",
        meaning="Folder of the embedded stores, secrets, logs and built pages.",
    )
)
# What `up` keeps in the home is the default, so every command run beside it meets the same stores.
_EMBEDDED = known_environment(Home(STUDIO_HOME))
STUDIO_REGION = env.text(
    "STUDIO_REGION", "local", meaning="The region this process belongs to; `local` without regions."
)
STUDIO_BASE_URL = env.text(
    "STUDIO_BASE_URL",
    "http://127.0.0.1:8000",
    meaning="Where people and providers reach Studio; links are made of it. https makes cookies secure.",
).rstrip("/")

# -- Security --------------------------------------------------------------------------------------------
DEBUG = env.flag("STUDIO_DEBUG", default=False, meaning="Django's debug pages; never in production.")
SECRET_KEY = env.text(
    "SECRET_KEY",
    _EMBEDDED.get("SECRET_KEY", "insecure-development-key-set-SECRET_KEY-in-production-0123456789"),
    shown="the home's own, else a known one",
    meaning="Signs sessions and tokens. `bin/up` makes one for its home; set your own in production.",
)
ALLOWED_HOSTS = env.words(
    "STUDIO_ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1],testserver",
    meaning="Host names that requests may carry.",
)
CSRF_TRUSTED_ORIGINS = env.words(
    "STUDIO_TRUSTED_ORIGINS",
    STUDIO_BASE_URL,
    shown="STUDIO_BASE_URL",
    meaning="Origins that browsers may send changes and open WebSockets from.",
)
STUDIO_ENCRYPTION_KEYS = env.words(
    "STUDIO_ENCRYPTION_KEYS",
    meaning="Keys (32 bytes, base64) that credentials are encrypted with, newest first; else one of SECRET_KEY's.",
)
STUDIO_ALLOW_PRIVATE_NETWORKS = env.text(
    "STUDIO_ALLOW_PRIVATE_NETWORKS",
    meaning="Private networks that outgoing requests may reach: CIDRs with commas, or `*` in a lab.",
)
SECURE = STUDIO_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env.flag(
        "STUDIO_BEHIND_PROXY",
        default=False,
        meaning="A proxy that we trust sets X-Forwarded-Proto; without one, anybody could.",
    )
    else None
)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
CSRF_FAILURE_VIEW = "studio.common.refusals.csrf_failure"
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
    "drf_spectacular",
    "drf_spectacular_sidecar",
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
    "studio",
]
MIDDLEWARE = [
    "studio.common.metrics.MetricsMiddleware",
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
        "DIRS": [BASE_DIR / "studio" / "templates"],
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
    "DATABASE_URL",
    _EMBEDDED.get("DATABASE_URL", "postgresql://studio@127.0.0.1:5432/studio"),
    shown="the home's own",
    meaning="PostgreSQL, the truth. Unset, `bin/up` starts one in STUDIO_HOME.",
)
REDIS_URL = env.text(
    "REDIS_URL",
    _EMBEDDED.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
    shown="the home's own",
    meaning="Valkey or Redis with maxmemory-policy noeviction. Unset, `bin/up` starts one in STUDIO_HOME.",
)
CACHE_URL = env.text(
    "CACHE_URL", REDIS_URL, shown="REDIS_URL", meaning="Another Valkey for the cache alone; it may evict."
)
BROKER_URL = env.text(
    "BROKER_URL", REDIS_URL, shown="REDIS_URL", meaning="Celery's broker: Valkey, Redis or RabbitMQ."
)


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
STATIC_ROOT = env.text(
    "STUDIO_STATIC_ROOT",
    str(STUDIO_HOME / "static"),
    shown="STUDIO_HOME/static",
    meaning="Where `collectstatic` puts pages and styles.",
)
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
FORMAT_MODULE_PATH = "studio.formats"
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
STUDIO_BODY_LIMIT_BYTES = env.integer(
    "STUDIO_BODY_LIMIT_BYTES", 1_048_576, least=1024, meaning="Largest request body, webhooks included."
)

STUDIO_DJANGO_URL = env.text(
    "STUDIO_DJANGO_URL",
    "http://127.0.0.1:8001",
    meaning="Where the ingress finds Django: `http://host:port` or `unix:/path`.",
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studio.accounts.api.authentication.ApiKeyAuthentication",
        "studio.accounts.api.authentication.WorkspaceSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["studio.accounts.api.permissions.RulePermission"],
    "DEFAULT_PARSER_CLASSES": ["studio.common.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "studio.common.negotiation.OneForm",
    "DEFAULT_RENDERER_CLASSES": ["studio.common.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "studio.common.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "studio.common.openapi.StudioSchema",
    "EXCEPTION_HANDLER": "studio.common.refusals.exception_handler",
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
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
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "WorkflowStatus": "workflows.models.Workflow.Status",
        "ExecutionStatus": "workflows.models.Execution.Status",
        "StepStatus": "workflows.api.execution_serializers.STEP_STATUSES",
        "EventStatus": "webhooks.models.Event.Status",
        "ErrorGroupState": "workflows.models.ErrorGroup.State",
        "DeadLetterState": "workflows.models.DeadLetter.State",
        "JobState": "workflows.models.Job.State",
        "JobItemState": "workflows.models.JobItem.State",
    },
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "validatorUrl": None},
}

# -- Engine ----------------------------------------------------------------------------------------------
STUDIO_WORKER_SLOTS = env.integer(
    "STUDIO_WORKER_SLOTS", 500, least=1, meaning="Executions that one worker process holds at once."
)
STUDIO_LEASE_SECONDS = env.seconds(
    "STUDIO_LEASE_SECONDS", 6.0, meaning="A worker silent for so long has lost what it holds."
)
STUDIO_HEARTBEAT_SECONDS = env.seconds(
    "STUDIO_HEARTBEAT_SECONDS", 0.25, meaning="How often a worker prolongs its lease."
)
STUDIO_DRAIN_SECONDS = env.seconds(
    "STUDIO_DRAIN_SECONDS", 10.0, meaning="What running nodes are given when a worker is told to stop."
)
STUDIO_LOSS_BUDGET = env.integer(
    "STUDIO_LOSS_BUDGET", 10, least=1, meaning="Workers an execution may lose before it is a dead letter."
)
STUDIO_CODE_WORKERS = env.integer(
    "STUDIO_CODE_WORKERS", 2, least=1, meaning="Sandbox processes for `code.python` in each worker."
)

# -- Circuit breakers ------------------------------------------------------------------------------------
STUDIO_BREAKER_FAILURES = env.integer(
    "STUDIO_BREAKER_FAILURES", 25, least=1, meaning="Failed calls in a row that open a breaker."
)
STUDIO_BREAKER_PERCENT = env.integer(
    "STUDIO_BREAKER_PERCENT",
    75,
    least=1,
    meaning="Share of failed calls within the window that opens it; above 100: no share does.",
)
STUDIO_BREAKER_SAMPLES = env.integer(
    "STUDIO_BREAKER_SAMPLES", 50, least=1, meaning="Calls within the window before their share counts."
)
STUDIO_BREAKER_WINDOW_SECONDS = env.seconds(
    "STUDIO_BREAKER_WINDOW_SECONDS", 30.0, meaning="How far back a breaker looks."
)
STUDIO_BREAKER_OPEN_SECONDS = env.seconds(
    "STUDIO_BREAKER_OPEN_SECONDS",
    5.0,
    meaning="How long it stays open; twice as long after each failed probe.",
)
STUDIO_BREAKER_CAP_SECONDS = env.seconds(
    "STUDIO_BREAKER_CAP_SECONDS", 30.0, meaning="The longest it stays open before it probes again."
)
STUDIO_BREAKER_PROBES = env.integer(
    "STUDIO_BREAKER_PROBES",
    2,
    least=1,
    meaning="Probes of all workers together, one at first; when all succeed it closes.",
)
STUDIO_BREAKER_COUNTS = env.words(
    "STUDIO_BREAKER_COUNTS",
    "connection,timeout,upstream,outcome_unknown",
    meaning="Categories of errors that count as failures; `rate_limited` may be added.",
)
STUDIO_BREAKER_SHARED = env.words(
    "STUDIO_BREAKER_SHARED",
    meaning="Keys, with `*` as wildcard, of breakers that all workspaces share.",
)

# -- Logs ------------------------------------------------------------------------------------------------
STUDIO_LOG_LEVEL = env.choice(
    "STUDIO_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), meaning="The least that is written."
)
STUDIO_LOG_FORMAT = env.choice(
    "STUDIO_LOG_FORMAT", "console", ("console", "json"), meaning="Lines for people or for machines."
)
LOGGING_CONFIG = None

# -- Metrics and Flower ----------------------------------------------------------------------------------
STUDIO_METRICS_TOKEN = env.text(
    "STUDIO_METRICS_TOKEN", meaning="Bearer token that `/metrics` asks for; empty: it is open."
)
STUDIO_METRICS_PORT = env.integer(
    "STUDIO_METRICS_PORT",
    0,
    meaning="Loopback port on which a worker or scheduler serves its own metrics, or the next free one.",
)
STUDIO_FLOWER_PORT = env.integer(
    "STUDIO_FLOWER_PORT", 5555, meaning="Loopback port of Flower; `/flower/` forwards staff to it."
)

# -- Operators' console ----------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Studio operators",
    "SITE_HEADER": "Studio",
    "SITE_SUBHEADER": "Operators' console",
    "SITE_SYMBOL": "account_tree",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "studio.admin_site.environment",
    "DASHBOARD_CALLBACK": "studio.admin_site.overview",
    "SIDEBAR": {"show_search": True, "navigation": "studio.admin_site.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
}
