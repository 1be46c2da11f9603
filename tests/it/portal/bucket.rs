//! A release is published in a bucket of a real server, `s3s-fs`, where one is installed.
//!
//! `CONUM_S3S_FS` names its program; without it these tests end at once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use conum::definition::publication::Bucket;
use conum::deliver::http::Limits;
use conum::deliver::objects::Shelf;
use conum::deliver::s3::{Asked, Summary, look, publish};
use conum::fetch::{Error, Patience, Result, Token};
use serde_json::Value;
use tempfile::TempDir;

use crate::portal::request::Request;
use crate::portal::server::{Fault, Server};
use crate::portal::support::{Memory, knobs, once, portal};

pub const KEY: &str = "INVENTEDKEY:invented/bucket+secret";

/// A server with an empty bucket, behind a gate that fails on demand.
pub struct Bench {
    folder: TempDir,
    server: Child,
    gate: Gate,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Bench {
    pub fn start() -> Option<Self> {
        let program = PathBuf::from(std::env::var_os("CONUM_S3S_FS")?);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("open-data")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (identifier, secret) = KEY.split_once(':').unwrap();
        let server = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &free.port().to_string()])
            .args(["--access-key", identifier, "--secret-key", secret])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the server does not start");
            std::thread::yield_now();
        }
        Some(Self { folder, server, gate: Gate::before(free) })
    }

    pub fn bucket(&self) -> Bucket {
        Bucket {
            url: format!("http://{}", self.gate.address),
            name: "open-data".to_owned(),
            region: "fr-par".to_owned(),
            prefix: "conum/releases".to_owned(),
        }
    }

    pub fn object(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.path().join("open-data/conum/releases").join(name)).ok()
    }

    /// Checks that readers are pointed to a release, and that it is whole.
    #[track_caller]
    fn expect(&self, place: &Memory) {
        let pointer: Value = serde_json::from_slice(&self.object("latest.json").unwrap()).unwrap();
        assert_eq!(pointer["release"], place.name.as_str());
        let files = pointer["files"].as_array().unwrap();
        assert_eq!(files.len(), place.files.len());
        for file in files {
            let path = file["path"].as_str().unwrap();
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            assert_eq!(self.object(path).unwrap(), place.files[name]);
        }
    }

    fn pointed(&self) -> Option<String> {
        let pointer: Value = serde_json::from_slice(&self.object("latest.json")?).unwrap();
        pointer["release"].as_str().map(str::to_owned)
    }
}

fn call(bucket: &Bucket, key: &str, place: &mut Memory, patience: Patience) -> Result<Summary> {
    let limits = Limits { answer: Duration::from_secs(20), ..Limits::default() };
    let shelf = Shelf::new(bucket, &Token::new(key).unwrap(), limits, None)?;
    let release = place.release();
    let now = "2026-11-26T05:00:00Z".parse().unwrap();
    let asked = Asked { bucket, release: &release, now, patience };
    let done = publish(&asked, &shelf, place, &mut |_| {});
    let told = format!("{done:?} {shelf:?} {asked:?}");
    assert!(!told.contains("bucket+secret") && !told.contains("INVENTEDKEY"), "{told}");
    done
}

#[test]
fn a_release_is_there_whole_or_not_pointed_to() {
    let Some(bench) = Bench::start() else { return };
    let bucket = bench.bucket();
    let mut first = Memory::of("2026-10-01");
    first.files.insert("large.csv".to_owned(), vec![b'x'; (37 << 20) + 11]);
    let done = call(&bucket, KEY, &mut first, once()).unwrap();
    assert_eq!((done.sent.len(), done.left.len(), done.is_moved), (6, 0, true));
    bench.expect(&first);

    let again = call(&bucket, KEY, &mut first, once()).unwrap();
    assert_eq!((again.sent.len(), again.left.len(), again.is_moved), (0, 6, false));

    let mut second = Memory::of("2026-11-01");
    call(&bucket, KEY, &mut second, once()).unwrap();
    bench.expect(&second);
    let old = bench.object("2026-10-01-0a1b2c3d/par_region.csv");
    assert_eq!(old.as_ref(), Some(&first.files["par_region.csv"]));
}

#[test]
fn every_fault_at_every_request_leaves_the_release_before_and_is_gone_on_from() {
    let Some(bench) = Bench::start() else { return };
    let bucket = bench.bucket();
    let mut before = Memory::of("2026-01-01");
    call(&bucket, KEY, &mut before, once()).unwrap();
    bench.gate.turn(None);
    call(&bucket, KEY, &mut Memory::of("2026-01-02"), once()).unwrap();
    let count = bench.gate.seen();
    assert!(count > 15, "{count}");
    for number in 1..=count {
        for (kind, fault) in faults().into_iter().enumerate() {
            let before = bench.pointed();
            let mut place = Memory::of(&format!("2026-02-{number:02}-{kind}"));
            bench.gate.turn(Some((number, fault.clone())));
            let done = call(&bucket, KEY, &mut place, once());
            let is_lost = matches!(fault, Fault::DoneAndClosed | Fault::Cut);
            if done.is_err() && !(number == count && is_lost) {
                assert_eq!(bench.pointed(), before, "{fault:?} at {number}");
            }
            bench.gate.turn(None);
            call(&bucket, KEY, &mut place, once()).unwrap();
            bench.expect(&place);
            bench.gate.turn(Some((number, fault)));
            let mut next = Memory::of(&format!("2026-03-{number:02}-{kind}"));
            let patient = call(&bucket, KEY, &mut next, Patience::default());
            if kind >= LASTING {
                patient.unwrap();
                bench.expect(&next);
            }
        }
    }
}

/// Faults of which the first few last.
const LASTING: usize = 3;

fn faults() -> Vec<Fault> {
    vec![
        Fault::Status(400),
        Fault::Status(403),
        Fault::Status(413),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Close,
        Fault::DoneAndClosed,
        Fault::Cut,
    ]
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let Some(bench) = Bench::start() else { return };
    let bucket = bench.bucket();
    let mut place = Memory::of("2026-10-01");
    // A pointer that is not there, five objects that are not, and two requests for each that is sent.
    bench.gate.turn(Some((11, Fault::Status(500))));
    let error = call(&bucket, KEY, &mut place, once()).unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("HTTP 500"), "{error}");
    assert_eq!(bench.pointed(), None);
    bench.gate.turn(None);
    let done = call(&bucket, KEY, &mut place, once()).unwrap();
    assert!((1..5).contains(&done.left.len()), "{done:?}");
    bench.expect(&place);
}

#[test]
fn a_wrong_key_is_refused() {
    let Some(bench) = Bench::start() else { return };
    let mut place = Memory::of("2026-10-01");
    let bucket = bench.bucket();
    for key in ["INVENTEDKEY:other", "OTHERKEY:invented/bucket+secret"] {
        let error = call(&bucket, key, &mut place, once()).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert!(error.to_string().contains("it does not accept the key"), "{error}");
    }
}

#[test]
fn an_object_that_was_changed_is_put_right() {
    let Some(bench) = Bench::start() else { return };
    let bucket = bench.bucket();
    let mut place = Memory::of("2026-10-01");
    call(&bucket, KEY, &mut place, once()).unwrap();
    let path = bench.folder.path().join("open-data/conum/releases");
    std::fs::remove_file(path.join("2026-10-01-0a1b2c3d/notes.txt")).unwrap();
    let done = call(&bucket, KEY, &mut place, once()).unwrap();
    assert_eq!((done.sent, done.is_moved), (vec!["notes.txt".to_owned()], false));
    bench.expect(&place);
}

#[test]
fn a_dry_run_sends_nothing() {
    let Some(bench) = Bench::start() else { return };
    let bucket = bench.bucket();
    let mut place = Memory::of("2026-10-01");
    let shelf = Shelf::new(&bucket, &Token::new(KEY).unwrap(), Limits::default(), None).unwrap();
    let release = place.release();
    let now = "2026-11-26T05:00:00Z".parse().unwrap();
    let asked = Asked { bucket: &bucket, release: &release, now, patience: once() };
    let planned = look(&asked, &shelf, &mut place, &mut |_| {}).unwrap();
    assert_eq!((planned.sent.len(), planned.left.len(), planned.is_moved), (5, 0, true));
    assert!(bench.object("2026-10-01-0a1b2c3d/notes.txt").is_none());
    assert!(bench.pointed().is_none());
}

#[test]
fn nothing_goes_to_a_bucket_where_others_can_read_it() {
    let bucket = |url: &str| Bucket {
        url: url.to_owned(),
        name: "b".to_owned(),
        region: "r".to_owned(),
        prefix: "p".to_owned(),
    };
    let limits = Limits::default();
    let key = Token::new(KEY).unwrap();
    for url in ["http://s3.example", "s3.example", "https://a:b@s3.example"] {
        let refused = Shelf::new(&bucket(url), &key, limits, None).unwrap_err();
        assert!(matches!(refused, Error::Refused(_)), "{url}");
    }
    let half = Token::new("INVENTEDKEY").unwrap();
    let refused = Shelf::new(&bucket("https://s3.example"), &half, limits, None).unwrap_err();
    assert!(refused.to_string().contains("`identifier:secret`"), "{refused}");
}

#[test]
fn a_bucket_that_fails_is_told_like_a_portal() {
    for (fault, words) in [
        (Fault::Status(400), "HTTP 400"),
        (Fault::Status(301), "is the region right?"),
        (Fault::Status(404), "it has no such bucket"),
        (Fault::Status(429), "HTTP 429, after 5 attempts"),
        (Fault::RetryAfter(503, 3600), "asks to come back in 3600 s"),
        (Fault::Close, "after 5 attempts"),
    ] {
        let server = Server::start(knobs(), portal());
        server.turn(|knobs| knobs.faults = (1..20).map(|one| (one, fault.clone())).collect());
        let url = server.url().replace("/api/1", "");
        let (name, region) = ("b".to_owned(), "r".to_owned());
        let bucket = Bucket { url, name, region, prefix: "p".to_owned() };
        let mut place = Memory::of("2026-10-01");
        let error = call(&bucket, KEY, &mut place, Patience::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{fault:?}: {error}");
    }
}

/// Passes requests on to a server, one a connection, but for those that are to fail.
struct Gate {
    address: SocketAddr,
    knob: Arc<Mutex<Knob>>,
}

/// Requests so far, and which of them fails.
type Knob = (usize, Option<(usize, Fault)>);

impl Gate {
    fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let knob: Arc<Mutex<Knob>> = Arc::default();
        let shared = Arc::clone(&knob);
        // It ends with the process: a test does not wait for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = {
                    let mut knob = shared.lock().unwrap();
                    knob.0 += 1;
                    knob.1.clone().filter(|(number, _)| *number == knob.0)
                };
                let fault = number.map(|(_, fault)| fault);
                std::thread::spawn(move || pass(stream, server, fault.as_ref()).ok());
            }
        });
        Self { address, knob }
    }

    /// Counts from here, and fails at one request.
    fn turn(&self, fault: Option<(usize, Fault)>) {
        *self.knob.lock().unwrap() = (0, fault);
    }

    fn seen(&self) -> usize {
        self.knob.lock().unwrap().0
    }
}

fn pass(mut stream: TcpStream, server: SocketAddr, fault: Option<&Fault>) -> std::io::Result<()> {
    let Some(request) = Request::read(&mut stream)? else { return Ok(()) };
    match fault {
        Some(Fault::Close) => return Ok(()),
        Some(Fault::Status(status)) => {
            let head = format!("HTTP/1.1 {status} S\r\nContent-Length: 0\r\n");
            return stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes());
        }
        _ => {}
    }
    let mut there = TcpStream::connect(server)?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in request.headers.iter().filter(|(name, _)| *name != "connection") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    there.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    there.write_all(&request.body)?;
    let mut answer = Vec::new();
    there.read_to_end(&mut answer)?;
    match fault {
        Some(Fault::DoneAndClosed) => Ok(()),
        Some(Fault::Cut) => stream.write_all(&answer[..answer.len() / 2]),
        _ => stream.write_all(&answer),
    }
}
