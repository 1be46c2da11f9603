//! Files of any statistical office are read, protected, judged and written.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::audit::case::{Case, Primary};
use crate::audit::certificate::{Change, ReleaseFile};
use crate::audit::figures::{Known, NO_HIGH, NO_LOW, hex};
use crate::audit::knowledge::Knowledge;
use crate::audit::proof::{Proof, prove};
use crate::audit::release::{Dimension, Measure, Release, Row, Sums, Table};
use crate::audit::verifier::verify;
use crate::error::{Error, Result};
use crate::protect::engine::{self, Solved};
use crate::protect::office::argus::{self, Metadata, Role};
use crate::protect::office::assemble::{Codes, Plan, Source, assemble};
use crate::protect::office::hierarchy::{self, Axis, delimiter_of};
use crate::protect::office::jj;
use crate::protect::office::output::{self, Protected};
use crate::protect::office::problem::{Problem, Stated};
use crate::protect::rules::Status;
use crate::protect::system::{Room, State, System};
use crate::run::store::{Store, read_file};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Tables that are published together: CSV, or `.rda` of τ-ARGUS, or one `.jj`.
    pub tables: Vec<PathBuf>,
    /// Trees of codes, each with its dimension if it is said.
    pub trees: Vec<(Option<String>, PathBuf)>,
    /// What is said of the files.
    pub plan: Plan,
}

/// What files say beside figures.
#[derive(Clone, Debug)]
pub struct Words {
    /// The version of the rules.
    pub version: String,
    /// What stands for a hidden figure.
    pub symbol: String,
}

/// A problem, what hides it and what was found of that.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The problem.
    pub problem: Problem,
    /// What is hidden.
    pub solved: Solved,
    /// The proof, or what is exposed.
    pub proof: Proof,
    /// Names of what is exposed or has not the room it needs.
    pub exposed: Vec<String>,
    /// Figures that have not the room they need, or are known to a contributor.
    narrow: Vec<(usize, Option<u32>)>,
    /// What stands for a hidden figure.
    symbol: String,
}

/// Reads what is asked for.
///
/// # Errors
/// When a file cannot be read, or figures do not add up.
pub fn read(request: &Request) -> Result<Problem> {
    let mut plan = request.plan.clone();
    let mut trees = Vec::new();
    let mut tables = Vec::new();
    for path in &request.tables {
        let mut source = Source { name: name_of(path), bytes: read_file(path)? };
        match extension(path) {
            "jj" => return read_numbered(path, request.tables.len()),
            "rda" => {
                let metadata = argus::read_metadata(&source.name, &source.bytes)?;
                source.bytes = metadata.with_heads(&read_file(&path.with_extension("tab"))?);
                trees.extend(trees_of(&metadata, path)?);
                take(&metadata, &mut plan);
            }
            _ => plan.columns.delimiter = delimiter_of(&source.bytes),
        }
        tables.push(source);
    }
    for (dimension, path) in &request.trees {
        let name = name_of(path);
        let pairs = hierarchy::read(&name, &read_file(path)?)?;
        trees.push(Codes { dimension: dimension.clone(), name, pairs });
    }
    assemble(&tables, &trees, &plan)
}

fn name_of(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn read_numbered(path: &Path, tables: usize) -> Result<Problem> {
    if tables > 1 {
        return Err(Error::data("a JJ file is protected alone: it has no codes to link it by"));
    }
    let found = jj::read(&name_of(path), &read_file(path)?)?;
    let primary = found.system.primary().map(|cell| (cell, Status::A)).collect();
    let places = found.places;
    Ok(Problem { system: found.system, primary, places, ..Problem::default() })
}

/// What the metadata of τ-ARGUS say that the command line does not.
fn take(metadata: &Metadata, plan: &mut Plan) {
    let one = |role: Role| metadata.names(role).next().map(str::to_owned);
    let all = |role: Role| metadata.names(role).map(str::to_owned).collect();
    let columns = &mut plan.columns;
    columns.by = all(Role::Code);
    columns.value = one(Role::Value);
    columns.units = one(Role::Units);
    columns.largest = all(Role::Largest);
    columns.status = one(Role::Status);
    columns.cost = one(Role::Cost);
    columns.delimiter = metadata.separator.bytes().next().unwrap_or(b',');
    let totals = metadata.variables.iter();
    let totals = totals.filter_map(|one| Some((one.name.clone(), one.total.clone()?)));
    plan.totals.extend(totals);
}

fn trees_of(metadata: &Metadata, path: &Path) -> Result<Vec<Codes>> {
    let mut trees = Vec::new();
    for variable in &metadata.variables {
        let Some(tree) = &variable.tree else { continue };
        // The folder of another machine is of no use.
        let file = tree.rsplit(['/', '\\']).next().unwrap_or(tree);
        let total = variable.total.as_deref().unwrap_or("Total");
        let bytes = read_file(&path.with_file_name(file))?;
        let pairs = argus::read_tree(file, &bytes, (&variable.indent, total))?;
        let dimension = Some(variable.name.clone());
        trees.push(Codes { dimension, name: name_of(Path::new(file)), pairs });
    }
    Ok(trees)
}

/// Protects a problem, and judges the result as an outsider would see it. The audit decides: where
/// it finds that what the relations do not give away is known all the same, for no other whole
/// figures are possible, room for one more is asked for, or else for one less; where that does not
/// help, more is hidden around what is exposed.
///
/// # Errors
/// When the tables do not fit together.
pub fn protect(mut problem: Problem, words: &Words) -> Result<Judged> {
    let rooms: Vec<Room> = problem.system.cells.iter().map(|cell| cell.room).collect();
    let mut bound = None;
    loop {
        let mut solved = engine::protect(&problem);
        // A bound holds for what is due, not where more is asked.
        solved.bound = *bound.get_or_insert(solved.bound);
        let asked = problem.system.cells.iter_mut().map(|cell| &mut cell.room).zip(&rooms);
        let asked: Vec<Room> = asked.map(|(room, own)| std::mem::replace(room, *own)).collect();
        let judged = judge(problem, solved, words)?;
        let wanted = more_room(&judged, &asked);
        if wanted.is_empty() {
            return widen(judged, words);
        }
        problem = judged.problem;
        for (cell, room) in problem.system.cells.iter_mut().zip(asked) {
            cell.room = room;
        }
        for (cell, room) in wanted {
            problem.system.cells[cell].room = room;
        }
    }
}

/// Hides more around what is exposed, unless what is published already gives it away.
fn widen(mut judged: Judged, words: &Words) -> Result<Judged> {
    let is_given_away = judged.solved.unprotected.iter().any(|(_, frozen)| !frozen.is_empty());
    for _ in 0..if is_given_away { 0 } else { WIDENINGS_MAX } {
        let narrow: Vec<usize> = judged.narrow.iter().map(|(cell, _)| *cell).collect();
        if !engine::widen(&judged.problem.system, &mut judged.solved, &narrow) {
            break;
        }
        judged = judge(judged.problem, judged.solved, words)?;
    }
    if judged.exposed.is_empty() {
        judged.solved.unprotected.clear();
    }
    Ok(judged)
}

/// How often more is hidden around what is exposed.
const WIDENINGS_MAX: usize = 16;

/// The room to ask for where none is due and yet the audit finds too little, given what was asked.
fn more_room(judged: &Judged, asked: &[Room]) -> Vec<(usize, Room)> {
    let system = &judged.problem.system;
    let unprotected = &judged.solved.unprotected;
    let is_lost = |cell: usize| unprotected.iter().any(|(one, _)| *one as usize == cell);
    let of_outsiders = judged.narrow.iter().filter(|(_, insider)| insider.is_none());
    let wanted = of_outsiders.filter_map(|(cell, _)| {
        let known = system.cells[*cell];
        let is_exact = known.room == Room::default();
        let may_sink = known.floor.is_none_or(|floor| floor < known.value);
        let room = match asked[*cell] {
            Room { up: 0, down: 0 } if !is_lost(*cell) => Room { up: 1, down: 0 },
            Room { up: 1, down: 0 } if may_sink => Room { up: 0, down: 1 },
            _ => return None,
        };
        is_exact.then_some((*cell, room))
    });
    wanted.collect()
}

fn judge(problem: Problem, solved: Solved, words: &Words) -> Result<Judged> {
    let system = &problem.system;
    let (known, truth, keys) = if problem.tables.is_empty() {
        let truth = system.cells.iter().map(|cell| cell.value).collect();
        (known_of(system, &solved.pattern), truth, system.keys.clone())
    } else {
        let release = release(&problem, &solved.pattern)?;
        let knowledge = Knowledge::of(&[release], (0, 0));
        let knowledge = knowledge.map_err(|unfit| Error::internal(unfit.to_string()))?;
        (knowledge.known, knowledge.truth, knowledge.keys)
    };
    let number = |cell: usize| -> Option<u32> {
        let place = keys.binary_search(system.keys.get(cell)?).ok()?;
        u32::try_from(place).ok()
    };
    let level = |level: u64| i64::try_from(level).unwrap_or(i64::MAX);
    let primaries = system.primary().filter_map(|cell| {
        let room = system.cells[cell].room;
        let (up, down) = (level(room.up), level(room.down));
        Some(Primary { figure: number(cell)?, up, down, width: 1 })
    });
    let mut primaries: Vec<Primary> = primaries.collect();
    primaries.sort_unstable();
    let insiders = problem.insiders.iter().map(|known| {
        let mut known: Vec<u32> = known.iter().filter_map(|cell| number(*cell as usize)).collect();
        known.sort_unstable();
        known
    });
    let insiders: Vec<Vec<u32>> = insiders.collect();
    let case = Case {
        rules: &words.version,
        files: &files_of(&problem, &solved.pattern, &words.symbol)?,
        known: &known,
        truth: &truth,
        primaries: &primaries,
        insiders: &insiders,
    };
    let changes = solved.proposed.iter().map(|(terms, mirrored)| {
        let terms = terms.iter();
        let terms = terms.filter_map(|(cell, by)| Some((number(*cell as usize)?, *by)));
        Change::new(terms, *mirrored)
    });
    let proof = prove(&case, changes);
    let name = |figure: u32| keys.get(figure as usize).cloned().unwrap_or_default();
    let place = |figure: u32| system.cell(keys.get(figure as usize)?);
    let narrow = proof.exposed.iter().filter_map(|one| Some((place(one.figure)?, one.insider)));
    let narrow = narrow.collect();
    let mut exposed: Vec<String> = proof.exposed.iter().map(|one| name(one.figure)).collect();
    if exposed.is_empty() {
        exposed.extend(verify(&case, &proof.certificate).err().map(|refusal| refusal.to_string()));
    }
    Ok(Judged { problem, solved, proof, exposed, narrow, symbol: words.symbol.clone() })
}

/// The hash of each public file.
fn files_of(problem: &Problem, pattern: &[bool], symbol: &str) -> Result<Vec<ReleaseFile>> {
    let mut files = Vec::new();
    for table in &problem.tables {
        let bytes = output::public(&Protected { problem, table, pattern }, symbol)?;
        let sha256 = hex(&Sha256::digest(bytes));
        files.push(ReleaseFile { release: String::new(), name: table.name.clone(), sha256 });
    }
    files.sort();
    Ok(files)
}

/// What the public reads.
fn release(problem: &Problem, pattern: &[bool]) -> Result<Release> {
    let mut release = Release::default();
    for stated in &problem.tables {
        let floor = problem.floor;
        let measure = Measure { name: String::new(), floor, sums: Sums::Exact };
        let dimensions = stated.cells.axes.iter().map(dimension).collect();
        let mut table = Table {
            name: stated.name.clone(),
            dimensions,
            measures: vec![measure],
            relations: Vec::new(),
            rows: Vec::new(),
        };
        for (nodes, figure) in stated.cells.figures.keys().zip(&stated.figures) {
            let value = problem.system.cells.get(*figure).map_or(0, |cell| cell.value);
            let axes = stated.cells.axes.iter().zip(nodes);
            let codes: Vec<String> = axes.map(|(axis, node)| axis.code(*node).to_owned()).collect();
            let is_hidden = pattern.get(*figure).copied().unwrap_or(true);
            if is_hidden {
                release.secrets.insert(table.key(0, &codes), value);
            }
            table.rows.push(Row { codes, values: vec![(!is_hidden).then_some(value)] });
        }
        release.tables.push(table);
    }
    Ok(release)
}

fn dimension(axis: &Axis) -> Dimension {
    let code = |node: u32| axis.code(node).to_owned();
    let parents =
        axis.tree.nodes().filter_map(|node| Some((code(node), code(axis.tree.parent(node)?))));
    Dimension {
        name: axis.name.clone(),
        total: axis.tree.nodes().next().map(code),
        parents: parents.collect(),
        sums: Sums::Exact,
    }
}

/// What is known of a problem without codes.
fn known_of(system: &System, pattern: &[bool]) -> Known {
    let mut known = Known::default();
    for (cell, hidden) in system.cells.iter().zip(pattern) {
        if *hidden && cell.state != State::Frozen {
            known.push(cell.floor.unwrap_or(NO_LOW), NO_HIGH);
        } else {
            known.push(cell.value, cell.value);
        }
    }
    for row in system.relations.iter() {
        known.equations.push(row.iter().map(|(cell, sign)| (*cell, i32::from(*sign))), 0);
    }
    known
}

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A public CSV file and one that stays inside.
    Csv,
    /// The problem, for τ-ARGUS.
    Argus,
    /// The problem and what became of it, in the JJ format.
    Jj,
}

/// Writes what was found, into a folder or, one table, into a CSV file and a folder beside it for
/// what stays inside; gives the names of the files below the folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(judged: &Judged, format: Format, out: &Path) -> Result<(PathBuf, Vec<String>)> {
    let Judged { problem, solved, symbol, .. } = judged;
    let is_file = extension(out) == "csv" && problem.tables.len() == 1;
    let folder = if is_file { out.parent().unwrap_or(Path::new("")) } else { out };
    let name = |table: &Stated| match is_file {
        true => name_of(out),
        false => table.name.replace(|c: char| !c.is_alphanumeric(), "_"),
    };
    let of = |table| Protected { problem, table, pattern: &solved.pattern };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for table in problem.tables.iter().filter(|_| format == Format::Csv) {
        files.push((format!("{}.csv", name(table)), output::public(&of(table), symbol)?));
        files.push((format!("{INSIDE}/{}.csv", name(table)), output::internal(&of(table))?));
    }
    for table in problem.tables.iter().filter(|_| format == Format::Argus) {
        let written = argus::write(&of(table), &name(table))?;
        files.extend(written.into_iter().map(|(name, text)| (name, text.into_bytes())));
    }
    if format == Format::Jj || problem.tables.is_empty() {
        // What only bounds need stands after the figures of a file.
        let figures = problem.system.keys.iter().take_while(|key| !key.starts_with('d'));
        let status = |figure: usize| problem.status(figure, &solved.pattern);
        let statuses: Vec<Status> = (0..figures.count()).map(status).collect();
        let text = jj::write(&problem.system, &statuses, problem.places);
        files.push(("probleme.jj".to_owned(), text.into_bytes()));
    }
    let certificate = judged.proof.certificate.to_bytes();
    let certificate = certificate
        .map_err(|error| Error::internal("a certificate has a head of JSON").because(error))?;
    files.push((format!("{INSIDE}/certificat.bin"), certificate));
    let store = Store::at(if folder == Path::new("") { Path::new(".") } else { folder });
    for (name, bytes) in &files {
        store.write(name, bytes)?;
    }
    Ok((folder.to_owned(), files.into_iter().map(|(name, _)| name).collect()))
}

/// The folder of what stays inside.
const INSIDE: &str = "interne";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::secrecy::{CostBy, Interval, Rules, Zero};
    use crate::protect::office::records::Columns;
    use std::collections::{BTreeMap, BTreeSet};

    fn problem(text: &str, zero: Zero) -> Problem {
        let rules = Rules { zero, ..Rules::bare(2, Some(Interval::Exact)) };
        let plan = Plan {
            columns: Columns { value: Some("n".to_owned()), ..Columns::default() },
            levels: Vec::new(),
            totals: BTreeMap::new(),
            attributes: Vec::new(),
            missing: BTreeSet::new(),
            of_marked: rules.clone(),
            rules: vec![rules],
            cost: CostBy::Value,
            minds_insiders: false,
        };
        let source = Source { name: "t".to_owned(), bytes: text.as_bytes().to_vec() };
        assemble(&[source], &[], &plan).unwrap()
    }

    const TEXT: &str = "place,type,n\na,x,1\na,y,1\nb,x,9\nb,y,8\nc,x,20\nc,y,30\nd,x,0\n";

    #[test]
    fn engine_and_audit_think_a_hidden_figure_at_least_the_same() {
        let decimals = TEXT.replace("20", "20.5");
        let tables = [(TEXT, Zero::Publish, 1), (TEXT, Zero::MayHide, 0)];
        for (text, zero, least) in tables.into_iter().chain([(&*decimals, Zero::Publish, 0)]) {
            let problem = problem(text, zero);
            assert_eq!(problem.floor, Some(least));
            let pattern = vec![true; problem.system.cells.len()];
            let known = Knowledge::of(&[release(&problem, &pattern).unwrap()], (0, 0)).unwrap();
            for (key, cell) in problem.system.keys.iter().zip(&problem.system.cells) {
                let place = known.keys.binary_search(key).unwrap();
                let floor = cell.floor.filter(|_| cell.value > 0);
                assert!(floor.is_none_or(|floor| known.known.low[place] == floor), "{key}");
            }
        }
    }

    #[test]
    fn two_figures_of_one_do_not_hide_each_other_where_zeros_are_published() {
        let words = Words { version: String::new(), symbol: "s".to_owned() };
        for (zero, hides_total) in [(Zero::Publish, true), (Zero::MayHide, false)] {
            let judged = protect(problem(TEXT, zero), &words).unwrap();
            assert!(judged.exposed.is_empty() && judged.solved.unprotected.is_empty());
            let total = judged.problem.system.cell("|place=a").unwrap();
            assert_eq!(judged.solved.pattern[total], hides_total, "{zero:?}");
        }
    }
}
