//! Names a cluster and a group.

use std::net::IpAddr;

use krafka::auth::AuthConfig;

/// Where a group begins that has not committed anything yet. Committed offsets always win over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// `LATEST`: what comes from now on.
    Latest,
    /// `TRIM_HORIZON`: everything that the topic still has.
    TrimHorizon,
    /// `AT_TIMESTAMP`: what was written since then, in milliseconds since 1970.
    AtTimestamp(i64),
}

/// A cluster and a group.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port,host:port`.
    pub bootstrap_servers: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// `ConsumerGroupId`.
    pub group: String,
    /// Where a new group begins.
    pub starting_position: StartingPosition,
    /// How the cluster is signed in to; nothing for a broker that asks for nothing.
    pub security: Option<AuthConfig>,
}

/// Whether bootstrap servers (`host:port,host:port`) all are on this machine.
#[must_use]
pub fn is_loopback(servers: &str) -> bool {
    servers.split(',').all(|server| {
        let host = server.trim().rsplit_once(':').map_or(server, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for servers in ["127.0.0.1:9092", "localhost:9092,127.0.0.2:9093", "[::1]:9092"] {
            assert!(is_loopback(servers), "{servers}");
        }
        for servers in ["", "broker:9092", "127.0.0.1:9092,10.0.0.1:9092", "localhost.example:9092", "[fe80::1]:9092"] {
            assert!(!is_loopback(servers), "{servers}");
        }
    }
}
