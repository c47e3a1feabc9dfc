//! `Farewell`: why the server ends a connection, for wires that can say so.

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The client is done.
    Done,
    /// The client may not stay.
    Expelled,
    /// The server is going down.
    GoingDown,
    /// The server cannot take it now.
    TryLater,
    /// What it sent is against the rules of WebSocket; the close code says which.
    Broken(u16),
}
