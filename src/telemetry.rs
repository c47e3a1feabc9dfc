//! What an operator sees of a running server: the metrics and the log.

mod flood; // limits how often one line is logged
mod libraries; // limits the level of libraries
pub mod logging; // the thread that writes the log
mod cluster_metrics; // those of a node of a cluster
mod metrics; // counters and gauges

pub use self::cluster_metrics::ClusterMetrics;
pub(crate) use self::metrics::{
    CONTENT_TYPE, Census, Dropped, Metrics, PLAIN_CONTENT_TYPE, Refused, to_plain_text,
};
