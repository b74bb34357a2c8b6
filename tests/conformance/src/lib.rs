//! The contract suites of the ports, run on the real adapters against the AWS emulator: see `tests/`.
