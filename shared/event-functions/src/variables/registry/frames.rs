//! How the keys and values of a function's records name their schemas.

use environment::Reader;
use event_functions_derive::Config;
use schema_registry::{FrameFormat, Frames, KeyFormat};

use super::kind::RegistryKind;

/// One setting for keys and values, or one for each.
#[derive(Config)]
pub(super) struct FrameVariables {
    /// How keys and values name their schemas, if both do it the same way. Sets `VALUE_FRAME` and `KEY_FRAME`.
    #[env("SCHEMA_FRAME", kind = one_of(FORMATS))]
    both: Option<FrameFormat>,
    /// How values name their schemas. `confluent` if neither this nor `SCHEMA_FRAME` is set.
    #[env("VALUE_FRAME", kind = one_of(FORMATS))]
    values: Option<FrameFormat>,
    /// How keys name their schemas, or `text` for keys that are plain text without a schema. `confluent` if neither this nor
    /// `SCHEMA_FRAME` is set.
    #[env("KEY_FRAME", kind = one_of(KEY_FORMATS))]
    keys: Option<KeyFormat>,
}

impl FrameVariables {
    /// The frames, which go with the kind of registry.
    pub(super) fn frames(&self, kind: RegistryKind, env: &mut Reader<'_>) -> Frames {
        let FrameVariables { both, values, keys } = *self;
        if both.is_some() && (values.is_some() || keys.is_some()) {
            env.refuse("SCHEMA_FRAME", "sets both VALUE_FRAME and KEY_FRAME: leave it out if one of them is set");
        }
        let default = both.unwrap_or(FrameFormat::Confluent);
        let frames = Frames { keys: keys.unwrap_or(default.into()), values: values.unwrap_or(default) };
        let fits = |format| match (kind, format) {
            (_, FrameFormat::Metadata) | (RegistryKind::Glue, FrameFormat::Glue) => true,
            (RegistryKind::Glue, FrameFormat::Confluent | FrameFormat::ConfluentHeader | FrameFormat::Apicurio)
            | (RegistryKind::Confluent, FrameFormat::Glue) => false,
            (
                RegistryKind::Confluent,
                FrameFormat::Confluent | FrameFormat::ConfluentHeader | FrameFormat::Apicurio,
            ) => true,
        };
        let misfits = (!fits(frames.values), matches!(frames.keys, KeyFormat::Framed(format) if !fits(format)));
        let wrong = "does not go with SCHEMA_REGISTRY_KIND: Glue's frames need AWS Glue, and AWS Glue needs Glue's frames or metadata";
        let refused: &[&'static str] = match misfits {
            (true, true) if both.is_some() => &["SCHEMA_FRAME"],
            (true, true) => &["VALUE_FRAME", "KEY_FRAME"],
            (true, false) => &["VALUE_FRAME"],
            (false, true) => &["KEY_FRAME"],
            (false, false) => &[],
        };
        for variable in refused {
            env.refuse(variable, wrong);
        }
        frames
    }
}

const FORMATS: [(&str, FrameFormat); 5] = [
    ("confluent", FrameFormat::Confluent),
    ("confluent-header", FrameFormat::ConfluentHeader),
    ("apicurio", FrameFormat::Apicurio),
    ("glue", FrameFormat::Glue),
    ("metadata", FrameFormat::Metadata),
];

const KEY_FORMATS: [(&str, KeyFormat); 6] = [
    ("confluent", KeyFormat::Framed(FrameFormat::Confluent)),
    ("confluent-header", KeyFormat::Framed(FrameFormat::ConfluentHeader)),
    ("apicurio", KeyFormat::Framed(FrameFormat::Apicurio)),
    ("glue", KeyFormat::Framed(FrameFormat::Glue)),
    ("metadata", KeyFormat::Framed(FrameFormat::Metadata)),
    ("text", KeyFormat::Text),
];
