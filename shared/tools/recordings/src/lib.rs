//! Recorded Kafka topics: a folder with `schemas.json` (the writer schemas by registry id) and `records.jsonl` (one
//! record per line, with what another decoder read from its bytes). Also writes such plain JSON back into Avro.
mod encode;
mod frame;
mod recording;

pub use encode::{EncodeError, encode, encode_framed};
pub use frame::{Frame, FrameError};
pub use recording::{Expected, Record, Recording, RecordingError, RegisteredSchema, folder_of};
