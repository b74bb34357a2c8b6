//! Whose service a cluster is, as far as topics differ by it.

/// Whose service a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Service {
    /// Apache Kafka, or a service that sets what Kafka sets, such as MSK Provisioned.
    #[default]
    Kafka,
    /// Amazon MSK Serverless, which sets a few settings and keeps all others as they are.
    MskServerless,
}

/// From AWS's page "Configuration properties for MSK Serverless clusters".
const SERVERLESS: [&str; 7] = [
    "cleanup.policy",
    "compression.type",
    "max.message.bytes",
    "message.timestamp.difference.max.ms",
    "message.timestamp.type",
    "retention.bytes",
    "retention.ms",
];

impl Service {
    /// The service of bootstrap servers, `host:port` with commas between several, by AWS's names of hosts.
    pub fn of_servers(servers: &str) -> Self {
        let serverless = |server: &str| {
            let host = server.trim().rsplit_once(':').map_or(server.trim(), |(host, _)| host);
            let aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
            aws && host.split('.').any(|label| label == "kafka-serverless")
        };
        if servers.split(',').any(serverless) { Self::MskServerless } else { Self::Kafka }
    }

    /// Whether a topic can have a value of its own.
    pub fn sets(self, key: &str) -> bool {
        match self {
            Self::Kafka => true,
            Self::MskServerless => SERVERLESS.contains(&key),
        }
    }

    /// Whether a topic that exists can get another value.
    pub fn alters(self, key: &str) -> bool {
        match self {
            Self::Kafka => true,
            Self::MskServerless => self.sets(key) && key != "cleanup.policy",
        }
    }
}
