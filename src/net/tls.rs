//! TLS: the server's certificate and key, and the configuration of its listeners.

mod expiry;

use std::iter;
use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use self::expiry::Expiry;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

use crate::runtime::Replaceable;

/// The protocol that the web port offers (ALPN, RFC 7301).
pub(crate) const HTTP: &[u8] = b"http/1.1";
/// The same for the port of IRC: with it, no browser can be made to speak to that port.
pub(crate) const IRC: &[u8] = b"irc";

/// A chain of certificates, the server's own first.
#[derive(Clone, Debug)]
pub struct Certificates(Vec<CertificateDer<'static>>);

impl Certificates {
    /// Parses them from PEM (RFC 7468).
    ///
    /// # Errors
    /// `pem` has no certificate, or a malformed one, or the first one cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        match certificates {
            Ok(found) if found.is_empty() => Err("the file contains no certificate".to_owned()),
            Ok(found) => check(&found[0]).map(|()| Self(found)),
            Err(error) => Err(format!("not a PEM file: {error}")),
        }
    }
}

fn check(certificate: &CertificateDer<'_>) -> Result<(), String> {
    match EndEntityCert::try_from(certificate) {
        Ok(_) => Ok(()),
        Err(webpki::Error::UnsupportedCertVersion) => {
            Err("the certificate is not of version 3 of X.509, which TLS requires".to_owned())
        }
        Err(error) => Err(format!("chatd cannot read the certificate: {error}")),
    }
}

#[derive(Clone, Debug)]
pub struct PrivateKey(Arc<PrivateKeyDer<'static>>);

impl PrivateKey {
    /// Parses it from PEM.
    ///
    /// # Errors
    /// `pem` has no key, or an encrypted one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        if is_encrypted(pem) {
            return Err("it is encrypted, and chatd has nobody to ask for the passphrase; \
                        openssl pkey -in OLD -out NEW writes it without one"
                .to_owned());
        }
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(key) => Ok(Self(Arc::new(key))),
            Err(error) => Err(format!("the file contains no private key: {error}")),
        }
    }
}

/// Whether the key in `pem` is encrypted: in PKCS #8 (RFC 5958) or in OpenSSL's traditional format.
fn is_encrypted(pem: &[u8]) -> bool {
    let marks = [&b"-----BEGIN ENCRYPTED PRIVATE KEY-----"[..], b"Proc-Type: 4,ENCRYPTED"];
    pem.split(|&byte| byte == b'\n').any(|line| marks.contains(&line.trim_ascii()))
}

/// A chain of certificates and the key that belongs to it.
#[derive(Clone, Debug)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// # Errors
    /// The key does not match the certificate, or one of them is not supported.
    pub fn new(certificates: &Certificates, key: &PrivateKey) -> Result<Self, String> {
        ring::sign::any_supported_type(&key.0).map_err(|_| {
            "chatd cannot use a key of its kind: it takes RSA with 2048 to 4096 bits, ECDSA on P-256 or \
             P-384, and Ed25519"
        })?;
        let (chain, key) = (certificates.0.clone(), key.0.clone_key());
        match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
            Ok(certified) => Ok(Self(Arc::new(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err("the key does not match the certificate".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// When the server's own certificate, the first of the chain, expires.
    pub fn expiry(&self) -> Option<Expiry> {
        self.0.cert.first().and_then(Expiry::of)
    }

    /// Warnings for the operator about the chain at `now`.
    pub fn warnings(&self, now: SystemTime) -> Vec<String> {
        let [own, intermediate] = ["the TLS certificate", "an intermediate TLS certificate"];
        let names = iter::once(own).chain(iter::repeat(intermediate));
        let chain = names.zip(&self.0.cert);
        chain.flat_map(|(name, certificate)| expiry::warnings(name, certificate, now)).collect()
    }
}

/// The identity that a running server presents, which a reload can replace.
#[derive(Clone, Debug)]
pub(crate) struct Tls(Replaceable<Identity>);

impl Tls {
    pub(crate) fn new(identity: Identity) -> Self {
        Self(Replaceable::new(identity))
    }

    /// When the current certificate expires.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.identity().expiry()
    }

    /// Warnings about the current chain at `now`.
    pub(crate) fn warnings(&self, now: SystemTime) -> Vec<String> {
        self.identity().warnings(now)
    }

    fn identity(&self) -> Identity {
        self.0.get()
    }

    /// Presents `identity` in handshakes from now on.
    pub(crate) fn replace(&self, identity: Identity) {
        self.0.replace(identity);
    }

    /// The configuration of a listener that offers `protocols` (ALPN, RFC 7301); none if empty.
    pub(crate) fn server_config(&self, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::new(self.clone());
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        // All suites are good, but auditors look for a server that prefers its own order.
        config.ignore_client_order = true;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.identity().0)
    }
}
