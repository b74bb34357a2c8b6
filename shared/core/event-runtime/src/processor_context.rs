//! The state that a processor keeps from batch to batch: the handler, the ports, the settings and the shared limits.

use std::sync::Arc;

use crate::circuit::Circuit;
use crate::claims::Claims;
use crate::clock::Clock;
use crate::dead_letter::DeadLetters;
use crate::flood_guard::Floods;
use crate::in_flight::InFlight;
use crate::settings::Settings;

/// The handler, the ports and the settings.
pub(crate) struct ProcessorContext<H> {
    pub(crate) handler: H,
    pub(crate) claims: Arc<dyn Claims>,
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Outlives the batch: a dependency that is down stays down for the next one.
    pub(crate) circuit: Circuit,
    /// Outlives it too: dead letters of earlier batches count.
    pub(crate) floods: Floods,
    /// Shared by invocations that run side by side, as memory is.
    pub(crate) in_flight: InFlight,
}
