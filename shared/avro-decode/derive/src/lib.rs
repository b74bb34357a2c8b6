//! The derive macro of avro-decode.
