//! Configuration from environment variables, every problem reported together.
