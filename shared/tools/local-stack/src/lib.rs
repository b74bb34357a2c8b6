//! Stand-ins for AWS and a schema registry on a laptop, for any functions of a cargo workspace.
//!
//! [`Stack`] starts an AWS emulator, a schema registry and a proxy that injects faults, with the tables, queues and senders
//! that the functions of the workspace declare in their manifests (`function.json`). [`LambdaHost`] runs one function as Lambda does;
//! [`WatchedFunctions`] serves all of them. [`deliver`] runs the event source mapping of `event-source-mapping` between a
//! [`RecordedLog`] and a [`Target`]. It knows no topic, table or function by name.
mod aws;
mod event;
mod faults;
mod functions;
mod loopback;
mod manifests;
mod mapping;
mod metrics;
mod process;
mod registry;
mod resources;
mod runtime_api;
mod schemas;
mod source;
mod stack;
mod target;
mod workspace;

pub use aws::{Aws, AwsError, Mail, REGION};
pub use event::{EventRecord, Nulls, Origin, event};
pub use event_source_mapping::machine::{PartialResponses, Rules};
pub use faults::{Action, Answer, Armed, Failpoint, FaultProxy, NotReached, ProxyError, When};
pub use functions::{FunctionsError, WatchedFunctions, build, watch_sources};
pub use manifests::{ManifestsError, StaleManifest, stale_manifests};
pub use mapping::{Delivery, deliver, local_rules};
pub use metrics::{Outcomes, STAGES};
pub use process::{Process, Program, StartError};
pub use registry::{Registry, RegistryMode};
pub use resources::{ResourcesError, Table};
pub use runtime_api::{Function, InitError, LambdaHost};
pub use schemas::{repository_schemas, schema_id};
pub use source::{GrowingLog, LogError, RecordedLog};
pub use stack::{DEAD_LETTER_BUCKET, DEAD_LETTER_QUEUE, Stack, StackError};
pub use target::{Invocation, Target, Watched};
pub use workspace::{Package, PackagesError, SetupError, Workspace};
