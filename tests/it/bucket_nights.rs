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

use crate::engine_nights::ended_after;
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

    /// `conum COMMAND` with inputs and the bucket.
    fn command(&self, command: &str) -> Command {
        let mut conum = self.told(&[command, "--as-of", "2025-07-01"]);
        conum.arg("--pipeline").arg(&self.scene.pipeline).arg("--input").arg(self.scene.input());
        conum
    }

    /// `conum ARGUMENTS…` with the bucket.
    fn told(&self, arguments: &[&str]) -> Command {
        let key = self.scene.path().join("key");
        if !key.exists() {
            std::fs::write(&key, KEY).unwrap();
            let mut chmod = Command::new("chmod");
            assert!(chmod.arg("600").arg(&key).status().unwrap().success());
        }
        let mut conum = Command::new(program());
        conum.args(arguments).arg("--warehouse").arg(&self.warehouse);
        conum.args(["--bucket", "s3://office/conum/w", "--bucket-url", &self.server.address]);
        conum.arg("--bucket-key-file").arg(key);
        conum
    }

    fn run(&self) -> Said {
        said(&self.command("run").output().unwrap())
    }

    /// What the folder holds, but for what it says of the bucket.
    fn tree(&self) -> Tree {
        Tree::of(&self.warehouse).without("bucket.json")
    }

    fn register(&self) -> String {
        std::fs::read_to_string(self.warehouse.join("register.jsonl")).unwrap()
    }
}

/// What a script says that has the bucket: `get`, `put`, `delete` and `names`.
fn asked(server: &Server, script: &str, argument: &str) -> String {
    let own = "import boto3, sys\n\
        s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', \
        aws_access_key_id='k', aws_secret_access_key='s')\n\
        at = lambda name: {'Bucket': 'office', 'Key': 'conum/w/' + name}\n\
        get = lambda name: s3.get_object(**at(name))['Body'].read()\n\
        put = lambda name, body: s3.put_object(**at(name), Body=body)\n\
        delete = lambda name: s3.delete_object(**at(name))\n\
        names = lambda: [it['Key'] for it in s3.list_objects_v2(Bucket='office')['Contents']]\n";
    let mut python = Command::new(python().unwrap());
    let said = python.args(["-c", &format!("{own}{script}"), &server.address, argument]).output();
    let said = said.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
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
    assert_eq!(one.tree().difference(&Tree::of(&scene.warehouse())), None);
    // A folder that was not there becomes the same warehouse, and nothing is read again.
    let said = other.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    assert_eq!(other.tree().difference(&one.tree()), None);
    assert!(other.register().starts_with(&one.register()), "the register goes on");
    // The other publishes; the first one has what it published.
    scene.flat(&[row("a", "2024-05-13", &[]), row("c", "2024-06-02", &[])]);
    other.run().expect(0);
    let said = one.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    assert_eq!(one.tree().difference(&other.tree()), None);
    scene.run().expect(0);
    assert_eq!(one.tree().difference(&Tree::of(&scene.warehouse())), None);
}

#[test]
fn of_two_machines_that_publish_at_once_one_does() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    one.run().expect(0);
    // A second one begins, and the first publishes meanwhile.
    let (store, kept) = (Store::at(&scene.path().join("second")), bucket(&server));
    let lock = store.lock().unwrap();
    let mut second = LocalCopy::bring(&store, &kept, &lock).unwrap();
    scene.flat(&[row("c", "2024-06-02", &[])]);
    one.run().expect(0);
    store.write("declarations/late.toml", b"late").unwrap();
    let error = second.send().unwrap_err();
    assert_eq!(error.kind.exit_code(), 75, "{error}");
    assert!(error.to_string().contains("another run was published"), "{error}");
    // Nothing of it is seen, and its folder becomes a copy again.
    LocalCopy::bring(&store, &kept, &lock).unwrap().send().unwrap();
    assert!(!store.has("declarations/late.toml"));
    let second = Tree::of(&scene.path().join("second")).without("bucket.json");
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
    // A bucket that is not there is an attempt of any folder, and makes no warehouse of it.
    let other = Machine::new((&scene, &server), "other");
    for machine in [&one, &other] {
        machine.run().expect(69);
        assert!(machine.register().contains("\"code\":69"), "{}", machine.register());
    }
    // What was made is sent by the next night, the register of both with it.
    let Some(server) = Server::of_bucket() else { return };
    let one = Machine { server: &server, ..one };
    let said = one.run().expect(0);
    assert!(said.stdout.contains("unchanged since"), "{}", said.stdout);
    let other = Machine { server: &server, ..other };
    let said = other.run().expect(0);
    assert!(said.stderr.contains("register.jsonl"), "what is dropped is told: {}", said.stderr);
    assert_eq!(other.tree().difference(&one.tree()), None);
    // Both are told: the one that it left, and the one that it was not there for.
    assert_eq!(other.register().matches("\"code\":69").count(), 2, "{}", other.register());
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
}

#[test]
fn half_a_copy_becomes_a_whole_one_and_no_warehouse_of_its_own() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let saved = scene.path().join("saved");
    let folder = saved.to_str().unwrap();
    std::fs::create_dir(&saved).unwrap();
    let take = "at_hand = open(sys.argv[2] + '/' + NAME.replace('/', '-'), 'wb')\n\
        at_hand.write(get(NAME))\ndelete(NAME)";
    let back = "put(NAME, open(sys.argv[2] + '/' + NAME.replace('/', '-'), 'rb').read())";
    let with = |script: &str, name: &str| script.replace("NAME", &format!("'{name}'"));
    // A file of the run is not there: those before it are brought, and nothing of it is shown.
    let last = format!("{}/tables/activites_par_employeur_periode.csv", current(&one));
    asked(&server, &with(take, &last), folder);
    let said = other.run().expect(65);
    assert!(said.stderr.contains("is not in the bucket"), "{}", said.stderr);
    assert!(other.warehouse.join("runs").exists() && !other.warehouse.join("current").exists());
    asked(&server, &with(take, "current.json"), folder);
    let said = other.run().expect(65);
    assert!(said.stderr.contains("the object that names all others is gone"), "{}", said.stderr);
    asked(&server, &with(back, "current.json"), folder);
    asked(&server, &with(back, &last), folder);
    other.run().expect(0);
    assert_eq!(other.tree().difference(&one.tree()), None);
}

/// The run that a machine's folder shows.
fn current(machine: &Machine<'_>) -> String {
    let target = std::fs::read_link(machine.warehouse.join("current")).unwrap();
    target.to_str().unwrap().to_owned()
}

#[test]
fn half_a_copy_goes_into_no_other_bucket() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let file = format!("{}/tables/activites_par_employeur_periode.csv", current(&one));
    asked(&server, "delete(sys.argv[2])", &file);
    other.run().expect(65);
    let Some(empty) = Server::of_bucket() else { return };
    let said = Machine { server: &empty, ..other }.run().expect(2);
    assert!(said.stderr.contains("holds half a copy of s3://office/conum/w"), "{}", said.stderr);
}

#[test]
fn a_warehouse_that_never_was_in_the_bucket_is_not_made_a_copy() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    scene.run().expect(0);
    let own = Machine { scene: &scene, warehouse: scene.warehouse(), server: &server };
    // Nothing is sent of what fails, and another one moves in.
    said(&own.told(&["rollback", "1999"]).output().unwrap()).expect(66);
    Machine::new((&scene, &server), "one").run().expect(0);
    let before = own.tree().without("register.jsonl");
    for arguments in [&["runs", "gc", "--keep", "3"][..], &["rollback", "1999"]] {
        let said = said(&own.told(arguments).output().unwrap()).expect(2);
        assert!(said.stderr.contains("is no copy of the one in"), "{}", said.stderr);
    }
    assert_eq!(own.tree().without("register.jsonl").difference(&before), None);
}

#[test]
fn a_wrong_name_makes_no_warehouse() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    for arguments in [&["runs", "gc", "--keep", "3"][..], &["rollback", "1999"]] {
        let said = said(&one.told(arguments).output().unwrap()).expect(66);
        assert!(said.stderr.contains("neither the bucket nor the folder"), "{}", said.stderr);
    }
    assert!(!asked(&server, "print(names())", "").contains("current.json"));
}

#[test]
fn what_was_damaged_in_a_copy_is_brought_again_and_what_one_machine_published_is_kept() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let file = one.warehouse.join(current(&one)).join("tables/activites_par_employeur_periode.csv");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, "").unwrap();
    let published = one.warehouse.join("publication/somewhere.json");
    std::fs::create_dir_all(published.parent().unwrap()).unwrap();
    std::fs::write(&published, "{}").unwrap();
    scene.flat(&[row("c", "2024-06-02", &[])]);
    other.run().expect(0);
    let said = one.run().expect(0);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert!(!said.stderr.contains("bucket.dropped"), "{}", said.stderr);
    other.run().expect(0);
    assert_eq!(other.tree().difference(&one.tree()), None);
    assert_eq!(std::fs::read(other.warehouse.join("publication/somewhere.json")).unwrap(), b"{}");
    // A machine that is not behind has it again, too.
    std::fs::write(&file, "").unwrap();
    one.run().expect(0);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

#[test]
fn nothing_relies_on_an_object_that_is_being_removed() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    one.run().expect(0);
    let name = format!("objects/{}", blake3::hash(b"published").to_hex());
    let removing = "import json\n\
        index = json.loads(get('current.json'))\n\
        index['going'] = [sys.argv[2]]\n\
        put(sys.argv[2], b'published')\n\
        put('current.json', json.dumps(index))";
    asked(&server, removing, &name);
    std::fs::create_dir_all(one.warehouse.join("publication")).unwrap();
    std::fs::write(one.warehouse.join("publication/somewhere.json"), "published").unwrap();
    one.run().expect(0);
    asked(&server, "assert get(sys.argv[2] + '-2') == b'published'", &name);
    let other = Machine::new((&scene, &server), "other");
    asked(&server, "delete(sys.argv[2])", &name);
    other.run().expect(0);
    assert_eq!(other.tree().difference(&one.tree()), None);
}

#[test]
fn what_a_failed_run_sent_is_swept_two_runs_later() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let one = Machine::new((&scene, &server), "one");
    one.run().expect(0);
    asked(&server, "put('runs/1999/stray.csv', b'x'); put('exchange/1/x', b'x')", "");
    for (day, is_there) in [("2024-05-20", true), ("2024-05-21", false)] {
        scene.flat(&[row("a", day, &[])]);
        one.run().expect(0);
        let names = asked(&server, "print(names())", "");
        assert_eq!(names.contains("runs/1999/stray.csv"), is_there, "{names}");
        assert!(names.contains("exchange/1/x"), "engines have a folder of their own: {names}");
    }
}

#[test]
fn an_earlier_run_is_gone_back_to_in_the_bucket() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    let first = current(&one);
    scene.flat(&[row("c", "2024-06-02", &[])]);
    one.run().expect(0);
    let table = |machine: &Machine<'_>| {
        let name = "current/tables/activites_par_employeur_periode.csv";
        std::fs::read_to_string(machine.warehouse.join(name)).unwrap()
    };
    let later = table(&one);
    // A machine that was never there does it.
    let name = first.strip_prefix("runs/").unwrap();
    said(&other.told(&["rollback", name]).output().unwrap()).expect(0);
    assert_ne!(table(&other), later);
    said(&one.told(&["runs", "gc", "--keep", "0"]).output().unwrap()).expect(0);
    assert_eq!(table(&one), table(&other));
    assert!(one.register().contains("\"command\":\"rollback\""), "{}", one.register());
    // What was cleared away is for no one any more.
    assert!(!one.warehouse.join(&first).join("tables").exists());
    let mut backfill = other.told(&["backfill", "--from", "2025-07-01", "--to", "2025-07-03"]);
    backfill.arg("--pipeline").arg(&scene.pipeline).arg("--input").arg(scene.input());
    let done = said(&backfill.output().unwrap());
    assert!(done.stdout.contains("2 day(s) run"), "{}{}", done.stdout, done.stderr);
    assert!(!other.warehouse.join(&first).join("tables").exists());
    assert_ne!(table(&other), table(&one));
    let third = Machine::new((&scene, &server), "third");
    let store = Store::at(&third.warehouse);
    LocalCopy::bring(&store, &bucket(&server), &store.lock().unwrap()).unwrap();
    // Segments that nothing needs any more are there until the next run.
    let other = other.tree().without("staged");
    assert_eq!(third.tree().without("staged").difference(&other), None);
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
    let register = other.register();
    assert_eq!(register.matches("\"event\":\"end\"").count(), 4, "{register}");
}

#[test]
fn a_bucket_whose_pointer_is_gone_is_not_an_empty_one() {
    let Some(server) = Server::of_bucket() else { return };
    let scene = scene();
    let (one, other) =
        (Machine::new((&scene, &server), "one"), Machine::new((&scene, &server), "other"));
    one.run().expect(0);
    asked(&server, "delete('current.json')", "");
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
    LocalCopy::bring(&store, &kept, &store.lock().unwrap()).unwrap();
    let times = || -> BTreeMap<String, SystemTime> {
        let names = store.files_below("staged").unwrap().into_iter();
        names.map(|name| (name.clone(), modified(&store.path(&name)))).collect()
    };
    let brought = times();
    assert!(brought.len() >= 3 * tasks);
    one.run().expect(0);
    assert_eq!(times(), brought);
    scene.run().expect(0);
    assert_eq!(one.tree().difference(&Tree::of(&scene.warehouse())), None);
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
    night.args(["--engine", "spark", "--connect", &engine.address]);
    said(&night.output().unwrap()).expect(0);
    scene.run().expect(0);
    let process = Tree::of(&scene.warehouse()).without("runs/1/reuse");
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
