//! Counters and lag under the names of AWS's metrics, in Prometheus's text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::get;
use event_source_mapping::machine::{Counters, TopicPartition};
use tokio::net::TcpListener;

/// The state of every mapping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<String, State>>>);

#[derive(Debug, Default)]
struct State {
    counters: Counters,
    lag: BTreeMap<TopicPartition, u64>,
}

impl Metrics {
    pub(crate) fn set(&self, mapping: &str, counters: Counters, lag: Option<&BTreeMap<TopicPartition, u64>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = all.entry(mapping.to_owned()).or_default();
        state.counters = counters;
        if let Some(lag) = lag {
            state.lag.clone_from(lag);
        }
    }

    pub(crate) async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let text = move || std::future::ready(self.text());
        axum::serve(listener, Router::new().route("/metrics", get(text))).await
    }

    fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (mapping, State { counters, lag }) in all.iter() {
            for (name, value) in [
                ("PolledEventCount", counters.polled_event_count),
                ("FilteredOutEventCount", counters.filtered_out_event_count),
                ("InvokedEventCount", counters.invoked_event_count),
                ("FailedInvokeEventCount", counters.failed_invoke_event_count),
                ("OnFailureDestinationDeliveredEventCount", counters.on_failure_destination_delivered_event_count),
                ("DroppedEventCount", counters.dropped_event_count),
                ("SumOffsetLag", lag.values().sum()),
                ("MaxOffsetLag", lag.values().copied().max().unwrap_or(0)),
            ] {
                // Writing into a string cannot fail.
                let _ = writeln!(text, "{name}{{mapping={mapping:?}}} {value}");
            }
        }
        text
    }
}
