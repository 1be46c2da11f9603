//! What `make install` leaves: files below one prefix, units that systemd takes, a program that
//! runs as its unit says, and in a container that is read-only.

mod live;
mod manual;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Said, not_shown, root, said, walk};

/// `make install` or `uninstall` of the tested program, apart from the make that runs the tests.
fn make(goal: &str, variables: &[String]) -> Said {
    let mut make = Command::new("make");
    for inherited in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX"] {
        make.env_remove(inherited);
    }
    make.arg(goal).arg(format!("CONUM={}", env!("CARGO_BIN_EXE_conum"))).args(variables);
    said(&make.current_dir(root()).output().unwrap())
}

/// The program installed for good, in a prefix of its own.
struct Installed {
    folder: TempDir,
}

impl Installed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make("install", &[format!("PREFIX={}/prefix", folder.path().display())]).expect(0);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("prefix").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `systemd-analyze` on installed units, which find each other and their manual pages.
    fn analyze(&self, arguments: &[&str], units: &[&str]) -> Said {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(arguments).args(units.iter().map(|unit| self.path(UNITS).join(unit)));
        analyze.env("SYSTEMD_UNIT_PATH", format!("{}:", self.path(UNITS).display()));
        analyze.env("MANPATH", self.path("share/man"));
        said(&analyze.output().unwrap())
    }

    /// A folder for what is in `/var/lib/conum`, with the sample to be read and a key.
    fn state(&self) -> PathBuf {
        let state = self.folder.path().join("state");
        crate::support::copy_folder(&root().join("sample-data"), &state.join("input"));
        fs::create_dir_all(state.join("warehouse")).unwrap();
        fs::create_dir_all(state.join("credentials")).unwrap();
        fs::write(state.join("credentials/key"), "an invented key of some length").unwrap();
        state
    }
}

const UNITS: &str = "lib/systemd/system";
const ALL: [&str; 6] = [
    "conum.service",
    "conum.timer",
    "conum-status.service",
    "conum-status.timer",
    "conum-publish@.service",
    "conum-notify@.service",
];

/// Files below a folder, and what is in them.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(folder, &mut |path| {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        found.insert(name, String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
    });
    found
}

#[test]
fn everything_goes_below_one_folder_and_away_again() {
    let folder = tempfile::tempdir().unwrap();
    let destination = format!("DESTDIR={}", folder.path().display());
    make("install", std::slice::from_ref(&destination)).expect(0);
    let installed = files(folder.path());
    for (name, text) in &installed {
        assert!(name.starts_with("usr/local/"), "{name}");
        // Documentation may speak of both, and declarations know neither.
        if name.contains("/systemd/") || name.ends_with(".conf") || name.contains("libexec") {
            assert!(!text.contains(&*folder.path().to_string_lossy()), "{name} names DESTDIR");
            let unfilled = ["@bin@", "@share@", "@libexec@"].iter().find(|it| text.contains(**it));
            assert_eq!(unfilled, None, "{name}");
        }
    }
    let declared = files(&root().join("pipelines"));
    for (name, text) in &declared {
        assert_eq!(installed.get(&format!("usr/local/share/conum/pipelines/{name}")), Some(text));
    }
    make("uninstall", &[destination]).expect(0);
    assert_eq!(files(folder.path()), BTreeMap::new());
}

#[test]
fn systemd_takes_the_units_and_finds_little_that_they_may_do() {
    let installed = Installed::new();
    let verified = installed.analyze(&["verify"], &ALL).expect(0);
    assert_eq!(verified.stderr, "");
    // Least rights, in tenths of what `systemd-analyze security` shows.
    for (unit, exposure) in
        [("conum.service", 5), ("conum-status.service", 5), ("conum-publish@.service", 12)]
    {
        let threshold = format!("--threshold={exposure}");
        installed.analyze(&["security", "--offline=true", &threshold], &[unit]).expect(0);
    }
    // What is wrong is seen.
    let path = installed.path(UNITS).join("conum.service");
    let wrong = installed.read("lib/systemd/system/conum.service").replace("UMask", "UnMask");
    fs::write(path, wrong).unwrap();
    let verified = installed.analyze(&["verify"], &["conum.service"]);
    assert!(verified.stderr.contains("UnMask"), "{}", verified.stderr);
}

/// The command of a unit, its lines joined and the values of its variables put in.
fn command(unit: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let unit = unit.replace("\\\n", " ");
    let set = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let set = set.filter_map(|setting| setting.split_once('='));
    let known: BTreeMap<&str, &str> = set.chain(variables.iter().copied()).collect();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let mut words = Vec::new();
    for word in start.split_whitespace() {
        if let Some(several) = word.strip_prefix('$').filter(|name| !name.starts_with('{')) {
            let values = known.get(several).copied().unwrap_or_default();
            words.extend(values.split_whitespace().map(str::to_owned));
            continue;
        }
        let mut word = word.to_owned();
        for (name, value) in &known {
            word = word.replace(&format!("${{{name}}}"), value);
        }
        assert!(!word.contains('$'), "{word} has no value");
        words.push(word);
    }
    words
}

#[test]
fn the_program_runs_as_its_units_say() {
    let installed = Installed::new();
    let state = installed.state();
    let place = |name: &str| state.join(name).to_string_lossy().into_owned();
    let variables = [
        ("CONUM_INPUT", &*place("input")),
        ("STATE_DIRECTORY", &place("warehouse")),
        ("CREDENTIALS_DIRECTORY", &place("credentials")),
        ("CONUM_RUN_OPTIONS", "--as-of 2025-07-01 --keep 2"),
    ];
    for (unit, what) in [("conum.service", "conum::run"), ("conum-status.service", "Fresh\n")] {
        let unit = installed.read(&format!("{UNITS}/{unit}"));
        let words = command(&unit.replace("/var/lib/conum", &place("")), &variables);
        let mut command = Command::new(&words[0]);
        let said = said(&command.args(&words[1..]).env_clear().output().unwrap()).expect(0);
        assert!((said.stdout + &said.stderr).contains(what), "{words:?}");
    }
}

/// Whether root runs the tests, who may always make namespaces; a system may forbid it to others.
fn is_root() -> bool {
    said(&Command::new("id").arg("-u").output().unwrap()).stdout == "0\n"
}

/// The words of a JSON array that an instruction of the container file has.
fn instruction(container: &str, name: &str) -> Vec<String> {
    let container = container.replace("\\\n", " ");
    let line = container.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    serde_json::from_str(line).unwrap()
}

#[test]
fn the_job_of_the_container_needs_no_shell_and_writes_to_the_warehouse_alone() {
    let namespaces = ["--mount", "--net", "--ipc", "--map-root-user"];
    let probe = Command::new("unshare").args(namespaces).arg("true").output().unwrap();
    if !is_root() && !probe.status.success() {
        not_shown("this system lets root alone make namespaces");
        return;
    }
    let installed = Installed::new();
    let state = installed.state();
    let container = fs::read_to_string(root().join("docs/deploy/Containerfile")).unwrap();
    let mut words = instruction(&container, "ENTRYPOINT ");
    words.extend(instruction(&container, "CMD "));
    words.extend(["--as-of", "2025-07-01"].map(str::to_owned));
    let mut run = Command::new("unshare");
    run.args(namespaces).arg("bash").arg(root().join("tests/it/install/container.sh"));
    run.args([installed.path(""), state.clone()]).args(words);
    said(&run.output().unwrap()).expect(0);
    let left = files(&state.join("warehouse"));
    assert!(left.contains_key("tables/chiffres_cles.csv"), "{:?}", left.keys());
}

#[test]
fn the_lines_of_cron_run_and_are_silent_while_all_is_well() {
    let installed = Installed::new();
    let state = installed.state();
    let at = state.to_string_lossy();
    let cron = installed.read("share/doc/conum/conum.cron");
    let lines: Vec<String> = cron
        .lines()
        .filter_map(|line| line.split_once(" * * * conum ").map(|(_, command)| command))
        .map(|line| line.replace("/var/lib/conum", &at))
        .map(|line| line.replace("/etc/conum/key", &format!("{at}/credentials/key")))
        .collect();
    let [night, morning] = &lines[..] else { panic!("{cron}") };
    let shell = |line: &str| said(&Command::new("sh").args(["-c", line]).output().unwrap());
    // Nothing is published: the morning says so.
    assert!(shell(morning).expect(0).stdout.starts_with("Nothing is published\n"));
    // A night that is still at work keeps the next one away.
    let register = state.join("warehouse/register.jsonl");
    shell(&format!("exec 9<{at}; flock 9; {night}"));
    assert!(!register.exists());
    assert_eq!(shell(night).expect(0).stdout, "");
    let register = fs::read_to_string(register).unwrap();
    assert!(register.contains("\"code\":0") || register.contains("\"code\":3"), "{register}");
    assert_eq!(shell(morning).expect(0).stdout, "");
}
