//! One run, over the dead-letter queue or over documents of an on-failure destination.

use std::time::Duration;

use event_runtime::Deadline;

use crate::error::RedriveError;
use crate::ports::Ports;
use crate::progress::Progress;
use crate::report::Report;
use crate::request::Request;
use crate::run::{Session, run_over_documents, run_over_queue};
use crate::stop::Stop;

/// Runs over the dead-letter queue, or over documents of an on-failure destination.
#[derive(Clone)]
pub struct Redrive {
    pub(crate) ports: Ports,
    stop: Stop,
    deadline: Deadline,
    invoke_timeout: Duration,
}

impl Redrive {
    /// A redrive that waits at most `invoke_timeout` for each invocation.
    pub fn new(ports: Ports, invoke_timeout: Duration) -> Self {
        Redrive { ports, stop: Stop::default(), deadline: Deadline::unknown(), invoke_timeout }
    }

    /// The same redrive with a deadline: it starts nothing that may still be running then.
    #[must_use]
    pub fn until(self, deadline: Deadline) -> Self {
        Redrive { deadline, ..self }
    }

    /// The same redrive, which `stop` ends early.
    #[must_use]
    pub fn stopped_by(self, stop: Stop) -> Self {
        Redrive { stop, ..self }
    }

    /// Carries out one request.
    ///
    /// # Errors
    /// When the request contradicts itself, when an id in it belongs to no letter or to several, and when the queue or
    /// the bucket cannot be read.
    pub async fn run(&self, request: &Request, progress: &dyn Progress) -> Result<Report, RedriveError> {
        request.check()?;
        let mut session = Session::new(request, &self.ports, &self.stop, self.deadline, self.invoke_timeout);
        match request.is_over_documents() {
            true => run_over_documents(&mut session, progress).await,
            false => run_over_queue(&mut session, progress).await,
        }
    }
}
