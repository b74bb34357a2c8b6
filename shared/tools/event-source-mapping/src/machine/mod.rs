//! The rules by which an event source mapping treats records, answers and time: no I/O, no clock, no threads.
//!
//! [`Machine`] is told what happens ([`Machine::assigned`], [`Machine::received`], [`Machine::answered`],
//! [`Machine::delivered`], [`Machine::revoked`]) and is asked what to do next ([`Machine::poll`]): invoke the function, send
//! records to the on-failure destination, commit an offset. The caller brings the time with each call, in milliseconds
//! since 1970. The same machine runs before Kafka, before recorded bytes and in simulations.
//!
//! ```
//! use event_source_mapping::machine::{Action, Answer, Machine, Record, Rules, Time, TopicPartition};
//!
//! #[derive(Clone)]
//! struct Order(i64);
//!
//! impl Record for Order {
//!     fn offset(&self) -> i64 { self.0 }
//!     fn timestamp(&self) -> Time { Time(0) }
//!     fn payload_bytes(&self) -> usize { 100 }
//! }
//!
//! let orders = TopicPartition::new("orders", 0);
//! let mut machine = Machine::new(Rules { batch_size: 2, ..Rules::default() });
//! machine.assigned(orders.clone());
//! machine.received(&orders, [Order(7), Order(8)], Time(0));
//! let Some(Action::Invoke { batch, records, .. }) = machine.poll(Time(0)) else { panic!("a full batch is invoked") };
//! assert_eq!(records[&orders].len(), 2);
//! machine.answered(batch, Answer::Returned(b"null"), Time(40));
//! assert!(matches!(machine.poll(Time(40)), Some(Action::Commit { offset: 9, .. })));
//! ```

mod answer;
mod batch;
mod counters;
mod forming;
mod partition;
mod record;
mod rules;
mod running;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Unusable};
pub use batch::Condition;
pub use counters::Counters;
pub use record::{Record, Time, TopicPartition};
pub use rules::{DestinationFailure, PartialResponses, Rule, Rules};
pub use running::{Action, BatchId, Machine};
