//! chatd: a chat server for netcat and telnet.
