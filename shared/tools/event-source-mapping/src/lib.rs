//! A Kafka event source mapping that runs anywhere: it reads topics, invokes a Lambda function with batches, retries,
//! splits and commits as AWS documents it.
//!
//! [`machine`] has the rules, without I/O and without a clock.

mod destination;
mod event;
mod filter;
mod kafka;
mod lambda;
pub mod machine;
mod ports;
mod record;
mod run;
pub mod settings;

pub use destination::{BucketDestination, DocumentHead, OnFailure, QueueDestination, TopicDestination};
pub use event::{Cluster, EventHead};
pub use filter::{Filter, FilterError};
pub use kafka::{ConnectError, KafkaSettings, KafkaSource, StartingPosition};
pub use lambda::LambdaFunction;
pub use ports::{Destination, DestinationError, GivenUp, Invocation, Source, SourceError, SourceEvent, Target};
pub use record::{EventRecord, KafkaRecord};
pub use run::{Ending, Mapping, Progress};
