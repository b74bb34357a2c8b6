//! Publishes changed profiles: a schedule → an external REST API → `user.profile.updated` in Kafka.
//!
//! Reads the API's feed of changes from a cursor in DynamoDB, under a lease; writes events, moves the
//! cursor when Kafka has acknowledged them, and dead-letters items that cannot be published. A redriven item is published by
//! itself.

mod api;
mod config;
mod cursor;
mod dead_lettering;
mod event;
mod kafka;
mod kafka_login;
mod letter;
mod outcome;
mod page_time;
mod ports;
mod profile;
mod publish_page;
mod publisher;
mod redriven;
mod run;
mod segment;
mod task;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vault;

use event_functions::{Aws, Function, Limits};

use crate::config::Config;
use crate::ports::{Ports, WiringError};
use crate::publisher::ProfilePublisher;

/// A page alone may take most of a minute: see the README's variables.
const LIMITS: Limits = Limits { memory_mb: 256, timeout_seconds: 120 };

/// The function.
pub fn function() -> Function {
    function_with(Ports::real)
}

fn function_with(ports: impl Fn(&Config, &Aws<()>) -> Result<Ports, WiringError> + 'static) -> Function {
    Function::new("publish-profile-updates").limits(LIMITS).task().run_by(move |config: &Config, aws| {
        // All of them, before one can fail: what is taken is what the function declares.
        let (subjects, ports) = (aws.subjects(&config.registry, config.schema_to_register()), ports(config, aws));
        let dead_letters = aws.dead_letters();
        Ok::<_, WiringError>(ProfilePublisher::new(config, ports?, subjects?, dead_letters))
    })
}
