"""Node kinds: one file per family, found at start-up; `sdk` is what their authors write against.

A kind declares what the engine steers by (effect, ports, timeout, params) and does its work in `run`. The
world reaches it through the context it is given, never through an import.
"""
