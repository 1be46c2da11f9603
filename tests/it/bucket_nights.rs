//! Nights of a warehouse that is kept in a bucket: any machine's folder becomes a copy of it, what
//! a night makes goes there whole or not at all, and of two machines that publish at once one does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use conum::definition::publication::Bucket as Place;
use conum::fetch::Token;
use conum::run::bucket::Bucket;
use conum::run::bucket::copy::{LocalCopy, is_ahead};
use conum::run::store::Store;

use crate::engine_nights::{ended, ended_after};
use crate::engines::{Server, python};
use crate::faults::tree::Tree;
use crate::support::{Said, Scene, program, row, said};

const KEY: &str = "INVENTEDKEY:invented";

/// A machine, whose folder is a copy of the bucket.
struct Machine<'a> {
    scene: &'a Scene,
    warehouse: PathBuf,
    server: &'a Server,
}

impl<'a> Machine<'a> {
    fn new((scene, server): (&'a Scene, &'a Server), name: &str) -> Self {
        Self { scene, warehouse: scene.path().join(name), server }
    }

    /// `conum COMMAND` with the bucket.
    fn command(&self, command: &str) -> Command {
        let key = self.scene.path().join("key");
        if !key.exists() {
            std::fs::write(&key, KEY).unwrap();
            let mut chmod = Command::new("chmod");
            assert!(chmod.arg("600").arg(&key).status().unwrap().success());
        }
        let mut conum = Command::new(program());
        conum.args([command, "--as-of", "2025-07-01", "--pipeline"]).arg(&self.scene.pipeline);
        conum.arg("--input").arg(self.scene.input()).arg("--warehouse").arg(&self.warehouse);
        conum.args(["--bucket", "s3://office/conum/w", "--bucket-url", &self.server.address]);
        conum.arg("--bucket-key-file").arg(key);
        conum
    }

    fn run(&self) -> Said {
        said(&self.command("run").output().unwrap())
    }

    /// What the folder holds, but for what it says of the bucket.
    fn tree(&self) -> Tree {
        tree(&self.warehouse).without("bucket.json")
    }
}

fn tree(warehouse: &Path) -> Tree {
    Tree::of(warehouse)
}

fn modified(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

fn bucket(server: &Server) -> Bucket {
    let place = Place {
        url: server.address.clone(),
        name: "office".to_owned(),
        region: "us-east-1".to_owned(),
        prefix: "conum/w".to_owned(),
    };
    Bucket::new(place, &Token::new(KEY).unwrap(), None).unwrap()
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.flat(&[row("a", "2024-05-13", &[]), row("b", "2024-05-14", &[])]);
    scene
}

#[test]
fn any_machine_goes_on_with_what_another_one_published() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    scene.run().expect(0);
    assert_eq!(one.tree().difference(&tree(&scene.warehouse())), None);
    // A folder that was not there becomes the same warehouse, and nothing is read again.
    let said = other.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    assert_eq!(other.tree().difference(&one.tree()), None);
    let register = |machine: &Machine<'_>| {
        std::fs::read_to_string(machine.warehouse.join("register.jsonl")).unwrap()
    };
    assert!(register(&other).starts_with(&register(&one)), "the register goes on");
    // The other publishes; the first one has what it published.
    scene.flat(&[row("a", "2024-05-13", &[]), row("c", "2024-06-02", &[])]);
    other.run().expect(0);
    let said = one.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    assert_eq!(one.tree().difference(&other.tree()), None);
    scene.run().expect(0);
    assert_eq!(one.tree().difference(&tree(&scene.warehouse())), None);
}

#[test]
fn of_two_machines_that_publish_at_once_one_does() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    one.run().expect(0);
    // A second one begins, and the first publishes meanwhile.
    let (store, kept) = (Store::at(&scene.path().join("second")), bucket(&server));
    let mut second = LocalCopy::bring(&store, &kept).unwrap();
    scene.flat(&[row("c", "2024-06-02", &[])]);
    one.run().expect(0);
    store.write("publication/late.json", b"late").unwrap();
    let error = second.send().unwrap_err();
    assert_eq!(error.kind.exit_code(), 75, "{error}");
    assert!(error.to_string().contains("another run was published"), "{error}");
    // Nothing of it is seen, and its folder becomes a copy again.
    LocalCopy::bring(&store, &kept).unwrap().send().unwrap();
    assert!(!store.has("publication/late.json"));
    let second = tree(&scene.path().join("second")).without("bucket.json");
    let second = second.without("publication/");
    assert_eq!(second.difference(&one.tree()), None);
}

#[test]
fn a_warehouse_moves_into_an_empty_bucket_and_into_no_other() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    scene.run().expect(0);
    let own = Machine { scene: &scene, warehouse: scene.warehouse(), server: &server };
    let said = own.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    let other = Machine::new((&scene, &server), "other");
    other.run().expect(0);
    assert_eq!(other.tree().difference(&own.tree()), None);
    let stranger = self::scene();
    stranger.run().expect(0);
    let stranger = Machine { scene: &stranger, warehouse: stranger.warehouse(), server: &server };
    let said = stranger.run().expect(2);
    assert!(
        said.stderr.contains("is no copy of the one in s3://office/conum/w"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_bucket_that_goes_away_costs_the_night_alone() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    let mut night = one.command("run");
    night.args(["--log-format", "json"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let (code, log) = ended_after(night, "run.configured", |_| server.kill());
    assert_eq!(code, 69, "{log}");
    assert!(log.contains("s3://office/conum/w: the connection broke"), "{log}");
    assert!(is_ahead(&Store::at(&one.warehouse)).unwrap(), "it cannot be published");
    let mut night = one.command("run");
    let (code, log) = ended({
        night.stderr(Stdio::piped());
        night
    });
    assert_eq!(code, 69, "a bucket that is not there: {log}");
    // What was made is sent by the next night, the register of both with it.
    let Some(server) = Server::of_bucket() else { return };
    let one = Machine { server: &server, ..one };
    let said = one.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    let other = Machine::new((&scene, &server), "other");
    other.run().expect(0);
    assert_eq!(other.tree().difference(&one.tree()), None);
    let register = std::fs::read_to_string(other.warehouse.join("register.jsonl")).unwrap();
    assert!(register.contains("\"code\":69"), "{register}");
}

#[test]
fn what_a_folder_holds_beside_a_warehouse_stays_there_and_goes_nowhere() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let own = other.warehouse.join("input/export.csv");
    std::fs::create_dir_all(own.parent().unwrap()).unwrap();
    std::fs::write(&own, "raw").unwrap();
    other.run().expect(0);
    assert!(own.exists());
    one.run().expect(0);
    assert!(!one.warehouse.join("input").exists());
    // A folder of which a kill left half a copy becomes a whole one.
    let seen = other.warehouse.join("bucket.json");
    let half = std::fs::read_to_string(&seen).unwrap();
    let at = half.find("\"tag\":\"").unwrap();
    let end = half[at..].find(",\"index\"").unwrap() + at;
    std::fs::write(&seen, format!("{}\"tag\":null{}", &half[..at], &half[end..])).unwrap();
    std::fs::remove_file(other.warehouse.join("current")).unwrap();
    std::fs::remove_dir_all(other.warehouse.join("releases")).unwrap();
    other.run().expect(0);
    assert_eq!(other.tree().without("input").difference(&one.tree()), None);
}

#[test]
fn a_night_that_came_to_nothing_stays_in_the_register() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    one.run().expect(0);
    scene.file("activites_plates.csv", "not;the;right;header\n");
    assert_ne!(one.run().code, 0);
    scene.flat(&[row("d", "2024-05-13", &[])]);
    one.run().expect(0);
    let other = Machine::new((&scene, &server), "other");
    other.run().expect(0);
    let register = std::fs::read_to_string(other.warehouse.join("register.jsonl")).unwrap();
    assert_eq!(register.matches("\"event\":\"end\"").count(), 4, "{register}");
}

#[test]
fn a_bucket_whose_pointer_is_gone_is_not_an_empty_one() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let script = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1], \
        region_name='us-east-1', aws_access_key_id='k', aws_secret_access_key='s')\
        .delete_object(Bucket='office', Key='conum/w/current.json')";
    let mut python = Command::new(python().unwrap());
    assert!(python.args(["-c", script, &server.address]).status().unwrap().success());
    for machine in [one, other] {
        let said = machine.run().expect(65);
        assert!(
            said.stderr.contains("the object that names all others is gone"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn workers_share_nothing_but_the_bucket() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = Scene::of_sample();
    let list = |machine: &Machine<'_>| {
        let mut command = machine.command("ingest");
        let said = said(&command.args(["--list", "--format", "json"]).output().unwrap()).expect(0);
        let tasks: Vec<serde_json::Value> = serde_json::from_str(&said.stdout).unwrap();
        tasks.iter().map(|task| task["is_done"] == true).collect::<Vec<bool>>()
    };
    let worker = |name: usize| Machine::new((&scene, &server), &format!("worker{name}"));
    let tasks = list(&worker(0)).len();
    assert!(tasks > 8);
    for number in (0..tasks).rev().chain([3, 5]) {
        let mut command = worker(number % 3).command("ingest");
        let said = said(&command.args(["--task", &number.to_string()]).output().unwrap()).expect(0);
        assert!(said.stdout.contains("done"), "{}", said.stdout);
    }
    let one = Machine::new((&scene, &server), "one");
    assert_eq!(list(&one), vec![true; tasks]);
    // What they read is brought, and not read again.
    let (store, kept) = (Store::at(&one.warehouse), bucket(&server));
    LocalCopy::bring(&store, &kept).unwrap();
    let times = || -> BTreeMap<String, SystemTime> {
        let names = store.files_below("staged").unwrap().into_iter();
        names.map(|name| (name.clone(), modified(&store.path(&name)))).collect()
    };
    let brought = times();
    assert!(brought.len() >= 3 * tasks);
    one.run().expect(0);
    assert_eq!(times(), brought);
    scene.run().expect(0);
    assert_eq!(one.tree().difference(&tree(&scene.warehouse())), None);
}

#[test]
fn an_engine_reads_and_writes_the_bucket_alone() {
    let Some(server) = Server::of_bucket() else { return };
    let engine = Server::of(
        "serve.py",
        &[
            ("AWS_ENDPOINT", &server.address),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "INVENTEDKEY"),
            ("AWS_SECRET_ACCESS_KEY", "invented"),
            ("AWS_REGION", "us-east-1"),
        ],
    );
    let Some(engine) = engine else { return };
    let scene = Scene::of_sample();
    let one = Machine::new((&scene, &server), "one");
    let mut night = one.command("run");
    night.args(["--engine", "spark", "--connect", &engine.address]).stderr(Stdio::piped());
    let (code, log) = ended(night);
    assert_eq!(code, 0, "{log}");
    scene.run().expect(0);
    let process = tree(&scene.warehouse()).without("runs/1/reuse");
    assert_eq!(one.tree().without("runs/1/reuse").difference(&process), None);
    let other = Machine::new((&scene, &server), "other");
    other.run().expect(0);
    assert_eq!(other.tree().difference(&one.tree()), None);
}

#[test]
fn a_bucket_has_an_address_and_a_key() {
    let scene = Scene::new();
    for (arguments, code) in [
        (vec!["--bucket", "s3://office/w"], 2),
        (vec!["--bucket-url", "http://localhost:1"], 2),
        (vec!["--bucket", "office/w", "--bucket-url", "http://localhost:1"], 2),
        (vec!["--bucket", "s3://office/w", "--bucket-url", "http://localhost:1"], 78),
    ] {
        let output = scene.command("run").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}
