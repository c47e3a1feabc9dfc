//! `Farewell`: why the server ends a connection, for wires that can say so.

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The client quit.
    Done,
    /// The server disconnects the client.
    Expelled,
    /// The client was silent for too long.
    TimedOut,
    /// The server is going down.
    GoingDown,
    /// The server has no room for the client now.
    TryLater,
    /// The client broke the WebSocket protocol; with the close code.
    Broken(u16),
}
