//! The DeadLetters port on Amazon SQS.
