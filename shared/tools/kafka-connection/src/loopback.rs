//! Brokers on this machine.

use std::net::IpAddr;

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
