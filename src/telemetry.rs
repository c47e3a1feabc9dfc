//! What an operator sees of a running server: metrics and the log.

mod flood; // no line fills the log
mod libraries; // what libraries may log
pub mod logging; // the thread that writes the log
mod metrics; // what is counted

pub(crate) use self::metrics::{
    CONTENT_TYPE, Census, Dropped, Metrics, PLAIN_CONTENT_TYPE, Refused, to_plain_text,
};
