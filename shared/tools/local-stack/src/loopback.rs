//! Ports and HTTP clients for servers on this machine.

/// A TCP port on loopback that nothing listens on at the moment.
///
/// # Errors
/// When the operating system has none.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// An HTTP client for loopback, without the proxy that the environment may configure.
pub(crate) fn loopback_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().build()
}
