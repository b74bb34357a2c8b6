//! The port [`DeadLetters`] on Amazon SQS: one message per letter, whose body is the letter's JSON.
//!
//! The JSON is version 1 of the format in `dead-letter.schema.json`, beside this crate's manifest. The fields that an
//! operator filters by in the console are also message attributes: `letter_id`, `error_code`, `stage`, `function`,
//! `topic`.
//!
//! **One id, one letter.** A letter's id is a hash of its function, cluster, topic, partition, offset and record
//! timestamp. SQS may hold a letter more than once (an answer was lost, or a record was delivered twice): a reader of the
//! queue treats messages with the same `letter_id` as one letter. The queue need not be a FIFO queue.
//!
//! **Size.** A message has at most 1 MiB, attributes included. A larger letter is put into an S3 object named by its id, if
//! [`SqsDeadLetters::with_bucket`] names a bucket, and the message points to the object. The same happens to a letter that
//! the queue refuses as too long because its `MaximumMessageSize` is smaller. Without a bucket the first is refused as
//! `dead_letter_too_large`, the second as `dead_letter_refused`; both errors name the variable to set, and the record stays
//! pending. Without the record's own bytes a letter has less than 40 KB, because the runtime cuts error texts: a message
//! that points to an object always fits. This crate never deletes objects, because a second message may point to one: let
//! the bucket expire them, later than the queue's messages (15 days or more).
//!
//! **Batches.** Letters that are stored at the same time share a call of `SendMessageBatch`; each gets its own result.
//! If SQS refuses a call as too long, each letter is sent again alone.
//!
//! [`DeadLetters`]: event_runtime::DeadLetters

mod batching;
mod bucket;
mod errors;
mod message;
mod store;

pub use message::MAX_BYTES;
pub use store::SqsDeadLetters;
