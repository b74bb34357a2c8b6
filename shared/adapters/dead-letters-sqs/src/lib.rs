//! The [`DeadLetters`] port on Amazon SQS: one message per letter, its body the letter's JSON.
//!
//! The JSON is version 1 of the format in `dead-letter.schema.json`, beside this crate's manifest. What an operator
//! filters by in the console is repeated in message attributes: `letter_id`, `error_code`, `stage`, `function`,
//! `topic`.
//!
//! **Same id, same letter.** A letter's id is a hash of its function, cluster, topic, partition, offset and record
//! timestamp. SQS may hold a letter more than once (an answer that was lost, a record that came twice): whoever reads
//! the queue takes messages of one `letter_id` for one letter. A FIFO queue is neither needed nor assumed.
//!
//! **Size.** A message has at most 1 MiB, attributes included. A larger letter is put into an S3 object named by its
//! id, if [`SqsDeadLetters::with_bucket`] names a bucket, and the message points there; so is one that the queue itself
//! refuses as too long, because its `MaximumMessageSize` is smaller. Without a bucket the first is refused as
//! `dead_letter_too_large`, the second as `dead_letter_refused`; both errors name the variable to set, and the record
//! stays pending. What a letter has beside its record's own bytes is below 40 KB, because the runtime cuts error texts:
//! a message that points to an object always fits. Objects are never deleted from here, since a second message may
//! point to one: let the bucket expire them, later than the queue's messages (15 days or more).
//!
//! **Batches.** Letters that are stored at the same time share a call of `SendMessageBatch`; each gets its own result.
//! A call that SQS refuses as too long is made again with each letter alone.
//!
//! [`DeadLetters`]: event_runtime::DeadLetters

mod bucket;
mod errors;
mod gather;
mod message;
mod store;

pub use message::MAX_BYTES;
pub use store::SqsDeadLetters;
