//! The security header fields of the page.

/// Restricts the page to contacting its own origin.
pub(super) const PAGE_FIELDS: [(&str, &str); 2] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
];
