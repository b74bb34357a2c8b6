//! Keeps the walls of ARCHITECTURE.md where they are: see `tests/`.
