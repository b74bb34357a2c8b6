//! Counts how often a record's bytes are decoded, for tests; without the feature `testing` nothing is counted.

/// A step that is taken once for each side of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// A key or value out of its base64.
    Base64,
    /// A frame split.
    Frame,
    /// A body inflated.
    Inflate,
}

#[cfg(feature = "testing")]
std::thread_local! {
    static COUNTED: std::cell::Cell<Effort> = const { std::cell::Cell::new(Effort { base64: 0, frames: 0, inflated: 0 }) };
}

#[inline]
pub(crate) fn count(step: Step) {
    #[cfg(feature = "testing")]
    COUNTED.with(|counted| {
        let mut effort = counted.get();
        match step {
            Step::Base64 => effort.base64 += 1,
            Step::Frame => effort.frames += 1,
            Step::Inflate => effort.inflated += 1,
        }
        counted.set(effort);
    });
    #[cfg(not(feature = "testing"))]
    let _ = step;
}

/// How often keys and values were decoded.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Keys and values that were decoded from base64.
    pub base64: usize,
    /// Frames that were split.
    pub frames: usize,
    /// Bodies that were inflated.
    pub inflated: usize,
}

#[cfg(feature = "testing")]
impl Effort {
    /// The steps of this thread since the last call. A batch is processed on the thread that polls it.
    pub fn taken() -> Self {
        COUNTED.replace(Effort { base64: 0, frames: 0, inflated: 0 })
    }
}
