//! Confluent's frame around an Avro datum: a zero byte and the schema's id in four bytes.

/// A key or value, out of its Base64 and its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The registry's id of the writer schema.
    pub schema_id: u32,
    /// The Avro bytes.
    pub datum: Vec<u8>,
}

/// A key or value of a recording is not a frame in Base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not Base64.
    #[error("not Base64")]
    Base64,
    /// Other bytes than `0x00` and an id in front.
    #[error("not in Confluent's frame")]
    Frame,
}

impl Frame {
    /// Reads a key or value as a recording contains it.
    ///
    /// # Errors
    /// When the text is not a frame in Base64.
    pub fn of(text: &str) -> Result<Self, FrameError> {
        let bytes = base64_simd::STANDARD.decode_to_vec(text).map_err(|_| FrameError::Base64)?;
        match bytes.split_first_chunk::<5>() {
            Some(([0, id @ ..], datum)) => Ok(Frame { schema_id: u32::from_be_bytes(*id), datum: datum.to_vec() }),
            _ => Err(FrameError::Frame),
        }
    }

    /// The bytes as Kafka has them.
    pub fn bytes(&self) -> Vec<u8> {
        [&[0], self.schema_id.to_be_bytes().as_slice(), &self.datum].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_parted_and_put_together_again() {
        let frame = Frame::of("AAAAAAcC").unwrap();
        assert_eq!(frame, Frame { schema_id: 7, datum: vec![2] });
        assert_eq!(frame.bytes(), [0, 0, 0, 0, 7, 2]);
        assert_eq!((Frame::of("?"), Frame::of("AAAB")), (Err(FrameError::Base64), Err(FrameError::Frame)));
    }
}
