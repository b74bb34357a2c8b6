//! The ways that are compared, by position.

use crate::{
    ApacheAvro, Change, ChangeSlim, Compiled, Framing, HandWritten, Kind, Processed, Profile, ProfileSlim,
    SerdeAvroFast, Way, Workload,
};

/// The name of each way; the one at [`COPY`] only copies the event.
pub const NAMES: [&str; 7] = [
    "(a) path_to_error + KafkaEvent + base64 + apache-avro",
    "(b) KafkaEvent + base64 + serde_avro_fast",
    "(c) ours, evolved reader, all fields",
    "(d) ours, projected to 7 fields",
    "(e) floor: scanner + base64 + decoder by hand",
    "(f) memcpy of the event",
    "(g) ours, all fields, through the processor, by key",
];
/// The position of the copy.
pub const COPY: usize = 5;

type FullChange = Change<&'static str, &'static [u8]>;
type FullProfile = Profile<&'static str>;

/// The way of this position in [`NAMES`], with the workload's schemas at hand. `None` for the copy, and for
/// the hand-written decoder where the workload's frame is not the one that it reads.
pub fn way(workload: &Workload, position: usize) -> Option<Box<dyn Way>> {
    Some(match (position, workload.kind) {
        (4, _) if workload.framing != Framing::Prefix => return None,
        (0, Kind::Changes) => Box::new(ApacheAvro::changes(workload)),
        (0, Kind::Profiles) => Box::new(ApacheAvro::profiles(workload)),
        (1, Kind::Changes) => Box::new(SerdeAvroFast::changes(workload)),
        (1, Kind::Profiles) => Box::new(SerdeAvroFast::profiles(workload)),
        (2, Kind::Changes) => Box::new(Compiled::<FullChange>::new(workload)),
        (2, Kind::Profiles) => Box::new(Compiled::<FullProfile>::new(workload)),
        (3, Kind::Changes) => Box::new(Compiled::<ChangeSlim<'static>>::new(workload)),
        (3, Kind::Profiles) => Box::new(Compiled::<ProfileSlim<'static>>::new(workload)),
        (4, Kind::Changes) => Box::new(HandWritten::<FullChange>::default()),
        (4, Kind::Profiles) => Box::new(HandWritten::<FullProfile>::default()),
        (6, Kind::Changes) => Box::new(Processed::<FullChange>::new(workload)),
        (6, Kind::Profiles) => Box::new(Processed::<FullProfile>::new(workload)),
        _ => return None,
    })
}
