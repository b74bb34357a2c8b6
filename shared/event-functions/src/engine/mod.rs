//! From an author's handler to the runtime's [`RecordHandler`](event_runtime::RecordHandler).

pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod skip_reason;
