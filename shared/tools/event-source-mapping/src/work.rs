//! Runs mappings side by side until they are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::Credentials;
use event_source_mapping::machine::Rules;
use event_source_mapping::settings::{Access, DestinationArn, MappingSettings};
use event_source_mapping::{
    BucketDestination, DocumentHead, Ending, EventHead, KafkaSettings, KafkaSource, LambdaFunction, Mapping, OnFailure,
    Progress, QueueDestination, TopicDestination, with_causes,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use krafka::auth::{AuthConfig, TlsConfig};
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::options::Run;
use crate::shown::line;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How often Ctrl-C was pressed.
type Stops = watch::Receiver<u32>;

pub(crate) async fn run(options: &Run, mappings: Vec<MappingSettings>) -> Result<(), Error> {
    let metrics = Metrics::default();
    if let Some(port) = options.metrics_port {
        let serving = metrics.clone().serve(port);
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                eprintln!(
                    "event-source-mapping: no metrics at port {port}: {error}. --metrics-port chooses another one"
                );
            }
        });
    }
    let (press, stops) = watch::channel(0);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            press.send_modify(|presses| *presses += 1);
            if *press.borrow() == 1 {
                eprintln!("event-source-mapping: finishing what is invoked; Ctrl-C again abandons it");
            }
        }
    });
    let running = mappings.into_iter().map(|mapping| run_one(options, mapping, metrics.clone(), stops.clone()));
    try_join_all(running).await.map(drop)
}

async fn run_one(options: &Run, settings: MappingSettings, metrics: Metrics, stops: Stops) -> Result<(), Error> {
    let name = settings.name.clone();
    let servers =
        options.bootstrap_servers.clone().or_else(|| settings.bootstrap_servers.clone()).ok_or_else(|| {
            format!("mapping {name}: the settings do not say where the brokers are. Give --bootstrap-servers host:port")
        })?;
    let security = security(options, &settings)?;
    let head = EventHead { cluster: settings.cluster.clone(), bootstrap_servers: servers.clone() };
    let document = DocumentHead { function_arn: settings.function_arn.clone(), event: head.clone() };
    let destination = destination(options, &settings, &servers, security.clone(), document).await?;
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
        target: Arc::new(LambdaFunction::new(&settings.function, endpoint).await),
        destination: destination.map(Arc::new),
    };
    let kafka = KafkaSettings {
        bootstrap_servers: servers,
        topics: vec![settings.topic.clone()],
        group: settings.group.clone(),
        starting_position: settings.starting_position,
        security,
    };
    let mut source =
        KafkaSource::join(&kafka).await.map_err(|error| format!("mapping {name}: {}", with_causes(&error)))?;
    eprintln!("{name}: {} -> {}, as a member of {}", settings.topic, settings.function, settings.group);
    let caught_up = Arc::new(AtomicBool::new(false));
    let until_caught_up = options.until_caught_up.then(|| Arc::clone(&caught_up));
    let tell = |progress: Progress<'_>| {
        if let Progress::State { lag, counters } = &progress {
            metrics.set(&name, *counters, Some(lag));
            let read = !lag.is_empty() && lag.values().all(|lag| *lag == 0);
            caught_up.store(read, Ordering::Relaxed);
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
    Ok(())
}

/// The first Ctrl-C finishes, the second abandons; with a condition, its truth ends reading.
fn endings(stops: Stops, caught_up: Option<Arc<AtomicBool>>) -> impl FnMut() -> BoxFuture<'static, Ending> {
    let mut heard = 0;
    let mut caught_up = caught_up;
    move || {
        let mut stops = stops.clone();
        let waiting = caught_up.take();
        heard += 1;
        let nth = if waiting.is_some() { 1 } else { heard };
        async move {
            let pressed = async move {
                // The sender lives as long as the process.
                let _ = stops.wait_for(|presses| *presses >= 1).await;
                if nth == 1 {
                    return Ending::Finish;
                }
                let _ = stops.wait_for(|presses| *presses >= 2).await;
                Ending::Abandon
            };
            match waiting {
                Some(caught_up) => {
                    let read = async {
                        while !caught_up.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                        Ending::AtTheEnd
                    };
                    tokio::select! { ending = pressed => ending, ending = read => ending }
                }
                None => pressed.await,
            }
        }
        .boxed()
    }
}

fn security(options: &Run, settings: &MappingSettings) -> Result<Option<AuthConfig>, Error> {
    let tls = match &options.ca_file {
        Some(file) => {
            let pem = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            TlsConfig::new().with_ca_cert_pem(pem)
        }
        None => TlsConfig::new(),
    };
    let sasl = settings.access.iter().find(|access| **access != Access::RootCertificate);
    let login = || match (&options.username, &options.password) {
        (Some(user), Some(password)) => Ok((user.clone(), password.clone())),
        _ => Err(format!(
            "mapping {}: its cluster asks for a user and a password, in the secret that SourceAccessConfigurations names. Give them as KAFKA_USERNAME and KAFKA_PASSWORD",
            settings.name
        )),
    };
    let auth = match sasl {
        Some(Access::ScramSha512) => login().map(|(user, password)| AuthConfig::sasl_scram_sha512(user, password))?,
        Some(Access::ScramSha256) => login().map(|(user, password)| AuthConfig::sasl_scram_sha256(user, password))?,
        Some(Access::Plain) => login().map(|(user, password)| AuthConfig::sasl_plain(user, password))?,
        Some(Access::RootCertificate) | None if options.tls => return Ok(Some(AuthConfig::ssl(tls))),
        Some(Access::RootCertificate) | None => return Ok(None),
    };
    Ok(Some(if options.tls { auth.with_tls(tls) } else { auth }))
}

async fn destination(
    options: &Run,
    settings: &MappingSettings,
    servers: &str,
    security: Option<AuthConfig>,
    head: DocumentHead,
) -> Result<Option<OnFailure>, Error> {
    let Some(destination) = &settings.destination else { return Ok(None) };
    let loader = aws_config::defaults(BehaviorVersion::latest());
    let loader = match &options.endpoint_url {
        Some(endpoint) => loader
            .endpoint_url(endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local")),
        None => loader,
    };
    Ok(Some(match destination {
        DestinationArn::Queue(name) => {
            let client = aws_sdk_sqs::Client::new(&loader.load().await);
            let url = client.get_queue_url().queue_name(name).send().await;
            let url = url.map_err(|error| format!("queue {name}: {}", with_causes(&error)))?;
            let url = url.queue_url.ok_or_else(|| format!("queue {name}: SQS gave no URL"))?;
            OnFailure::Queue(QueueDestination { client, url, head })
        }
        DestinationArn::Bucket(bucket) => {
            let shared = loader.load().await;
            // A bucket in the path: an emulator has no host for each.
            let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(options.endpoint_url.is_some());
            let client = aws_sdk_s3::Client::from_conf(config.build());
            OnFailure::Bucket(BucketDestination {
                client,
                bucket: bucket.clone(),
                mapping: settings.name.clone(),
                head,
            })
        }
        DestinationArn::Topic(topic) => {
            let mut kafka = krafka::Kafka::builder(servers).client_id("event-source-mapping");
            if let Some(security) = security {
                kafka = kafka.security(security);
            }
            let kafka = kafka.connect().await.map_err(|error| format!("kafka://{topic}: {error}"))?;
            OnFailure::Topic(Box::new(TopicDestination::new(&kafka, topic.clone(), head).await?))
        }
    }))
}
