//! TLS: whom to trust, and by which certificate to be known.

use std::path::{Path, PathBuf};

use krafka::auth::TlsConfig;

use crate::error::ConnectionError;

/// TLS to the brokers.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificates to trust (PEM) in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// By which this client is known to the brokers.
    pub certificate: Option<ClientCertificate>,
}

/// A client's certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate, with those that signed it (PEM).
    pub certificate_file: PathBuf,
    /// Its key (PEM), not encrypted.
    pub key_file: PathBuf,
}

impl Tls {
    pub(crate) fn config(&self) -> Result<TlsConfig, ConnectionError> {
        let mut config = TlsConfig::new();
        if let Some(file) = &self.ca_file {
            config = config.with_ca_cert_pem(read("--ca-file", file)?);
        }
        if let Some(ClientCertificate { certificate_file, key_file }) = &self.certificate {
            let certificate = read("--certificate-file", certificate_file)?;
            config = config.with_client_cert_pem(certificate, read("--key-file", key_file)?);
        }
        Ok(config)
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, ConnectionError> {
    std::fs::read(path).map_err(|source| ConnectionError::File { option, path: path.to_owned(), source })
}
