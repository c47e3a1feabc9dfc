//! `ListeningSocket`: accepts connections, over TCP or at a path.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Gid, Group, chown, getegid};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType};

use crate::address::Remote;

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
pub(super) const BACKLOG: i32 = 4096;

/// A socket that accepts connections.
#[derive(Debug)]
pub struct ListeningSocket(OwnedFd);

impl ListeningSocket {
    /// Takes a socket that listens.
    pub fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Accepts a connection. Waits for one unless the socket is non-blocking.
    pub fn accept(&self) -> io::Result<(OwnedFd, Remote)> {
        let (stream, addr) = rustix::net::acceptfrom_with(&self.0, SocketFlags::CLOEXEC)?;
        let remote = match addr.and_then(|addr| SocketAddr::try_from(addr).ok()) {
            Some(addr) => Remote::of(addr),
            None => far_user(&stream)?,
        };
        Ok((stream, remote))
    }

    /// The address that it listens on, if it does so over TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        self.name().and_then(|name| name.try_into().ok())
    }

    /// The path that it listens at, if it has one.
    pub fn path(&self) -> Option<PathBuf> {
        let name: SocketAddrUnix = self.name()?.try_into().ok()?;
        // The longest path comes back with a NUL (unix(7)).
        name.path().map(|path| PathBuf::from(path.to_string_lossy().trim_end_matches('\0')))
    }

    /// Lets accept(2) fail with `WouldBlock` when there is no connection.
    pub fn set_nonblocking(&self) -> io::Result<()> {
        Ok(rustix::io::ioctl_fionbio(&self.0, true)?)
    }

    fn name(&self) -> Option<SocketAddrAny> {
        rustix::net::getsockname(&self.0).ok()
    }
}

impl AsFd for ListeningSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<ListeningSocket> for OwnedFd {
    fn from(socket: ListeningSocket) -> Self {
        socket.0
    }
}

/// The far end of a connection that another process accepted.
///
/// # Errors
/// The connection has ended.
pub fn remote_of(stream: &OwnedFd) -> io::Result<Remote> {
    let addr = rustix::net::getpeername(stream)?;
    match addr.and_then(|addr| SocketAddr::try_from(addr).ok()) {
        Some(addr) => Ok(Remote::of(addr)),
        None => far_user(stream),
    }
}

/// The port of this side of a connection; 0 if it has none.
pub fn local_port(stream: &impl AsFd) -> u16 {
    let name = rustix::net::getsockname(stream).ok();
    name.and_then(|name| SocketAddr::try_from(name).ok()).map_or(0, |addr| addr.port())
}

/// The user that connected (SO_PEERCRED, unix(7)).
fn far_user(stream: &OwnedFd) -> io::Result<Remote> {
    Ok(Remote::user(getsockopt(stream, PeerCredentials)?.uid()))
}

/// Listens at `path`, for those whom `mode` and `group` let connect. Replaces a socket that no
/// process has.
///
/// # Errors
/// `AlreadyExists` if another kind of file is there, and `AddrInUse` if a process has the socket.
pub fn listen_at(path: &Path, mode: u32, group: Option<u32>) -> io::Result<ListeningSocket> {
    let name = SocketAddrUnix::new(path)?;
    if is_in_use(path)? {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &name)?;
    // Nobody can connect before it listens, so nobody comes in with other permissions.
    let ready = change_access(path, mode, group.map(Gid::from_raw))
        .and_then(|()| Ok(rustix::net::listen(&socket, BACKLOG)?));
    if let Err(error) = ready {
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(ListeningSocket(socket))
}

/// Lets those connect to the socket at `path` whom `mode` and `group` let; without a group, that of
/// this process.
pub fn let_connect(path: &Path, mode: u32, group: Option<u32>) -> io::Result<()> {
    change_access(path, mode, Some(group.map_or_else(getegid, Gid::from_raw)))
}

fn change_access(path: &Path, mode: u32, group: Option<Gid>) -> io::Result<()> {
    chown(path, None, group)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Whether a process has the socket at `path`, if there is one.
///
/// # Errors
/// `AlreadyExists` if another kind of file is there.
pub fn is_in_use(path: &Path) -> io::Result<bool> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is another file"));
    }
    // One for datagrams, with which the kernel looks for the process, and never connects.
    let probe = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    match rustix::net::connect(&probe, &SocketAddrUnix::new(path)?) {
        Ok(()) | Err(Errno::PROTOTYPE) => Ok(true),
        Err(Errno::CONNREFUSED) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The number of a group of this machine, by its name or its number.
pub fn group(name: &str) -> Option<u32> {
    let found = Group::from_name(name).ok().flatten();
    found.map(|group| group.gid.as_raw()).or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_socket_file_is_replaced_only_if_nobody_listens() {
        let path = std::env::temp_dir().join(format!("chatd-socket-{}", std::process::id()));
        drop(UnixListener::bind(&path).unwrap());
        let listener = listen_at(&path, 0o600, None).unwrap();
        assert_eq!(listener.path().as_deref(), Some(&*path));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = listen_at(&path, 0o600, None).map(drop);
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let nobody = listener.accept().map(drop);
        assert_eq!(nobody.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let _far = UnixStream::connect(&path).unwrap();
        let (near, first) = listener.accept().unwrap();
        assert_eq!(first, Remote::user(super::super::effective_user()));
        assert_eq!(remote_of(&near).unwrap(), first);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(listen_at(&path, 0o600, None).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        fs::remove_file(&path).unwrap();
    }
}
