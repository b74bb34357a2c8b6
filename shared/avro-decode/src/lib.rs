//! Avro decoding by compiled plans: writer schema and reader type resolved once, then straight into the function's own struct.
