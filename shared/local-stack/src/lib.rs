//! Everything a laptop needs in place of AWS.
mod aws;
mod event;
mod faults;
mod functions;
mod mapping;
mod metrics;
mod process;
mod recording;
mod registry;
mod runtime_api;
mod source;
mod target;
mod tools;

pub use aws::{Aws, AwsError, Mail, REGION};
pub use event::{EventRecord, MAX_EVENT_BYTES, Nulls, Origin, event};
pub use faults::{Action, Answer, Armed, Failpoint, FaultProxy, NotReached, ProxyError, When};
pub use functions::{FunctionsError, WatchedFunctions, build};
pub use mapping::{Delivery, MappingSettings, Redelivery, deliver};
pub use metrics::Outcomes;
pub use process::{Process, Program, StartError};
pub use recording::{Expected, Record, Recording, RecordingError, RegisteredSchema};
pub use registry::{Registry, RegistryMode};
pub use runtime_api::{Function, InitError, LambdaHost};
pub use source::{Lane, RecordedLog, Source};
pub use target::{Invocation, Target, Watched};
pub use tools::{SetupError, Workspace};
