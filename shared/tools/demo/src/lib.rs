//! The functions of this repository on a laptop: the demonstration, the sample events and new functions from templates.
//!
//! Everything here names our topics, tables and functions; what any functions can use is in `local-stack`.
mod accounts;
mod bad_batch;
mod demonstration;
mod example;
mod expectation;
mod local_aws;
mod manifests;
mod new_function;
mod profile_api;
mod profile_feed;
mod sample;
mod samples;
mod tables;
mod templates;

pub use accounts::{Change, EMAIL_COLUMNS, NoAccounts, OLD_KEY_HEADER, account_topic, heartbeat_topics};
pub use bad_batch::{BadBatchError, BadRecord, Fate, REFUSED_RECIPIENT, bad_batch};
pub use demonstration::{DemoError, DemoOptions, demo};
pub use example::ExampleError;
pub use expectation::{Expectation, RECIPIENT_MALFORMED, RECIPIENT_MISSING};
pub use local_aws::{LocalAwsError, serve_functions, serve_local_aws};
pub use manifests::{ManifestFilesError, manifests};
pub use new_function::{NewFunction, NewFunctionError, new_function};
pub use profile_api::{ApiFault, ApiRequest, PROFILE_API_TOKEN, ProfileApi, profile_change};
pub use profile_feed::{Profiles, ProfilesError, profile_feed, serve_broker, serve_profiles};
pub use sample::{NotRecorded, Sample};
pub use samples::{SampleError, samples, write_samples};
pub use tables::{AUDIT_TABLE, CLAIMS_TABLE, LOGINS_TABLE, PROFILE_CURSOR_TABLE};
