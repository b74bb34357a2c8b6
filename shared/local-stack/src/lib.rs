//! Everything a laptop needs in place of AWS.
mod aws;
mod faults;
mod process;
mod recording;
mod registry;
mod tools;

pub use aws::{Aws, AwsError, Mail, REGION};
pub use faults::{Action, Answer, Armed, Failpoint, FaultProxy, NotReached, ProxyError, When};
pub use process::{Process, Program, StartError};
pub use recording::{Expected, Record, Recording, RecordingError, RegisteredSchema};
pub use registry::{Registry, RegistryMode};
pub use tools::{SetupError, Workspace};
