//! The Lambda Kafka event: from its bytes to lanes of borrowed records, and back to a batch response.
