//! A problem becomes one message, one hint and one exit code.

use std::path::Path;

/// The exit code of what was done, with something that a person should know.
pub const EXIT_WARNINGS: u8 = 3;

/// What went wrong, as the scheduler needs to know it. The codes follow sysexits where one exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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
}

impl Kind {
    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Data => 65,
            Kind::NoInput => 66,
            Kind::Unavailable => 69,
            Kind::Internal => 70,
            Kind::CannotCreate => 73,
            Kind::Io => 74,
            Kind::Busy => 75,
            Kind::Secrecy => 77,
            Kind::Definition => 78,
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

    /// A file operation failed on `path`.
    pub fn io(what: &str, path: &Path, source: std::io::Error) -> Self {
        let kind = if what.starts_with("create") { Kind::CannotCreate } else { Kind::Io };
        Self::new(kind, format!("cannot {what} `{}`: {source}", path.display())).because(source)
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
