//! A problem becomes one message, one hint and one exit code.

use std::io::{self, ErrorKind};
use std::path::Path;

/// The exit code of what was done, with something that a person should know.
pub const EXIT_WARNINGS: u8 = 3;

/// What went wrong, as the scheduler needs to know it. The codes follow sysexits where one exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was typed means nothing.
    Usage,
    /// A gate refused the data: contract, reject rate, conservation, reconciliation, verification.
    Data,
    /// An expected input is absent or empty.
    NoInput,
    /// A declaration in `pipelines/` is wrong.
    Definition,
    /// A file cannot be created.
    CannotCreate,
    /// Reading or writing failed, or the disk is full.
    Io,
    /// Another run holds the warehouse.
    Busy,
    /// A server does not answer.
    Unavailable,
    /// A defect of the program.
    Internal,
    /// Publishing would disclose what the law protects.
    Secrecy,
    /// A person asked the run to stop (SIGINT).
    Interrupted,
    /// The system asked the run to stop (SIGTERM).
    Terminated,
}

impl Kind {
    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Usage => 2,
            Kind::Data => 65,
            Kind::NoInput => 66,
            Kind::Unavailable => 69,
            Kind::Internal => 70,
            Kind::CannotCreate => 73,
            Kind::Io => 74,
            Kind::Busy => 75,
            Kind::Secrecy => 77,
            Kind::Definition => 78,
            Kind::Interrupted => 130,
            Kind::Terminated => 143,
        }
    }
}

/// An error: what, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// Lower case, no full stop; names the file, table or column.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The cause, when another library reported it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None }
    }

    /// What was typed means nothing.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The data does not pass a gate.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// An expected input is not there.
    pub fn no_input(message: impl Into<String>) -> Self {
        Self::new(Kind::NoInput, message)
    }

    /// A declaration is wrong.
    pub fn definition(message: impl Into<String>) -> Self {
        Self::new(Kind::Definition, message)
    }

    /// Another run is at work.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(Kind::Busy, message)
    }

    /// A server does not answer, or not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// Publishing would disclose what the law protects, or no proof says that it would not.
    pub fn secrecy(message: impl Into<String>) -> Self {
        Self::new(Kind::Secrecy, message)
    }

    /// Something cannot be kept, as the message says.
    pub fn io_failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Io, message)
    }

    /// An invariant of the program does not hold; the message says it in words.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// The program panicked, and has said where.
    #[must_use]
    pub fn defect() -> Self {
        let hint = "what readers see is whole; report it with the lines above, or give the program \
            the threads and the memory it asks for";
        Self::internal("a defect of the program ended it").hint(hint)
    }

    /// A file operation failed on `path`; an error of ours that passed through a writer stays what
    /// it is.
    pub fn io(what: &str, path: &Path, source: io::Error) -> Self {
        let source = match source.downcast::<Self>() {
            Ok(own) => return own,
            Err(source) => source,
        };
        let (kind, hint) = judge(what, source.kind());
        let message = format!("cannot {what} `{}`: {source}", path.display());
        Self { hint: hint.map(str::to_owned), ..Self::new(kind, message) }.because(source)
    }

    /// A run was asked to stop.
    pub fn stopped(kind: Kind) -> Self {
        Self::new(kind, "the run was asked to stop, and did")
            .hint("what readers see is whole; the next run goes on from what was done")
    }

    /// The same, of another kind and with what to do about it, where a file is not there.
    #[must_use]
    pub fn if_absent(self, kind: Kind, hint: &str) -> Self {
        let cause = self.source.as_ref().and_then(|cause| cause.downcast_ref::<std::io::Error>());
        match cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound) {
            true => Self { kind, ..self }.hint(hint),
            false => self,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// What a failed file operation means to the scheduler, and what to do about it.
fn judge(what: &str, cause: ErrorKind) -> (Kind, Option<&'static str>) {
    let is_reading = ["read", "open", "list"].iter().any(|verb| what.starts_with(verb));
    match cause {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            let hint = "make room; what readers see is whole, and the next run goes on from here";
            (Kind::Io, Some(hint))
        }
        ErrorKind::ReadOnlyFilesystem => {
            (Kind::CannotCreate, Some("mount the disk for writing: see the log of the system"))
        }
        ErrorKind::PermissionDenied if is_reading => {
            (Kind::Io, Some("let the user who runs this read it"))
        }
        ErrorKind::PermissionDenied => {
            (Kind::CannotCreate, Some("let the user who runs this own the folder"))
        }
        // Whatever is asked of such a path, nothing can be made there.
        ErrorKind::InvalidFilename | ErrorKind::NotADirectory => {
            (Kind::CannotCreate, Some("choose another path"))
        }
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidInput
            if what.starts_with("create") =>
        {
            (Kind::CannotCreate, None)
        }
        _ => (Kind::Io, None),
    }
}

// The fuzzed readers are built without polars.
#[cfg(not(fuzzing))]
impl From<polars::error::PolarsError> for Error {
    fn from(source: polars::error::PolarsError) -> Self {
        Self::internal(format!("a frame operation failed: {source}")).because(source)
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(source: arrow::error::ArrowError) -> Self {
        Self::internal(format!("an arrow operation failed: {source}")).because(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_failed_operation_decides_the_exit_code() {
        let code = |what: &str, errno| {
            let cause = io::Error::from_raw_os_error(errno);
            Error::io(what, Path::new("w"), cause).kind.exit_code()
        };
        // ENOSPC, EDQUOT, EIO
        for errno in [28, 122, 5] {
            for what in ["create", "write", "rename", "sync"] {
                assert_eq!(code(what, errno), 74, "{what} {errno}");
            }
        }
        // EROFS, EACCES, EPERM, ENAMETOOLONG
        for errno in [30, 13, 1, 36] {
            for what in ["create", "write", "rename", "delete", "lock"] {
                assert_eq!(code(what, errno), 73, "{what} {errno}");
            }
        }
        // EACCES
        assert_eq!((code("read", 13), code("open", 13)), (74, 74));
        // ENOTDIR, EEXIST
        assert_eq!((code("create the folder", 20), code("create", 17)), (73, 73));
    }

    #[test]
    fn an_error_that_passed_through_a_writer_stays_what_it_is() {
        let stopped = io::Error::other(Error::stopped(Kind::Terminated));
        assert_eq!(Error::io("write", Path::new("w"), stopped).kind, Kind::Terminated);
    }
}
