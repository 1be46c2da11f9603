//! Instructions that whole runs of the program take, by stage and by module, held to a baseline.
//!
//! usage: cargo bench --bench instructions [-- --write]
//!
//! README.md beside this file says what is counted, and when to write the baseline again.
#![expect(clippy::disallowed_methods, reason = "the rules of src/ do not bind what measures it")]
#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

#[path = "instructions/callgrind.rs"]
mod callgrind;
mod invented;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use callgrind::{Profile, profile};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rows of the invented export.
const ROWS: u64 = 20_000;
/// Growth that is a failure: by more than one in this many,
const TOLERANCE: u64 = 100;
/// and by more than this, which is chance in the short stages.
const SLACK: u64 = 1_000_000;
/// Modules that are shown.
const MODULES: usize = 12;
/// The stages, each from a function that only it enters; what comes before the first is `start`.
const STAGES: [(&str, &str); 4] = [
    ("ingest", "conum::run::ingest::run"),
    ("clean", "conum::run::execute::clean_stage"),
    ("aggregate", "conum::run::execute::aggregate_stage"),
    ("publish", "conum::run::execute::publish"),
];

/// Job, stage and instructions, in the order they are run.
type Counts = Vec<(String, String, u64)>;

fn main() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let baseline = root.join("benches/instructions.tsv");
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    // Builds that go on meanwhile shall not change it.
    let conum = work.join("conum");
    fs::copy(env!("CARGO_BIN_EXE_conum"), &conum)?;
    let made_by = made_by()?;
    let mut found = Counts::new();
    for (job, pipeline, input, as_of) in [
        ("race", "benches/race/race.toml", export(&work)?, "2025-01-01"),
        ("national", "pipelines/national.toml", root.join("sample-data"), "2025-07-01"),
    ] {
        let mut run = Command::new(&conum);
        run.args(["--quiet", "run", "--as-of", as_of, "--pipeline"]).arg(root.join(pipeline));
        run.arg("--input").arg(input).arg("--warehouse").arg(work.join(job));
        let profile = profile(&run, &STAGES, &work.join(format!("{job}.callgrind")))?;
        show_modules(job, &profile);
        found.extend(
            profile.stages.into_iter().map(|(stage, count)| (job.to_owned(), stage, count)),
        );
    }
    if std::env::args().any(|word| word == "--write") {
        fs::write(&baseline, written(&made_by, &found))?;
        println!("{} is written", baseline.display());
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(&baseline)?;
    let (known_by, known) = parsed(&text)?;
    let has_grown = compare(&found, &known);
    if made_by != known_by {
        println!("The baseline was made with {known_by}, this with {made_by}.");
    }
    println!("Profiles, for callgrind_annotate or KCachegrind: {}", work.display());
    Ok(ExitCode::from(u8::from(has_grown)))
}

/// Writes the export of the race and its lists.
fn export(work: &Path) -> Result<PathBuf> {
    let folder = work.join("export");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("sessions.csv"), invented::sessions(ROWS))?;
    let mut structures = "id;categorie_juridique\n".to_owned();
    structures.extend(invented::structures().map(|(id, of)| format!("{id};{of}\n")));
    fs::write(folder.join("structures.csv"), structures)?;
    let mut communes = "code;departement\n".to_owned();
    communes.extend(invented::communes().map(|(code, of)| format!("{code};{of}\n")));
    fs::write(folder.join("communes.csv"), communes)?;
    Ok(folder)
}

/// What other counts may come from than the code: the compiler, and the processor that is emulated.
fn made_by() -> Result<String> {
    let said = |program: &str| -> Result<String> {
        let output = Command::new(program).arg("--version").output();
        let output = output.map_err(|error| format!("{program} cannot be run: {error}"))?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    Ok(format!("{}, {}", said("rustc")?, said("valgrind")?))
}

fn show_modules(job: &str, profile: &Profile) {
    let total: u64 = profile.modules.values().sum();
    println!("\n{job}: {} instructions, by module", millions(total));
    let mut modules: Vec<(&String, &u64)> = profile.modules.iter().collect();
    modules.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (module, count) in modules.into_iter().take(MODULES) {
        println!("  {:>9}  {:>3} %  {module}", millions(*count), count * 100 / total.max(1));
    }
}

/// Shows counts beside those of the baseline; tells whether a job or one of its stages has grown.
fn compare(found: &Counts, known: &Counts) -> bool {
    println!("\n{:<10}{:<11}{:>10}{:>10}{:>9}", "job", "stage", "baseline", "now", "change");
    let mut has_grown = false;
    for (job, stage, now) in found {
        let is_same = |other: &&(String, String, u64)| (&other.0, &other.1) == (job, stage);
        let before = known.iter().find(is_same).map_or(0, |(_, _, count)| *count);
        let is_more = *now > before + before / TOLERANCE + SLACK;
        has_grown |= is_more;
        let (sign, change) = match now.checked_sub(before) {
            Some(more) => ('+', more),
            None => ('-', before - now),
        };
        let change = change * 1_000 / before.max(1);
        let change = format!("{sign}{}.{} %", change / 10, change % 10);
        let remark = if is_more { "  GROWN" } else { "" };
        let (before, now) = (millions(before), millions(*now));
        println!("{job:<10}{stage:<11}{before:>10}{now:>10}{change:>9}{remark}");
    }
    has_grown
}

fn millions(count: u64) -> String {
    format!("{}.{} M", count / 1_000_000, count / 100_000 % 10)
}

fn written(made_by: &str, counts: &Counts) -> String {
    let lines = counts.iter().map(|(job, stage, count)| format!("{job}\t{stage}\t{count}\n"));
    format!("# {made_by}\njob\tstage\tinstructions\n{}", lines.collect::<String>())
}

/// What made a baseline, and its counts.
fn parsed(text: &str) -> Result<(&str, Counts)> {
    let (made_by, rest) = text.split_once('\n').ok_or("the baseline is empty")?;
    let mut counts = Counts::new();
    for line in rest.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [job, stage, count] = cells[..] else {
            return Err(format!("the baseline has the line `{line}`").into());
        };
        counts.push((job.to_owned(), stage.to_owned(), count.parse()?));
    }
    Ok((made_by.trim_start_matches("# "), counts))
}
