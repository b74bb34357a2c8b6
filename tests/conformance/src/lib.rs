//! Runs the contract suites of the ports on the real adapters, against the AWS emulator: see `tests/`.
