//! One scheduled run: under a lease, page after page. The cursor moves only after everything before it is acknowledged.

use event_functions::{Clock, Fault, Invocation, SystemClock};
use kafka_producer::TraceParent;

use crate::api::Fetched;
use crate::cursor::Taken;
use crate::outcome::{End, RunError, Summary};
use crate::publish_page::{PageEnd, Run};
use crate::publisher::ProfilePublisher;

impl ProfilePublisher {
    /// Publishes until the end of the feed or of the time.
    ///
    /// # Errors
    /// When API, table, queue or Kafka fail. Nothing is lost: the cursor stays before the first item that is not finished.
    pub(crate) async fn run_scheduled(&self, invocation: &Invocation, trace: TraceParent) -> Result<Summary, RunError> {
        if !invocation.deadline.allows(self.page_takes) {
            return Err(RunError::TimeoutTooShort(self.page_takes));
        }
        let (hold, position, not_before) = match self.cursors.take().await? {
            Taken::Ours { hold, position, not_before } => (hold, position, not_before),
            Taken::Held { until } => {
                return Ok(Summary { ended: End::AnotherRun, until_ms: Some(until.0), ..Summary::default() });
            }
        };
        if let Some(time) = not_before.filter(|time| *time > SystemClock.now()) {
            self.cursors.release(hold, Some(time)).await?;
            return Ok(Summary { ended: End::AskedToWait, until_ms: Some(time.0), ..Summary::default() });
        }
        let mut run = Run::new(self, invocation, trace, hold, position);
        let ended = loop {
            if !invocation.deadline.allows(self.page_takes) {
                break Ok(End::OutOfTime);
            }
            let page = match self.feed.page(&run.position, invocation.deadline).await {
                Ok(Fetched::Page(page)) => page,
                Ok(Fetched::NotModified) => break Ok(End::CaughtUp),
                Ok(Fetched::Wait(wait)) => {
                    let time = SystemClock.now().plus(wait);
                    self.cursors.release(run.hold, Some(time)).await?;
                    return Ok(Summary { ended: End::AskedToWait, until_ms: Some(time.0), ..run.summary });
                }
                Err(error) => break Err(error.into()),
            };
            match run.publish_page(&page).await {
                Ok(PageEnd::More) => {}
                Ok(PageEnd::Last(end)) => break Ok(end),
                Err(error) => break Err(error),
            }
        };
        // A lease that is not released expires: the run's own result counts.
        if let Err(error) = self.cursors.release(run.hold, None).await {
            let fault = Fault::from(error);
            tracing::warn!(error_code = fault.code, "the lease was not released: {fault}");
        }
        Ok(Summary { ended: ended?, ..run.summary })
    }
}
