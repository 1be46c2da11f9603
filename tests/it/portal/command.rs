//! `conum publish --to` from a warehouse, as an operator types it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use conum::definition::publication::{self, Bucket, FILE};
use conum::run::store::Store;

use crate::portal::bucket::{Bench, KEY};
use crate::portal::server::{DATASET, Fault, Portal, Server};
use crate::portal::support::{SECRET, knobs};
use crate::support::{Said, Scene, conum, root, said, walk};

/// A warehouse with a release, and a portal that is declared.
struct Office {
    scene: Scene,
    server: Server,
    token: PathBuf,
}

impl Office {
    fn open() -> Self {
        let mut scene = Scene::of_sample();
        let folder = scene.own_declarations();
        scene.run();
        // Tables are made at once: nobody waits for them.
        let mut portal = Portal::with("charte.txt", "Charte", b"other");
        portal.looks = Some(0);
        let server = Server::start(knobs(), portal);
        let path = folder.join("publication.toml");
        let text = fs::read_to_string(&path).unwrap();
        let declared = "# dataset = \"0123456789abcdef01234567\"";
        assert!(text.contains(declared));
        let text = text.replace("https://demo.data.gouv.fr/api/1", &server.url());
        fs::write(path, text.replace(declared, &format!("dataset = \"{DATASET}\""))).unwrap();
        let token = scene.path().join("token");
        fs::write(&token, format!("{SECRET}\n")).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        Self { scene, server, token }
    }

    fn publish(&self, more: &[&str]) -> Said {
        let mut command = conum();
        command.args(["publish", "--to", "data.gouv", "--warehouse"]);
        command.arg(self.scene.warehouse()).arg("--pipeline").arg(&self.scene.pipeline);
        let said = said(&command.args(more).output().unwrap());
        assert!(!format!("{}{}", said.stdout, said.stderr).contains(SECRET));
        walk(&self.scene.warehouse(), &mut |path| {
            let text = fs::read(path).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains(SECRET), "{}", path.display());
        });
        said
    }

    fn call(&self) -> Said {
        self.publish(&["--token-file", self.token.to_str().unwrap()])
    }

    fn release(&self) -> PathBuf {
        fs::canonicalize(self.scene.warehouse().join("releases/latest")).unwrap()
    }

    /// Resources by title.
    fn titles(&self) -> Vec<(String, String)> {
        let portal = self.server.portal();
        portal.resources.into_iter().map(|stored| (stored.title, stored.id)).collect()
    }
}

#[test]
fn a_release_goes_from_the_warehouse_to_the_portal() {
    let office = Office::open();
    let token = office.token.to_str().unwrap();

    let planned = office.publish(&["--token-file", token, "--dry-run"]).expect(0);
    let line = "activites_par_employeur_periode.csv";
    assert!(planned.stdout.lines().any(|l| l.contains(line) && l.contains("create")));
    assert!(office.server.seen().iter().all(|request| request.method == "GET"));
    assert!(!office.scene.warehouse().join("publication").exists());

    // The portal goes away in the middle of the parts, then in the middle of showing.
    office.server.turn(|knobs| drop(knobs.faults.insert(9, Fault::RetryAfter(503, 3600))));
    let said = office.call().expect(69);
    assert!(said.stderr.contains("HTTP 503 and asks to come back in 3600 s"), "{}", said.stderr);
    assert!(said.stderr.contains("readers see nothing of it yet"), "{}", said.stderr);
    assert!(said.stderr.contains("hint: what is done is kept"), "{}", said.stderr);
    let count = office.server.portal().resources.len();
    // Two looks, two parts a file but the six that were sent, a look: the second file comes.
    let files = planned.stdout.lines().filter(|line| line.contains(" create ")).count();
    let number = 2 + (2 * files - 6) + 1 + 3;
    office.server.turn(|knobs| {
        knobs.faults = [(number, Fault::RetryAfter(502, 3600))].into();
    });
    let said = office.call().expect(69);
    assert!(said.stderr.contains("of an earlier release or not at all, "), "{}", said.stderr);
    assert!(office.server.portal().resources.len() > count);
    office.server.turn(|knobs| knobs.faults.clear());

    let done = office.call().expect(0);
    assert!(done.stdout.starts_with("Published: release 2025-07-01-"), "{}", done.stdout);
    let declared = fs::read(office.scene.pipeline.with_file_name(FILE)).unwrap();
    let declared = publication::read(&declared).unwrap();
    let portal = office.server.portal();
    for entry in fs::read_dir(office.release()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let is_there = portal.resources.iter().any(|stored| stored.bytes == bytes);
        assert_ne!(is_there, declared.leaves_out(name), "{name}");
    }
    let titles = office.titles();
    assert_eq!(titles.last().unwrap().0, "Charte");
    assert!(titles.iter().any(|(title, _)| title == "Méthode : secret statistique"));

    let again = office.call().expect(0);
    assert!(again.stdout.contains(" 0 resources created, 0 replaced, 0 described"));
    assert_eq!(office.titles(), titles);

    // A manager of services keeps the secret.
    let folder = office.scene.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::copy(&office.token, folder.join("datagouv")).unwrap();
    let mut command = conum();
    command.args(["publish", "--to", "data.gouv", "--warehouse"]).arg(office.scene.warehouse());
    command.arg("--pipeline").arg(&office.scene.pipeline);
    let kept = command.env("CREDENTIALS_DIRECTORY", &folder).output().unwrap();
    crate::support::said(&kept).expect(0);
}

#[test]
fn what_is_not_fit_to_be_published_is_not() {
    let office = Office::open();
    let none = office.publish(&[]).expect(78);
    assert!(none.stderr.contains("no secret"), "{}", none.stderr);

    fs::set_permissions(&office.token, fs::Permissions::from_mode(0o644)).unwrap();
    let open = office.call().expect(78);
    assert!(open.stderr.contains("others can read the secret"), "{}", open.stderr);
    fs::set_permissions(&office.token, fs::Permissions::from_mode(0o600)).unwrap();

    let token = office.token.to_str().unwrap();
    office.publish(&["--token-file", token, "--release", "2020-01-01-00000000"]).expect(66);

    // The declaration of the repository names no dataset.
    let mut command = conum();
    command.args(["publish", "--to", "data.gouv", "--token-file", token, "--pipeline"]);
    command.arg(root().join("pipelines/national.toml"));
    command.arg("--warehouse").arg(office.scene.warehouse());
    let undeclared = said(&command.output().unwrap()).expect(78);
    assert!(undeclared.stderr.contains("it has no `dataset`"), "{}", undeclared.stderr);

    let store = Store::existing(&office.scene.warehouse()).unwrap();
    let lock = store.lock_publication().unwrap();
    office.call().expect(75);
    drop(lock);

    for (fault, code) in [(401, 78), (404, 78), (413, 65), (415, 65), (400, 65)] {
        office.server.turn(|knobs| drop(knobs.faults.insert(3, Fault::Status(fault))));
        let said = office.call().expect(code);
        assert!(said.stderr.contains(&format!("HTTP {fault}")), "{}", said.stderr);
    }
    office.server.turn(|knobs| knobs.faults.clear());
    assert_eq!(office.server.portal().resources.len(), 1);

    let path = office.release().join("activites_par_employeur_periode.csv");
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(b'\n');
    fs::write(&path, bytes).unwrap();
    office.call().expect(77);
    assert!(office.server.seen().is_empty());
}

#[test]
fn a_release_goes_from_the_warehouse_to_a_bucket() {
    let Some(bench) = Bench::start() else { return };
    let mut scene = Scene::of_sample();
    let folder = scene.own_declarations();
    scene.run();
    let Bucket { url, name, region, prefix } = bench.bucket();
    let path = folder.join("publication.toml");
    let text = fs::read_to_string(&path).unwrap();
    let bucket = format!(
        "[bucket]\nurl = \"{url}\"\nname = \"{name}\"\nregion = \"{region}\"\n\
         prefix = \"{prefix}\"\n\n[[resource]]"
    );
    fs::write(path, text.replacen("[[resource]]", &bucket, 1)).unwrap();
    let key = scene.path().join("key");
    fs::write(&key, KEY).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let call = |more: &[&str]| {
        let mut command = conum();
        command.args(["publish", "--to", "s3", "--warehouse"]).arg(scene.warehouse());
        command.arg("--pipeline").arg(&scene.pipeline).arg("--token-file").arg(&key);
        let said = said(&command.args(more).output().unwrap());
        assert!(!format!("{}{}", said.stdout, said.stderr).contains("bucket+secret"));
        said
    };
    let planned = call(&["--dry-run"]).expect(0);
    assert!(planned.stdout.contains("latest.json moves to release 2025-07-01-"));
    assert!(bench.object("latest.json").is_none());
    call(&[]).expect(0);
    let latest = fs::canonicalize(scene.warehouse().join("releases/latest")).unwrap();
    let release = latest.file_name().unwrap().to_str().unwrap();
    for entry in fs::read_dir(&latest).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let object = bench.object(&format!("{release}/{name}")).unwrap();
        assert!(object == fs::read(&path).unwrap(), "{name}");
    }
    assert!(String::from_utf8(bench.object("latest.json").unwrap()).unwrap().contains(release));
    let again = call(&[]).expect(0);
    assert!(again.stdout.contains(", 0 files sent, "), "{}", again.stdout);
    fs::write(&key, "INVENTEDKEY:other").unwrap();
    let refused = call(&["--dry-run"]).expect(78);
    assert!(refused.stderr.contains("it does not accept the key"), "{}", refused.stderr);
}

#[test]
fn a_publication_says_where_to() {
    let scene = Scene::new();
    said(&conum().arg("publish").output().unwrap()).expect(2);
    said(&conum().args(["publish", "--dry-run", "--input", "."]).output().unwrap()).expect(2);
    fs::create_dir(scene.warehouse()).unwrap();
    let token = scene.path().join("token");
    fs::write(&token, SECRET).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let call = |pipeline: &Path, token: &Path| {
        let mut command = conum();
        command.args(["publish", "--to", "data.gouv", "--pipeline"]).arg(pipeline);
        command.arg("--warehouse").arg(scene.warehouse()).arg("--token-file").arg(token);
        said(&command.output().unwrap())
    };
    let none = call(&scene.pipeline, &token).expect(66);
    assert!(none.stderr.contains("has no release"), "{}", none.stderr);
    let undeclared = call(&scene.path().join("national.toml"), &token).expect(78);
    let hint = "hint: docs/publication.md says what to declare";
    assert!(undeclared.stderr.contains(hint), "{}", undeclared.stderr);
    let secretless = call(&scene.pipeline, &scene.path().join("other")).expect(78);
    let hint = "hint: docs/publication.md says how to keep one";
    assert!(secretless.stderr.contains(hint), "{}", secretless.stderr);
}
