//! The file that a bound Unix socket leaves in the file system.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::address_error::address_error;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    Keep,
    /// Only a socket that nobody listens on any more.
    Replace,
}

/// The file of a socket, which is removed with this, unless another has taken its place.
#[derive(Debug)]
pub(crate) struct BoundPath {
    /// Absolute: the working directory may change until it is removed.
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl BoundPath {
    /// Notes which file a socket has just made. `None` if there is none, as for abstract names.
    fn of(path: &Path) -> Option<Self> {
        let path = std::path::absolute(path).ok()?;
        let file = fs::symlink_metadata(&path).ok()?;
        Some(Self {
            path,
            device: file.dev(),
            inode: file.ino(),
        })
    }

    /// Leaves the file where it is.
    pub(crate) fn keep(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        let is_ours = |file: fs::Metadata| (file.dev(), file.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
            // Somebody else may have removed it meanwhile, which is as good.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A non-blocking socket that is bound to `path`.
pub(crate) fn bind(
    kind: Type,
    path: &Path,
    stale: Stale,
) -> io::Result<(Socket, Option<BoundPath>)> {
    let named = |error| address_error("bind to", path.display(), error);
    let addr = SockAddr::unix(path).map_err(named)?;
    let socket = unix_socket(kind)?;
    let bound = match socket.bind(&addr) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let is_replaced = stale == Stale::Replace && is_stale(kind, path, &addr);
            if !is_replaced {
                return Err(named(error));
            }
            fs::remove_file(path).map_err(named)?;
            socket.bind(&addr)
        }
        bound => bound,
    };
    bound.map_err(named)?;
    Ok((socket, BoundPath::of(path)))
}

pub(crate) fn unix_socket(kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A socket that refuses connections: whoever has bound it is gone.
fn is_stale(kind: Type, path: &Path, addr: &SockAddr) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refuses = || {
        // Non-blocking: one that lives and has no room would make us wait.
        let tried = unix_socket(kind).and_then(|socket| socket.connect(addr));
        let errno = tried.err().as_ref().and_then(Errno::from_io_error);
        errno == Some(Errno::CONNREFUSED)
    };
    is_socket && refuses()
}
