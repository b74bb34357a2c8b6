//! Asks a run to stop early: on Ctrl-C, or because the invocation that it runs in ends soon.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop cleanly: it finishes the letter in progress, starts no other, and makes hidden messages visible
/// again.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks the run to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the run was asked to stop.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the run is asked to stop.
    pub async fn requested(&self) {
        // The sender lives in this value, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
