//! Runs mappings side by side until they are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_source_mapping::machine::Rules;
use event_source_mapping::settings::MappingSettings;
use event_source_mapping::{
    DocumentHead, Ending, EventHead, KafkaSettings, KafkaSource, LambdaFunction, Mapping, OnFailure, Progress,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use kafka_connection::with_causes;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::connections::{destination, security};
use crate::metrics::Metrics;
use crate::options::Run;
use crate::shown::line;

/// Why nothing runs.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The settings cannot be used.
    Unusable(String),
    /// A cluster, a destination or a port cannot be had.
    Unavailable(String),
}

/// How often Ctrl-C was pressed.
type Stops = watch::Receiver<u32>;

/// A mapping that is a member of its group.
struct Ready {
    settings: MappingSettings,
    mapping: Mapping<LambdaFunction, OnFailure>,
    source: KafkaSource,
}

pub(crate) async fn run(options: &Run, mappings: Vec<MappingSettings>) -> Result<(), Failure> {
    let (press, mut stops) = watch::channel(0);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            press.send_modify(|presses| *presses += 1);
            if *press.borrow() == 1 {
                eprintln!("event-source-mapping: finishing what is invoked; Ctrl-C again abandons it");
            }
        }
    });
    let metrics = Metrics::default();
    if let Some(port) = options.metrics_port {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
            Failure::Unavailable(format!("port {port} for metrics: {error}. --metrics-port chooses another one"))
        })?;
        tokio::spawn(metrics.clone().serve(listener));
    }
    let connecting = join_all(mappings.into_iter().map(|mapping| connect(options, mapping)));
    let connected = tokio::select! {
        connected = connecting => connected,
        // Nothing is read yet.
        _ = stops.wait_for(|presses| *presses > 0) => return Ok(()),
    };
    let (mut ready, mut failures) = (Vec::new(), Vec::new());
    for one in connected {
        match one {
            Ok(one) => ready.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(failure) = failures.into_iter().next() {
        join_all(ready.into_iter().map(|one| one.source.leave())).await;
        return Err(failure);
    }
    join_all(ready.into_iter().map(|one| run_one(options, one, &metrics, stops.clone()))).await;
    Ok(())
}

async fn connect(options: &Run, settings: MappingSettings) -> Result<Ready, Failure> {
    let name = settings.name.clone();
    let unusable = |problem: String| Failure::Unusable(format!("mapping {name}: {problem}"));
    let unavailable = |problem: String| Failure::Unavailable(format!("mapping {name}: {problem}"));
    let servers = options.bootstrap_servers.clone().or_else(|| settings.bootstrap_servers.clone());
    let servers = servers.ok_or_else(|| {
        unusable("the settings do not say where the brokers are. Give --bootstrap-servers host:port".to_owned())
    })?;
    let security = security(options, &settings, &servers).await.map_err(unusable)?;
    let head = EventHead { cluster: settings.cluster.clone(), bootstrap_servers: servers.clone() };
    let document = DocumentHead { function_arn: settings.function_arn.clone(), event: head.clone() };
    let kafka = KafkaSettings {
        bootstrap_servers: servers.clone(),
        topics: vec![settings.topic.clone()],
        group: settings.group.clone(),
        starting_position: settings.starting_position,
        security: security.clone(),
    };
    let destination = destination(options, &settings, &servers, security, document).await.map_err(unavailable)?;
    let endpoint = (options.invoke_url != "aws").then_some(options.invoke_url.as_str());
    let mapping = Mapping {
        rules: Rules {
            partial_responses: settings.rules.partial_responses.map(|_| options.partial_responses.into()),
            splitting_counts: options.splitting_counts,
            destination_failure: options.destination_failure.into(),
            first_pause: options.first_retry_pause,
            longest_pause: options.longest_retry_pause,
            ..settings.rules.clone()
        },
        filter: settings.filter.clone(),
        head,
        target: Arc::new(LambdaFunction::new(&settings.function, endpoint).await.with_timeout(settings.timeout)),
        destination: destination.map(Arc::new),
    };
    let source = KafkaSource::join(&kafka).await.map_err(|error| unavailable(with_causes(&error)))?;
    eprintln!("{name}: {} -> {}, as a member of {}", settings.topic, settings.function, settings.group);
    Ok(Ready { settings, mapping, source })
}

async fn run_one(options: &Run, ready: Ready, metrics: &Metrics, stops: Stops) {
    let Ready { settings: MappingSettings { name, .. }, mapping, mut source } = ready;
    let caught_up = Arc::new(AtomicBool::new(false));
    let until_caught_up = options.until_caught_up.then(|| Arc::clone(&caught_up));
    let tell = |progress: Progress<'_>| {
        if let Progress::State { lag, counters } = &progress {
            metrics.set(&name, *counters, Some(lag));
            // A member without a partition cannot know whether the others have finished.
            let finished = !lag.is_empty() && lag.values().all(|lag| *lag == 0);
            caught_up.store(finished, Ordering::Relaxed);
        }
        if let Some(line) = line(&progress, options.verbose) {
            println!("{name}: {line}");
        }
    };
    let done = mapping.run(&mut source, endings(stops, until_caught_up), tell).await;
    metrics.set(&name, done, None);
    source.leave().await;
    eprintln!(
        "{name}: {} records read, {} filtered out, {} given up and delivered to the destination, {} dropped",
        done.polled_event_count,
        done.filtered_out_event_count,
        done.on_failure_destination_delivered_event_count,
        done.dropped_event_count,
    );
}

/// The first Ctrl-C finishes, the second abandons; with a condition, its truth ends reading.
fn endings(stops: Stops, caught_up: Option<Arc<AtomicBool>>) -> impl FnMut() -> BoxFuture<'static, Ending> {
    let told_to_finish = Arc::new(AtomicBool::new(false));
    let told_to_read_no_more = Arc::new(AtomicBool::new(false));
    move || {
        let (mut stops, caught_up) = (stops.clone(), caught_up.clone());
        let (finish, no_more) = (Arc::clone(&told_to_finish), Arc::clone(&told_to_read_no_more));
        async move {
            let pressed = async {
                let presses = if finish.load(Ordering::Relaxed) { 2 } else { 1 };
                // The sender lives as long as the process.
                let _ = stops.wait_for(|pressed| *pressed >= presses).await;
                if finish.swap(true, Ordering::Relaxed) { Ending::Abandon } else { Ending::Finish }
            };
            let read = async {
                while !caught_up.as_ref().is_some_and(|caught_up| caught_up.load(Ordering::Relaxed))
                    || no_more.load(Ordering::Relaxed)
                {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                no_more.store(true, Ordering::Relaxed);
                Ending::AtTheEnd
            };
            tokio::select! { ending = pressed => ending, ending = read => ending }
        }
        .boxed()
    }
}
