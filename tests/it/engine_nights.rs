//! Nights whose tables an engine makes: the warehouse is that of one process, and an engine that is
//! not there, goes away or says nothing costs a night, never a release.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::corrections::{entry, scene as corrected};
use crate::engines::Server;
use crate::faults::tree::Tree;
use crate::support::{Scene, program};
use crate::versions::coop;

/// `conum run` on an engine, with a log to be read by machines.
pub fn night(scene: &Scene, address: &str) -> Command {
    let mut command = Command::new(program());
    command.args(scene.arguments("run")).args(["--engine", "spark", "--connect", address]);
    command.args(["--log-format", "json"]).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs to the end: exit code and log.
pub fn ended(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Runs, does something once the log has said `event`, and goes on to the end.
pub fn ended_after(mut command: Command, event: &str, act: impl FnOnce(&Child)) -> (i32, String) {
    let mut process = command.spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(event) {
        assert!(log.read_line(&mut said).unwrap() > 0, "`{event}` is not said\n{said}");
    }
    act(&process);
    log.read_to_string(&mut said).unwrap();
    (process.wait().unwrap().code().unwrap(), said)
}

/// A warehouse, but for what tells the next night which months would come out the same: after an
/// engine, none can tell.
fn tree(scene: &Scene) -> Tree {
    Tree::of(&scene.warehouse()).without("runs/1/reuse")
}

#[test]
fn what_sail_cleans_and_sums_is_the_warehouse_that_one_process_makes() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (Scene::of_sample(), Scene::of_sample());
    one.run().expect(0);
    let (code, log) = ended(night(&other, &server.address));
    assert_eq!(code, 0, "{log}");
    assert_eq!(log.matches("table.answered").count(), 25, "{log}");
    assert_eq!(tree(&other).difference(&tree(&one)), None);
    assert!(!other.warehouse().join("exchange").exists(), "nothing is left of the exchange");
    other.verify().expect(0);
    // What an engine made is up to date for a night without one, and the other way round.
    let again = other.run().expect(0);
    assert!(again.stdout.contains("unchanged since"), "{}", again.stdout);
    let (code, log) = ended(night(&one, "sc://127.0.0.1:1"));
    assert_eq!(code, 0, "an engine that is not needed may be away: {log}");
}

/// A line of the Coop's export: a record, when it was modified, deleted or not, a copy or not.
fn version() -> impl Strategy<Value = String> {
    let instant = prop::sample::select(vec!["2025-01-07T10", "2025-01-08T10", "2025-02-01T10"]);
    let deleted = prop::sample::select(vec!["null", "null", "\"2025-01-09T00:00:00.000Z\""]);
    let copy = prop::sample::select(vec!["null", "null", "\"62318e9445c0d1f2a3b4c5d6\""]);
    let id = prop::sample::select(vec!["a", "b", "c"]);
    (id, deleted, copy, instant, 1..4_u8).prop_map(|(id, deleted, copy, instant, people)| {
        let line = coop(id, deleted, copy).replace("2025-01-07T10", instant);
        line.replace("\"accompagnements\":1", &format!("\"accompagnements\":{people}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_records_comes_out_the_same(lines in prop::collection::vec(version(), 1..10)) {
        // It ends with this program, whose pipe it reads.
        static SERVER: LazyLock<Option<Server>> = LazyLock::new(Server::start);
        if let Some(server) = SERVER.as_ref() {
            let (one, other) = (Scene::new(), Scene::new());
            for scene in [&one, &other] {
                scene.structures().file("coop_activites.jsonl", lines.join("\n"));
            }
            let (code, log) = ended(night(&other, &server.address));
            let said = one.run();
            prop_assert_eq!(code, said.code, "{}\n{}", log, said.stderr);
            prop_assert_eq!(tree(&other).difference(&tree(&one)), None);
        }
    }
}

#[test]
fn sources_with_corrections_are_cleaned_in_process() {
    let Some(server) = Server::start() else { return };
    let rest =
        "action = \"override\"\nwhere = { activite_id = \"a\" }\nset = { nb_participants = 10 }";
    let entries = [entry("mille_pour_dix", rest, 1)];
    let (one, other) = (corrected(&entries), corrected(&entries));
    one.run().expect(0);
    let (code, log) = ended(night(&other, &server.address));
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("table.answered"), "{log}");
    assert_eq!(Tree::of(&other.warehouse()).difference(&Tree::of(&one.warehouse())), None);
}

#[test]
fn an_engine_with_tls_and_a_token_is_spoken_to_with_both() {
    let scene = Scene::of_sample();
    let authority = scene.path().join("authority.pem").to_str().unwrap().to_owned();
    let environment = [("AUTHORITY", authority.as_str()), ("TOKEN", "geheim")];
    let Some(server) = Server::of("serve_tls.py", &environment) else { return };
    let token = scene.path().join("token");
    let night = |content: &str, authority: &str| {
        std::fs::write(&token, content).unwrap();
        std::fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
        let mut command = night(&scene, &server.address);
        command.env("SSL_CERT_FILE", authority).arg("--engine-token-file").arg(&token);
        ended(command)
    };
    let (code, log) = night("another", &authority);
    assert_eq!(code, 69, "{log}");
    assert!(log.contains("who asks?") && !log.contains("another"), "{log}");
    // Whom the machine does not trust hears no token.
    let (code, log) = night("geheim", "/etc/ssl/certs/ca-certificates.crt");
    assert_eq!(code, 69, "{log}");
    assert!(log.contains("certificate"), "{log}");
    let (code, log) = night("geheim", &authority);
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("geheim"), "{log}");
    let process = Scene::of_sample();
    process.run().expect(0);
    assert_eq!(tree(&scene).difference(&tree(&process)), None);
}

#[test]
fn a_token_goes_over_no_connection_that_others_read() {
    let scene = Scene::of_sample();
    let token = scene.path().join("token");
    std::fs::write(&token, "geheim").unwrap();
    std::fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = night(&scene, &format!("sc://127.0.0.1:{port}"));
    command.arg("--engine-token-file").arg(&token);
    let (code, log) = ended(command);
    assert_eq!(code, 2, "{log}");
    assert!(log.contains("for others to read") && !log.contains("geheim"), "{log}");
    // Given where all can read it, it is not repeated at least.
    for address in ["sc://h/;use_ssl=true;token=geheim", "sc://h:1;token=geheim"] {
        let (code, log) = ended(night(&scene, address));
        assert_eq!(code, 2, "{log}");
        assert!(!log.contains("geheim"), "{log}");
    }
}

#[test]
fn an_engine_killed_between_two_tables_costs_the_night_alone() {
    let Some(server) = Server::start() else { return };
    let scene = Scene::of_sample();
    let kill = |_: &Child| {
        server.kill();
    };
    let (code, log) = ended_after(night(&scene, &server.address), "table.answered", kill);
    assert_eq!(code, 69, "{log}");
    assert!(log.contains("the engine at sc://"), "{log}");
    assert!(!scene.warehouse().join("current").exists(), "nothing is published");
    // The next night takes over what was clean.
    let Some(other) = Server::start() else { return };
    let (code, log) = ended(night(&scene, &other.address));
    assert_eq!(code, 0, "{log}");
    let undisturbed = Scene::of_sample();
    undisturbed.run().expect(0);
    assert_eq!(tree(&scene).difference(&tree(&undisturbed)), None);
}

#[test]
fn an_engine_that_is_not_there_ends_the_night_before_anything_is_read() {
    let scene = Scene::of_sample();
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, log) = ended(night(&scene, &format!("sc://127.0.0.1:{port}")));
    assert_eq!(code, 69, "{log}");
    assert!(log.contains("does not answer"), "{log}");
    assert!(!log.contains("input.read"), "{log}");
    scene.run().expect(0);
}

#[test]
fn a_night_that_waits_for_an_engine_hears_that_it_is_to_stop() {
    let scene = Scene::of_sample();
    // It accepts connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("sc://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let (code, log) = ended_after(night(&scene, &address), "run.configured", |process| {
        drop(silent.accept().map(std::mem::forget));
        let pid = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    });
    assert_eq!(code, 143, "{log}");
    assert!(started.elapsed() < Duration::from_secs(60), "{log}");
}

#[test]
fn what_listens_and_is_no_engine_is_told_so() {
    let scene = Scene::of_sample();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("sc://{}", other.local_addr().unwrap());
    let deaf = std::thread::spawn(move || {
        use std::io::Write as _;
        for connection in other.incoming().take(1) {
            connection.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    let (code, log) = ended(night(&scene, &address));
    deaf.join().unwrap();
    assert_eq!(code, 69, "{log}");
}

#[test]
fn an_engine_has_an_address_and_an_address_an_engine() {
    let scene = Scene::new();
    for arguments in [
        vec!["--engine", "spark"],
        vec!["--connect", "sc://localhost"],
        vec!["--engine", "spark", "--connect", "http://localhost"],
        vec!["--engine", "spark", "--connect", "sc://localhost/;token=secret"],
    ] {
        let output = scene.command("run").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
