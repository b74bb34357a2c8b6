//! What an invocation needs, and what the event source mapping should send.

use serde::Serialize;

/// What an invocation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Memory in MB, 128 to 10,240. The CPU is proportional to it.
    pub memory_mb: u32,
    /// Seconds until Lambda ends an invocation, 1 to 900.
    pub timeout_seconds: u32,
}

impl Default for Limits {
    /// 256 MB, and a minute: a record whose effect takes its longest, 10 s, still leaves time for others and for retries.
    fn default() -> Self {
        Limits { memory_mb: 256, timeout_seconds: 60 }
    }
}

/// What the event source mapping sends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// Records, 1 to 10,000. A batch ends earlier at 6 MB.
    pub records: u32,
    /// Seconds for which the mapping waits for that many, 0 to 300.
    pub window_seconds: u32,
}

impl Default for Batch {
    /// 100 records, which is AWS's default, and a second. AWS's own half second can be had only by saying nothing.
    fn default() -> Self {
        Batch { records: 100, window_seconds: 1 }
    }
}
