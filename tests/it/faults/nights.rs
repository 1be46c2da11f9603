//! Nights whose inputs change, and what each leaves when nothing disturbs it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::faults::shim::{Fault, Shim};
use crate::faults::tree::Tree;
use crate::support::{Said, copy_folder, program, root};

/// Reference days: months close, and the release changes, on some of them.
const DAYS: [&str; 5] = ["2025-07-01", "2025-07-02", "2025-08-15", "2025-08-16", "2025-10-02"];

/// Tables of the nights that take a second; both are released.
const FEW: [&str; 2] = ["activites_par_employeur_periode", "activites_par_region_periode"];

/// One night.
pub struct Night {
    pub day: &'static str,
    pub input: PathBuf,
    /// The warehouse after it, undisturbed.
    pub whole: Tree,
    /// How many calls changed something.
    pub calls: usize,
}

/// Nights in a folder that goes away with them.
pub struct Nights {
    folder: TempDir,
    pub shim: Shim,
    pipeline: PathBuf,
    pub all: Vec<Night>,
}

impl Nights {
    /// So many nights of an export, which is edited each day.
    pub fn new(count: usize, pipeline: &Path, export: &[PathBuf]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shim = Shim::build(folder.path());
        let mut nights = Self { folder, shim, pipeline: pipeline.to_owned(), all: Vec::new() };
        let warehouse = nights.path("undisturbed");
        for (number, day) in DAYS.into_iter().take(count).enumerate() {
            let input = nights.path(&format!("input-{number}"));
            fs::create_dir(&input).unwrap();
            for file in export {
                fs::copy(file, input.join(file.file_name().unwrap())).unwrap();
            }
            for edition in 0..number {
                edit(&input, edition);
            }
            nights.all.push(Night { day, input, whole: Tree::default(), calls: 0 });
            copy(&warehouse, &nights.before(number));
            let said = nights.run(number, &warehouse, None);
            assert!([0, 3].contains(&said.code), "{} {}", said.code, said.stderr);
            let calls = nights.shim.calls().len();
            let night = nights.all.last_mut().unwrap();
            night.whole = Tree::of(&warehouse);
            night.calls = calls;
        }
        expect_proved(&warehouse);
        nights
    }

    /// Nights of the committed sample, or of the export that the environment names.
    pub fn of_sample(count: usize) -> Self {
        let given = std::env::var_os("CONUM_EXPORT").filter(|folder| !folder.is_empty());
        let sample = given.map_or_else(|| root().join("sample-data"), PathBuf::from);
        let files = fs::read_dir(&sample).unwrap().map(|entry| entry.unwrap().path());
        let export: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
        Self::new(count, &root().join("pipelines/national.toml"), &export)
    }

    /// Nights of one source and a few tables: each takes a second.
    pub fn of_few_tables(count: usize) -> (Self, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&root().join("pipelines"), folder.path());
        for entry in fs::read_dir(folder.path().join("tables")).unwrap() {
            let path = entry.unwrap().path();
            let is_kept = FEW.iter().any(|name| path.ends_with(format!("{name}.toml")));
            if !is_kept {
                fs::remove_file(&path).unwrap();
            }
        }
        fs::write(folder.path().join("chiffres_cles.toml"), "chiffre = []\n").unwrap();
        let national = folder.path().join("national.toml");
        let text = fs::read_to_string(&national).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("main_tables"));
        let main = format!("main_tables = [{:?}]\n", FEW[0]);
        fs::write(&national, main + &lines.collect::<Vec<_>>().join("\n")).unwrap();
        let sample = root().join("sample-data");
        let export = ["activites_plates.csv", "structures.csv", ".conum-sample"];
        let export = export.map(|name| sample.join(name));
        (Self::new(count, &folder.path().join("national.toml"), &export), folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of the warehouse before a night.
    pub fn before(&self, number: usize) -> PathBuf {
        self.path(&format!("before-{number}"))
    }

    /// The arguments of a night in a warehouse.
    pub fn arguments(&self, number: usize, warehouse: &Path) -> Vec<OsString> {
        let night = &self.all[number];
        let mut arguments: Vec<OsString> =
            ["run", "--quiet", "--as-of", night.day, "--pipeline"].map(OsString::from).into();
        arguments.extend([self.pipeline.clone().into(), "--input".into()]);
        arguments.extend([night.input.clone().into(), "--warehouse".into(), warehouse.into()]);
        arguments
    }

    /// Runs a night in a warehouse, with a fault or none.
    pub fn run(&self, number: usize, warehouse: &Path, at: Option<(Fault, usize)>) -> Said {
        self.shim.run((&self.arguments(number, warehouse), warehouse), at)
    }

    /// What is wrong with what readers see while a night is interrupted.
    pub fn problem(&self, number: usize, warehouse: &Path) -> Option<String> {
        let tree = Tree::of(warehouse);
        let empty = Tree::default();
        let (old, new) = match number.checked_sub(1) {
            Some(before) => (&self.all[before].whole, &self.all[number].whole),
            None => (&empty, &self.all[number].whole),
        };
        let (seen, old_seen, new_seen) = (tree.seen(), old.seen(), new.seen());
        if seen.run != old_seen.run && seen.run != new_seen.run {
            return Some("the run that readers see is neither the old nor the new".to_owned());
        }
        if seen.release != old_seen.release && seen.release != new_seen.release {
            return Some("the release that readers see is neither the old nor the new".to_owned());
        }
        let releases = tree.releases();
        let damaged = old.releases().into_iter().find(|(name, hash)| {
            releases.get(name) != Some(hash) && releases.get(name) != new.releases().get(name)
        });
        damaged.map(|(name, _)| format!("`releases/{name}` is damaged"))
    }

    /// Runs a night again after a fault, and says what is not as if there had been none.
    pub fn recover(&self, number: usize, warehouse: &Path) -> Option<String> {
        let said = self.run(number, warehouse, None);
        if ![0, 3].contains(&said.code) {
            return Some(format!("the next run ends with {}: {}", said.code, said.stderr));
        }
        let difference = Tree::of(warehouse).difference(&self.all[number].whole);
        difference.map(|names| format!("the next run leaves other bytes: {names}"))
    }
}

/// Checks that a warehouse proves itself.
pub fn expect_proved(warehouse: &Path) {
    for command in ["verify", "verify-secrecy"] {
        let mut conum = std::process::Command::new(program());
        let output = conum.arg(command).arg("--warehouse").arg(warehouse).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{command}: {text}");
    }
}

/// A copy of a warehouse, links as links; nothing when there is none.
pub fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), target).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A line goes away, a line changes, a line is new, in each file of one record a line.
fn edit(input: &Path, edition: usize) {
    let is_edited = |name: &str| {
        ["activites_plates", "coop_activites", "cras_conseiller"]
            .iter()
            .any(|start| name.starts_with(start) && !name.ends_with(".xlsx"))
    };
    for entry in fs::read_dir(input).unwrap() {
        let entry = entry.unwrap();
        if !is_edited(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let _deleted = lines.remove(3 + 5 * edition);
        let changed = &mut lines[50 + edition];
        *changed = changed.replacen(";30;", ";60;", 1).replacen("\"duree\":", "\"duree\":1", 1);
        // Another identifier: the first hexadecimal digits of the line are of it.
        let mut new = lines[90 + 7 * edition].clone();
        let digits: Vec<usize> =
            new.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
        let at = digits[1];
        let digit = if new.as_bytes()[at] == b'7' { "3" } else { "7" };
        new.replace_range(at..=at, digit);
        lines.push(new);
        fs::write(entry.path(), lines.join("\n") + "\n").unwrap();
    }
}
