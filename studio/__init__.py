"""Studio: the project package; floor (`kernel`, `common`) and roof (`urls`, `wiring`) of every app."""
