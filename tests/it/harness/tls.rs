//! Test certificates, and clients that trust them.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::{Server, TempDir, chatd};

/// A self-signed certificate for localhost, and its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl Identity {
    pub(crate) fn new() -> Self {
        Identity::with(|_| {})
    }

    /// An identity whose certificate expires at the beginning of that day.
    pub(crate) fn until([year, month, day]: [i32; 3]) -> Self {
        let (month, day) = (month.try_into().unwrap(), day.try_into().unwrap());
        Identity::with(|params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(year, month, day);
        })
    }

    /// An identity whose certificate is valid from the beginning of that year.
    pub(crate) fn from_year(year: i32) -> Self {
        Identity::with(|params| {
            params.not_before = date_time_ymd(year, 1, 1);
            params.not_after = date_time_ymd(year + 1, 1, 1);
        })
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        Identity {
            certificate_pem: certificate.pem(),
            certificate: certificate.into(),
            key_pem: key.serialize_pem(),
        }
    }

    /// Writes both to files, and returns their paths.
    pub(crate) fn save(&self, dir: &TempDir) -> [String; 2] {
        [dir.file("cert.pem", &self.certificate_pem), dir.file("key.pem", &self.key_pem)]
    }

    /// Starts a server with this identity and a text, a web and a TLS port.
    #[track_caller]
    pub(crate) fn serve<const N: usize>(&self, dir: &TempDir, flags: [&str; N]) -> Server {
        let [certificate, key] = self.save(dir);
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0", "--tls-port", "0"]);
        command.args(["--tls-cert", &certificate, "--tls-key", &key]).args(flags);
        Server::run(command)
    }

    /// The configuration of a client that trusts only this certificate.
    pub(crate) fn trusted(&self) -> Arc<ClientConfig> {
        self.trusted_in(rustls::ALL_VERSIONS)
    }

    /// The same for some versions of TLS.
    pub(crate) fn trusted_in(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }
}
