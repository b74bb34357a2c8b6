//! The Claims port on DynamoDB conditional writes.
