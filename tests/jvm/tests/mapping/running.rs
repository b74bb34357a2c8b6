//! A mapping of the library at work, and what it reports.

use std::sync::Arc;
use std::time::Duration;

use event_source_mapping::machine::{Counters, Rules};
use event_source_mapping::{
    Cluster, Ending, EventHead, Filter, Invocation, KafkaSettings, KafkaSource, LambdaFunction, Mapping, OnFailure,
    Progress, StartingPosition,
};
use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use crate::function::{Function, WITHIN};

/// What a mapping reported.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Assigned(i32),
    Revoked(i32),
    Invoked(Invocation, Duration),
    GivenUp,
    Committed(i32, i64, Option<String>),
    Trouble(String),
}

pub(crate) struct Running {
    told: watch::Sender<Vec<Told>>,
    end: mpsc::Sender<Ending>,
    mapping: JoinHandle<Counters>,
}

/// A group of its own at the beginning of a topic.
pub(crate) fn settings(address: &str, topic: &str, group: &str) -> KafkaSettings {
    KafkaSettings {
        bootstrap_servers: address.to_owned(),
        topics: vec![topic.to_owned()],
        group: group.to_owned(),
        starting_position: StartingPosition::TrimHorizon,
        security: None,
    }
}

/// Batches of a size that do not wait for more records, and short pauses.
pub(crate) fn rules(batch_size: usize) -> Rules {
    Rules {
        batch_size,
        window: Duration::ZERO,
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(40),
        ..Rules::default()
    }
}

impl Running {
    /// Runs a mapping to the function. Checks each commit: every record before it has to be finished.
    pub(crate) async fn start(settings: KafkaSettings, rules: Rules, function: &Function) -> Self {
        Self::named("function", settings, rules, function).await
    }

    /// The same with a name for the function.
    pub(crate) async fn named(name: &str, settings: KafkaSettings, rules: Rules, function: &Function) -> Self {
        let url = function.url().to_owned();
        let checked = function.clone();
        Self::to(name, &url, settings, rules, move |told| {
            if let Told::Committed(partition, offset, _) = told {
                assert!(checked.has_finished((*partition).into(), *offset), "{told:?} is not finished");
            }
        })
        .await
    }

    /// Runs a mapping to any endpoint, with a check of the test's own for each report.
    pub(crate) async fn to(
        name: &str,
        url: &str,
        settings: KafkaSettings,
        rules: Rules,
        check: impl Fn(&Told) + Send + Sync + 'static,
    ) -> Self {
        let mapping = Mapping::<_, OnFailure> {
            rules,
            filter: Filter::default(),
            head: EventHead { cluster: Cluster::SelfManaged, bootstrap_servers: settings.bootstrap_servers.clone() },
            target: Arc::new(LambdaFunction::new(name, Some(url)).await),
            destination: None,
        };
        let mut source = KafkaSource::join(&settings).await.unwrap();
        let told = watch::Sender::new(Vec::new());
        let (end, endings) = mpsc::channel(2);
        let endings = Arc::new(Mutex::new(endings));
        let ending = move || {
            let endings = Arc::clone(&endings);
            async move {
                match endings.lock().await.recv().await {
                    Some(ending) => ending,
                    None => std::future::pending().await,
                }
            }
            .boxed()
        };
        let tell = told.clone();
        let mapping = tokio::spawn(async move {
            let progress = |progress: Progress<'_>| {
                let Some(it) = of_progress(&progress) else { return };
                check(&it);
                tell.send_modify(|told| told.push(it));
            };
            let counters = mapping.run(&mut source, ending, progress).await;
            source.leave().await;
            counters
        });
        Running { told, end, mapping }
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    /// Waits until it has reported what is wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[Told]) -> bool) {
        let mut told = self.told.subscribe();
        let waiting = tokio::time::timeout(WITHIN, told.wait_for(|told| wanted(told))).await;
        assert!(waiting.is_ok(), "{what}: {:?}", self.told());
    }

    /// Ends it, and waits until it has left its group.
    pub(crate) async fn end(self, ending: Ending) -> (Counters, Vec<Told>) {
        self.end.send(ending).await.unwrap();
        let counters = self.mapping.await.unwrap();
        (counters, self.told.borrow().clone())
    }
}

fn of_progress(progress: &Progress<'_>) -> Option<Told> {
    Some(match progress {
        Progress::Assigned(at) => Told::Assigned(at.partition),
        Progress::Revoked(at) => Told::Revoked(at.partition),
        Progress::Invoked { outcome, took, .. } => Told::Invoked((*outcome).clone(), *took),
        Progress::GivenUp { .. } => Told::GivenUp,
        Progress::Committed { at, offset, error } => Told::Committed(at.partition, *offset, error.clone()),
        Progress::Trouble(trouble) => Told::Trouble(trouble.clone()),
        Progress::State { .. } => return None,
    })
}
