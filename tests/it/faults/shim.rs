//! The program runs with a fault in one of the calls that change a folder.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Said, program, root, said};

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full, from this call on.
    Full,
    /// The disk fails, this once.
    Io,
    /// The disk turned read-only, from this call on.
    ReadOnly,
    /// The right to create, link, rename or delete was taken away, from this call on.
    Refused,
    /// A write takes half of its bytes.
    Short,
    /// The program is killed before the call.
    Kill,
    /// The program is killed in the midst of the call.
    Tear,
}

impl Fault {
    /// Faults that the program lives to tell of.
    pub const TOLD: [Fault; 5] =
        [Fault::Full, Fault::Io, Fault::ReadOnly, Fault::Refused, Fault::Short];

    fn name(self) -> &'static str {
        match self {
            Fault::Full => "full",
            Fault::Io => "io",
            Fault::ReadOnly => "readonly",
            Fault::Refused => "refused",
            Fault::Short => "short",
            Fault::Kill => "kill",
            Fault::Tear => "tear",
        }
    }

    fn lasts(self) -> bool {
        matches!(self, Fault::Full | Fault::ReadOnly | Fault::Refused)
    }

    /// The exit code of a run that it stops.
    pub fn code(self) -> i32 {
        match self {
            Fault::Full | Fault::Io => 74,
            Fault::ReadOnly | Fault::Refused => 73,
            Fault::Short => 0,
            Fault::Kill | Fault::Tear => -1,
        }
    }
}

/// The library that is put between the program and its calls.
pub struct Shim {
    library: PathBuf,
    log: PathBuf,
}

impl Shim {
    /// Compiles it into a folder.
    pub fn build(folder: &Path) -> Self {
        let library = folder.join("shim.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(root().join("tests/it/faults/shim.c"))
            .arg("-ldl")
            .status();
        assert!(built.unwrap().success());
        Self { library, log: folder.join("calls.log") }
    }

    fn command(&self, arguments: &[OsString], folder: &Path) -> Command {
        let _nothing_yet = fs::remove_file(&self.log);
        let mut command = Command::new(program());
        command.args(arguments).env("LD_PRELOAD", &self.library);
        command.env("FAULT_FOLDER", folder).env("FAULT_LOG", &self.log);
        command
    }

    /// Runs the program with a fault at a call, counted from 1, or none.
    pub fn run(
        &self,
        (arguments, folder): (&[OsString], &Path),
        at: Option<(Fault, usize)>,
    ) -> Said {
        let mut command = self.command(arguments, folder);
        if let Some((fault, number)) = at {
            command.env("FAULT_KIND", fault.name()).env("FAULT_AT", number.to_string());
            if fault.lasts() {
                command.env("FAULT_ON", "1");
            }
        }
        said(&command.output().unwrap())
    }

    /// Runs the program with a clock that is ahead.
    pub fn run_ahead(&self, (arguments, folder): (&[OsString], &Path), seconds: i64) -> Said {
        let mut command = self.command(arguments, folder);
        said(&command.env("FAULT_CLOCK", seconds.to_string()).output().unwrap())
    }

    /// Runs the program where the system begins no thread.
    pub fn run_alone(&self, (arguments, folder): (&[OsString], &Path)) -> Said {
        let mut command = self.command(arguments, folder);
        said(&command.env("FAULT_THREADS", "0").output().unwrap())
    }

    /// Starts the program; what it says is kept.
    pub fn start(&self, (arguments, folder): (&[OsString], &Path)) -> Child {
        let mut command = self.command(arguments, folder);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs the program and kills it after a time; says whether it was still there.
    pub fn kill_after(&self, run: (&[OsString], &Path), time: Duration) -> bool {
        let mut running = self.start(run);
        let start = Instant::now();
        while start.elapsed() < time && running.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.kill().unwrap();
        running.wait().unwrap().code().is_none()
    }

    /// The calls of the last run that changed something, and that the fault could meet.
    pub fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The first call of the last run that a fault met.
    pub fn met(&self) -> Option<String> {
        self.calls().into_iter().find(|call| call.starts_with("! "))
    }
}
