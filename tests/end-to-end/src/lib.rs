//! The real functions against an AWS emulator, a schema registry and injected faults.
