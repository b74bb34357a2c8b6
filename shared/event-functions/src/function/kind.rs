//! What a function reads: changes, events, or records of any kind.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::{RecordHandler, WhenUncertain};
use schema_registry::{Frames, KeyFormat, Schemas};

use crate::engine::changes::ChangeRecords;
#[cfg(feature = "testing")]
use crate::engine::changes::{Envelope, Key};
use crate::engine::events::EventRecords;
use crate::handlers::change_handler::ChangeHandler;
use crate::handlers::event_handler::EventHandler;
use crate::handlers::guard::{Conditional, Guard};
use crate::manifest::{Consumption, Trigger};
#[cfg(feature = "testing")]
use crate::testing::schemas::Reader;

/// How a handler `H` is run for one kind of records.
pub(crate) trait RecordKind<H>: 'static {
    type Records: RecordHandler;
    /// Records without bytes, whose values a test makes up.
    #[cfg(feature = "testing")]
    type Typed: RecordHandler + crate::testing::typed::TakesTyped;

    const WHEN_UNCERTAIN: Option<WhenUncertain>;
    const SIDE_BY_SIDE: bool;

    /// What keeps an effect from happening twice, as the manifest says it.
    const GUARD: &'static str;

    fn trigger(consumption: Consumption) -> Trigger;
    /// How its records name their schemas, where that is fixed.
    fn frames(configured: Frames) -> Frames;
    fn redrive_within(handler: &H) -> Option<Duration>;
    fn records(handler: H, schemas: &Arc<dyn Schemas>, frames: Frames) -> Self::Records;
    #[cfg(feature = "testing")]
    fn typed(handler: H) -> Self::Typed;
    /// The types that it reads records into.
    #[cfg(feature = "testing")]
    fn readers(topic: &'static str) -> Vec<Reader>;
}

/// Changes of rows or documents.
pub(crate) struct ChangesKind;
/// Domain events.
pub(crate) struct EventsKind;
/// Records of any kind.
pub(crate) struct RecordsKind;

impl<H: ChangeHandler> RecordKind<H> for ChangesKind {
    type Records = ChangeRecords<H>;
    #[cfg(feature = "testing")]
    type Typed = crate::testing::typed::TypedChanges<H>;

    const WHEN_UNCERTAIN: Option<WhenUncertain> = H::Guard::WHEN_UNCERTAIN;
    const SIDE_BY_SIDE: bool = H::KEYS_SIDE_BY_SIDE;
    const GUARD: &'static str = H::Guard::NAME;

    fn trigger(consumption: Consumption) -> Trigger {
        Trigger::Changes(consumption)
    }

    fn frames(configured: Frames) -> Frames {
        configured
    }

    fn redrive_within(handler: &H) -> Option<Duration> {
        handler.redrive_within()
    }

    fn records(handler: H, schemas: &Arc<dyn Schemas>, frames: Frames) -> ChangeRecords<H> {
        ChangeRecords::new(handler, schemas, frames)
    }

    #[cfg(feature = "testing")]
    fn typed(handler: H) -> Self::Typed {
        crate::testing::typed::TypedChanges::new(handler)
    }

    #[cfg(feature = "testing")]
    fn readers(topic: &'static str) -> Vec<Reader> {
        vec![Reader::of_values::<Envelope<H>>(topic), Reader::of_keys::<Key>(topic)]
    }
}

impl<H: EventHandler> RecordKind<H> for EventsKind {
    type Records = EventRecords<H>;
    #[cfg(feature = "testing")]
    type Typed = crate::testing::typed::TypedEvents<H>;

    const WHEN_UNCERTAIN: Option<WhenUncertain> = H::Guard::WHEN_UNCERTAIN;
    const SIDE_BY_SIDE: bool = H::KEYS_SIDE_BY_SIDE;
    const GUARD: &'static str = H::Guard::NAME;

    fn trigger(consumption: Consumption) -> Trigger {
        Trigger::Events(consumption)
    }

    /// The keys of domain events are plain text.
    fn frames(configured: Frames) -> Frames {
        Frames { keys: KeyFormat::Text, ..configured }
    }

    fn redrive_within(handler: &H) -> Option<Duration> {
        handler.redrive_within()
    }

    fn records(handler: H, schemas: &Arc<dyn Schemas>, frames: Frames) -> EventRecords<H> {
        EventRecords::new(handler, schemas, frames)
    }

    #[cfg(feature = "testing")]
    fn typed(handler: H) -> Self::Typed {
        crate::testing::typed::TypedEvents::new(handler)
    }

    #[cfg(feature = "testing")]
    fn readers(topic: &'static str) -> Vec<Reader> {
        vec![Reader::of_values::<H::Data>(topic)]
    }
}

impl<R: RecordHandler> RecordKind<R> for RecordsKind {
    type Records = R;
    #[cfg(feature = "testing")]
    type Typed = crate::testing::typed::Untyped<R>;

    const WHEN_UNCERTAIN: Option<WhenUncertain> = Conditional::WHEN_UNCERTAIN;
    const SIDE_BY_SIDE: bool = true;
    const GUARD: &'static str = Conditional::NAME;

    fn trigger(consumption: Consumption) -> Trigger {
        Trigger::Records(consumption)
    }

    fn frames(configured: Frames) -> Frames {
        configured
    }

    fn redrive_within(_: &R) -> Option<Duration> {
        None
    }

    fn records(handler: R, _: &Arc<dyn Schemas>, _: Frames) -> R {
        handler
    }

    #[cfg(feature = "testing")]
    fn typed(handler: R) -> Self::Typed {
        crate::testing::typed::Untyped(handler)
    }

    /// Only the handler knows.
    #[cfg(feature = "testing")]
    fn readers(_: &'static str) -> Vec<Reader> {
        Vec::new()
    }
}
