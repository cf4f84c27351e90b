"""Studio on one machine: a real PostgreSQL and a real Valkey from wheels, and the supervisor behind `up`.

Nouns: *home* (the folder `$STUDIO_HOME` that holds everything), *store* (PostgreSQL or Valkey), *process*
(what the supervisor keeps alive). Entry points: `stores.ensure_services`, `supervisor.Supervisor`,
`testing.temporary_stores`, `python -m studio.embedded`. Nothing here imports Django but the command itself.
"""
