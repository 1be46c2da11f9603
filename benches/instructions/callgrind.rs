//! A command becomes what callgrind counted of it: instructions by stage and by module.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// What a run took.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Instructions by stage, `start` and `all` included.
    pub(super) stages: Vec<(String, u64)>,
    /// Instructions by module of this project, other crate, or library.
    pub(super) modules: BTreeMap<String, u64>,
}

/// Runs a command under callgrind, on one thread, and leaves the profile in `file`. A stage begins
/// where its function is entered.
pub(super) fn profile(command: &Command, stages: &[(&str, &str)], file: &Path) -> Result<Profile> {
    let mut valgrind = Command::new("valgrind");
    // One file for all parts, without the lines of the sources.
    valgrind.args(["--tool=callgrind", "--quiet", "--combine-dumps=yes", "--dump-line=no"]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    for (_, function) in stages {
        // Behind the name comes a hash.
        valgrind
            .args([format!("--dump-before={function}"), format!("--dump-before={function}::h*")]);
    }
    valgrind.arg(command.get_program()).args(command.get_args());
    valgrind.envs([("RAYON_NUM_THREADS", "1"), ("POLARS_MAX_THREADS", "1")]);
    // When the C library empties its bins of small blocks depends on where memory happens to lie,
    // and may be two per cent of a run.
    valgrind.env("GLIBC_TUNABLES", "glibc.malloc.mxfast=0");
    let output = valgrind.output().map_err(|error| format!("valgrind cannot be run: {error}"))?;
    // 3: published, with warnings.
    if !matches!(output.status.code(), Some(0 | 3)) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} ended with {}: {said}", output.status).into());
    }
    parse(&fs::read_to_string(file)?, stages)
}

fn parse(text: &str, stages: &[(&str, &str)]) -> Result<Profile> {
    let mut profile = Profile::default();
    let (mut stage, mut counts) = ("start", vec![("start".to_owned(), 0)]);
    let mut next = stage;
    let (mut objects, mut functions) = (HashMap::new(), HashMap::new());
    let (mut object, mut module) = ("", String::new());
    let mut is_call = false;
    for line in text.lines() {
        if let Some(trigger) = line.strip_prefix("desc: Trigger: ") {
            let of = stages.iter().find(|(_, function)| trigger.contains(function));
            next = of.map_or(stage, |(name, _)| name);
        } else if let Some(total) = line.strip_prefix("totals: ") {
            if let Some((_, count)) = counts.last_mut() {
                *count += total.parse::<u64>()?;
            }
            if next != stage {
                stage = next;
                counts.push((stage.to_owned(), 0));
            }
        } else if let Some(name) = line.strip_prefix("ob=") {
            object = name_of(name, &mut objects);
        } else if let Some(name) = line.strip_prefix("cob=") {
            name_of(name, &mut objects);
        } else if let Some(name) = line.strip_prefix("fn=") {
            module = module_of(name_of(name, &mut functions), object);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            name_of(name, &mut functions);
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            // Behind a call comes what it took in all, counted elsewhere.
            if !std::mem::take(&mut is_call)
                && let Some((_, count)) = line.split_once(' ')
            {
                *profile.modules.entry(module.clone()).or_default() += count.parse::<u64>()?;
            }
        }
    }
    if counts.len() != stages.len() + 1 {
        return Err(format!("expected all stages, found {counts:?}: was one renamed?").into());
    }
    let all = counts.iter().map(|(_, count)| count).sum();
    counts.push(("all".to_owned(), all));
    profile.stages = counts;
    Ok(profile)
}

/// The name of `(7) name`, or of `(7)` once it was told.
fn name_of<'t>(text: &'t str, known: &mut HashMap<&'t str, &'t str>) -> &'t str {
    match text.split_once(' ') {
        Some((number, name)) => {
            known.insert(number, name);
            name
        }
        None => known.get(text).copied().unwrap_or_default(),
    }
}

/// The module of this project that a function is of or made for, or else its crate, or what of
/// the C library.
fn module_of(function: &str, object: &str) -> String {
    if let Some((_, path)) = function.split_once("conum::") {
        let mut file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut module = "conum".to_owned();
        for word in path.split("::") {
            file.push(word);
            if !file.is_dir() && !file.with_extension("rs").is_file() {
                break;
            }
            module = format!("{module}::{word}");
        }
        return module;
    }
    let path = function.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    match path.split_once("::") {
        Some((name, _)) if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            name.to_owned()
        }
        _ => {
            let name = Path::new(object).file_name().unwrap_or_default().to_string_lossy();
            // zstd, as good as alone; of the C library, what is called.
            if name.starts_with("conum") {
                "C code".to_owned()
            } else {
                format!("{name} {function}")
            }
        }
    }
}
