//! Connects to what the settings name: the cluster's security, the on-failure destination.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::Credentials;
use event_source_mapping::settings::{Access, DestinationArn, MappingSettings};
use event_source_mapping::{BucketDestination, DocumentHead, OnFailure, QueueDestination, TopicDestination};
use kafka_connection::{Connection, Login, SignIn, Tls, with_causes};
use krafka::auth::AuthConfig;

use crate::options::Run;

/// How the cluster is signed in to.
///
/// # Errors
/// When a file or a login is missing, or a password would be sent to another machine without TLS.
pub(crate) async fn security(
    options: &Run,
    settings: &MappingSettings,
    servers: &str,
) -> Result<Option<AuthConfig>, String> {
    let login = || {
        match (&options.username, &options.password) {
        (Some(user), Some(password)) => Ok(Login { user: user.clone(), password: password.clone() }),
        _ => Err(
            "the cluster asks for a user and a password, in the secret that SourceAccessConfigurations names. Give them as KAFKA_USERNAME and KAFKA_PASSWORD"
                .to_owned(),
        ),
    }
    };
    let sign_in = match settings.access.iter().find(|access| **access != Access::RootCertificate) {
        Some(Access::ScramSha512) => SignIn::ScramSha512(login()?),
        Some(Access::ScramSha256) => SignIn::ScramSha256(login()?),
        Some(Access::Plain) => SignIn::Plain(login()?),
        Some(Access::RootCertificate) | None => SignIn::Nobody,
    };
    let tls = options.tls.then(|| Tls { ca_file: options.ca_file.clone(), certificate: None });
    let connection = Connection { servers: servers.to_owned(), tls, sign_in };
    connection.auth().await.map_err(|error| error.to_string())
}

/// The on-failure destination, which has to be there.
///
/// # Errors
/// When it is not, or cannot be reached.
pub(crate) async fn destination(
    options: &Run,
    settings: &MappingSettings,
    servers: &str,
    security: Option<AuthConfig>,
    head: DocumentHead,
) -> Result<Option<OnFailure>, String> {
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
            let url = url.map_err(|error| unusable(&format!("queue {name}"), &error))?;
            let url = url.queue_url.ok_or_else(|| format!("queue {name}: SQS returned no URL"))?;
            OnFailure::Queue(QueueDestination { client, url, head })
        }
        DestinationArn::Bucket(bucket) => {
            let shared = loader.load().await;
            // A bucket in the path: an emulator has no host for each.
            let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(options.endpoint_url.is_some());
            let client = aws_sdk_s3::Client::from_conf(config.build());
            let found = client.head_bucket().bucket(bucket).send().await;
            found.map_err(|error| unusable(&format!("bucket {bucket}"), &error))?;
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
            let destination = TopicDestination::new(&kafka, topic.clone(), head).await;
            OnFailure::Topic(Box::new(destination.map_err(|error| error.to_string())?))
        }
    }))
}

fn unusable(destination: &str, error: &dyn std::error::Error) -> String {
    format!(
        "{destination} cannot be used as the on-failure destination: {}. --endpoint-url says where an emulator is",
        with_causes(error)
    )
}
