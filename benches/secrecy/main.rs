//! Test problems with known answers become a page: what conum reaches, beside target and anchor.
//!
//! `make secrecy-bench` gives the folder of the problems as `CONUM_DATA`. Each line is protected, then
//! judged by the audit, which sees what the public sees.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "the rules of src/ do not bind what measures it"
)]

#[expect(unreachable_pub, reason = "shared with the tests")]
mod linked;
#[path = "../../tests/it/secrecy_sets.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::panic, reason = "shared with the tests")]
mod sets;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::time::Instant;

use rayon::prelude::*;

use conum::audit::case::{Case, Primary};
use conum::audit::certificate::Change;
use conum::audit::figures::{Known, NO_HIGH, NO_LOW};
use conum::audit::proof::prove;
use conum::audit::verifier::verify;
use conum::protect::engine::{Proposed, eliminate};
use conum::protect::network::{self, Network, insiders};
use conum::protect::system::{Cell, State, System};
use conum::protect::tree::Tree;

use crate::linked::Inner;
use crate::sets::{Ask, COUNT, Cost, Criterion, TENTH, TURNOVER};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a target asks of a line.
#[derive(Clone, Copy)]
enum Target {
    /// At most that many secondary cells.
    Cells(usize),
    /// At most that value of secondary cells.
    Value(f64),
    /// Either.
    Or(usize, f64),
    /// Safety alone.
    Safe,
}

/// One line of the page.
struct Line {
    name: String,
    /// What the outsider knows that hidden figures are at least.
    floor: u64,
    cells: usize,
    primary: usize,
    secondary: usize,
    value: f64,
    /// The value or number that no pattern is below, where it is known.
    bound: Option<f64>,
    exposed: usize,
    seconds: f64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let write = arguments.iter().any(|argument| argument == "--write");
    let only = arguments.iter().find(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only.as_str()));
    let mut page = String::from(HEAD);
    let mut missed = 0;
    let mut add = |line: Line, (target, anchor, seconds): (Target, &str, f64)| -> Result<()> {
        let is_met = match target {
            Target::Cells(most) => line.secondary <= most,
            Target::Value(most) => line.value <= most + 0.5,
            Target::Or(cells, value) => line.secondary <= cells || line.value <= value + 0.5,
            Target::Safe => true,
        };
        let is_proved = line.exposed == 0 || line.name.contains("linear");
        let is_met = is_met && is_proved && line.seconds <= seconds;
        missed += usize::from(!is_met);
        let target = match target {
            Target::Cells(most) => format!("≤ {most} cells"),
            Target::Value(most) => format!("≤ {most:.0}"),
            Target::Or(cells, value) => format!("≤ {cells} cells or ≤ {value:.0}"),
            Target::Safe => "safe".to_owned(),
        };
        let bound = line.bound.map_or(String::new(), |bound| format!("{bound:.0}"));
        let row = format!(
            "| {} | ≥ {} | {} / {} | {} | {:.0} | {bound} | {} | {:.2} | {target}, {seconds} s | {anchor} | {} |\n",
            line.name,
            line.floor,
            line.cells,
            line.primary,
            line.secondary,
            line.value,
            line.exposed,
            line.seconds,
            if is_met { "yes" } else { "**no**" },
        );
        print!("{row}");
        page.push_str(&row);
        Ok(())
    };
    print!("{HEAD}");
    for (name, target, anchor) in hand_lines().into_iter().filter(|line| wanted(line.0)) {
        let (case, rest) = name.split_once(' ').ok_or("a case and a criterion")?;
        let ask = ask(rest)?;
        let system = sets::by_hand(case, ask).ok_or("`CONUM_DATA` has no cases of hand size")?;
        let insiders = if rest.starts_with("insiders") { sets::ones(&system) } else { Vec::new() };
        add(by_elimination(name, (&system, &insiders), (ask, 1.0)), (target, anchor, 1.0))?;
    }
    for (name, target, anchor, seconds) in small_lines().into_iter().filter(|line| wanted(&line.0))
    {
        let (set, rest) = name.split_once(' ').ok_or("a set and a criterion")?;
        let ask = ask(rest)?;
        let scale = if set.starts_with("magnitude1") { 10.0 } else { 1.0 };
        let system = sets::small(set, ask).ok_or("`CONUM_DATA` names no folder with `secrecy`")?;
        add(by_elimination(&name, (&system, &[]), (ask, scale)), (target, &anchor, seconds))?;
    }
    for (name, target, anchor, seconds) in insee_lines().into_iter().filter(|line| wanted(line.0)) {
        let (_, rest) = name.split_once(' ').ok_or("a table and a criterion")?;
        let (table, rest) = rest.split_once(' ').ok_or("a table and a criterion")?;
        let ask = ask(rest)?;
        let lacks = "`CONUM_DATA` has no tables of INSEE";
        let by = |dimension: &str| sets::turnover(dimension, ask).ok_or(lacks);
        let (tables, scale) = match table {
            "act_size" => (vec![by("SIZE")?], 1e4),
            "act_cj" => (vec![by("CJ")?], 1e4),
            "linked" => (vec![by("SIZE")?, by("CJ")?], 1e4),
            _ => (vec![sets::datatest1(ask).ok_or(lacks)?], 1e6),
        };
        let system = sets::system(&tables);
        add(by_elimination(name, (&system, &[]), (ask, scale)), (target, anchor, seconds))?;
    }
    for (name, target, anchor, seconds) in france_lines().into_iter().filter(|line| wanted(line.0))
    {
        let network = france(name)?;
        add(by_network(name, &network), (target, anchor, seconds))?;
    }
    if wanted("T16 determinism") {
        let is_same = is_the_same_on_any_number_of_threads()?;
        let told = if is_same { "yes" } else { "**no**" };
        let row = format!(
            "| T16 determinism: linked, fr53; 1 and 2 threads | | | | | | | | same bytes | #315 | {told} |\n"
        );
        print!("{row}");
        page.push_str(&row);
        missed += usize::from(!is_same);
    }
    let told = format!("\n{missed} lines miss their target. {}\n", peak());
    print!("{told}");
    page.push_str(&told);
    if write {
        std::fs::write("docs/secrecy-bench.md", page)?;
    }
    Ok(())
}

const HEAD: &str = "\
# Secrecy: what conum reaches

Written by `make secrecy-bench WRITE=1`; targets and anchors are explained in the literature of each problem.
`D` is hidden to protect others; *exposed* is what the audit could not prove safe; *bound* is what no pattern is below.
A linear line asks no more than GaussSuppression does: what is exposed there is told, and does not fail it.
The time is that of protection; for sixty months, of the certificate too.
*Hidden* is what engine and audit take everyone to know that a hidden figure is at least.
For anchors and targets that is 0 (but one figure of datatest1 is negative); where zeros are published, a hidden count is no zero: 1.

| problem | hidden | cells / primary | D | value of D | bound | exposed | seconds | target | anchor | met |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

fn ask(words: &str) -> Result<Ask> {
    let (criterion, cost) = words.rsplit_once(", by ").ok_or("a criterion and a cost")?;
    let criterion = match criterion {
        "linear" | "insiders" => Criterion::Linear,
        "two-sided" => COUNT,
        "two-sided turnover" => TURNOVER,
        "±10 %" => TENTH,
        _ => return Err(format!("no criterion `{criterion}`").into()),
    };
    Ok(Ask { criterion, cost: if cost == "count" { Cost::Count } else { Cost::Value } })
}

/// The cases of hand size: their known answers.
fn hand_lines() -> Vec<(&'static str, Target, &'static str)> {
    use Target::{Cells, Safe, Value};
    vec![
        ("vignette linear, by value", Value(80.0), "τ-ARGUS: 02/tr2 and 06/tr1"),
        ("4x4 linear, by count", Cells(1), "two a line: none, and a figure is computable"),
        ("4x4 linear, by value", Value(31.0), "(x, d) leaves it 0 to 78"),
        ("issue136 linear, by value", Value(7.0), "each table safe alone, K computable"),
        ("issue135 insiders, by count", Safe, "three figures of 1 in a row: unsafe"),
    ]
}

/// The small sets: what GaussSuppression reaches, and the optimum by count and by value.
fn small_lines() -> Vec<(String, Target, String, f64)> {
    let sets = [
        ("z1 linear", "3 / 29", 3, 29.0),
        ("d2 linear", "15 / 310", 15, 293.0),
        ("d2s linear", "10 / 161", 8, 159.0),
        ("d2s two-sided", "10 / 161", 8, 161.0),
        ("example1 linear", "1 / 11", 1, 11.0),
        ("mun_accidents two-sided", "5 / 23", 3, 16.0),
        ("my_km2 linear", "3 / 95", 3, 95.0),
        ("paris2025_freq linear", "4 / 23", 4, 23.0),
        ("paris2025_micro linear", "4 / 70,520", 4, 70_520.0),
        ("magnitude1/85 linear", "9 / 613", 8, 613.0),
        ("magnitude1/3 linear", "6 / 605.5", 6, 605.5),
    ];
    let lines = sets.into_iter().flat_map(|(name, anchor, cells, value)| {
        let anchor = format!("GaussSuppression {anchor}");
        [
            (format!("{name}, by count"), Target::Cells(cells), anchor.clone(), 1.0),
            (format!("{name}, by value"), Target::Value(value), anchor, 1.0),
        ]
    });
    lines.collect()
}

fn insee_lines() -> Vec<(&'static str, Target, &'static str, f64)> {
    use Target::{Cells, Or, Value};
    let gauss = "GaussSuppression 41.73 M (64), 1 s";
    let cj = "GaussSuppression 73.36 M (68), 0.5 s";
    let linked = "greedy in GaussSuppression's order 103.99 M (126)";
    let modular = "Modular 291 in 301 s; split 278 in 45 s";
    vec![
        ("T1 act_size ±10 %, by value", Value(49_223_640.0 * 1.02), "τ-ARGUS 64 D", 1.0),
        ("T1 act_size ±10 %, by count", Cells(60), "τ-ARGUS 64 D", 1.0),
        ("T2 act_size linear, by value", Value(41_087_004.0), gauss, 1.0),
        ("T2 act_size linear, by count", Cells(50), gauss, 1.0),
        ("T2 act_size two-sided turnover, by value", Value(41_087_004.0), gauss, 1.0),
        ("T2 act_size two-sided turnover, by count", Cells(51), gauss, 1.0),
        ("T3 act_cj linear, by value", Value(67_565_000.0), cj, 2.0),
        ("T3 act_cj linear, by count", Cells(46), cj, 2.0),
        ("T3 act_cj two-sided turnover, by value", Value(69_492_705.0), cj, 2.0),
        ("T3 act_cj two-sided turnover, by count", Cells(47), cj, 2.0),
        ("T5 linked linear, by value", Value(97_582_500.0), linked, 5.0),
        ("T5 linked linear, by count", Cells(80), linked, 5.0),
        ("T5 linked two-sided turnover, by value", Value(99_512_546.0), linked, 5.0),
        ("T5 linked two-sided turnover, by count", Cells(81), linked, 5.0),
        ("T7 datatest1 linear, by value", Or(164, 21_900_000.0), modular, 2.0),
        ("T7 datatest1 linear, by count", Cells(164), modular, 2.0),
        ("T7 datatest1 ±10 %, by value", Target::Safe, modular, 60.0),
        ("T7 datatest1 ±10 %, by count", Cells(264), modular, 60.0),
    ]
}

fn france_lines() -> Vec<(&'static str, Target, &'static str, f64)> {
    use Target::{Or, Safe};
    let hyper = "Modular 11 h; Hyper0 2 min, +28 %";
    vec![
        ("T12 fr53", Or(301, 8_668.0), "GaussSuppression 360 / 9,294 in 4.3 s", 0.5),
        ("T12 fr53, insiders", Safe, "none", 0.5),
        ("T12 fr53, not zero", Safe, "none", 0.5),
        ("T12 fr53, not zero, insiders", Safe, "none", 0.5),
        ("T13 fr3", Or(948, 22_868.0), "GaussSuppression 1,121 / 24,593 in 42.8 s", 0.1),
        ("T13 fr3, not zero", Safe, "none", 1.0),
        ("T14 frall", Or(0, 167_135.0), "GaussSuppression ≈ 24 min", 0.3),
        ("T14 frall, not zero", Safe, "none", 5.0),
        ("T14 frall, 60 months", Safe, "none", 60.0),
        ("T15 823 × 18 × 10", Safe, hyper, 300.0),
    ]
}

fn by_elimination(
    name: &str,
    (system, insiders): (&System, &[Vec<u32>]),
    (ask, scale): (Ask, f64),
) -> Line {
    let start = Instant::now();
    let found = eliminate(system, insiders);
    let seconds = start.elapsed().as_secs_f64();
    let secondary = system.secondary(&found.pattern);
    let value: u64 = secondary.iter().map(|cell| system.cells[*cell].value.unsigned_abs()).sum();
    let is_count = ask.cost == Cost::Count;
    let bound = found.bound.map(|bound| bound as f64 / if is_count { 1.0 } else { scale });
    let is_counted = system.cells.iter().filter(|cell| cell.state != State::Unpublished);
    Line {
        name: name.to_owned(),
        floor: 0,
        cells: is_counted.count(),
        primary: system.primary().count(),
        secondary: secondary.len(),
        value: value as f64 / scale,
        bound,
        exposed: exposed_of_system((system, insiders), &found.pattern, &found.proposed),
        seconds,
    }
}

/// What the audit cannot prove safe.
fn exposed_of_system(
    (system, insiders): (&System, &[Vec<u32>]),
    pattern: &[bool],
    proposed: &[Proposed],
) -> usize {
    let mut known = Known::default();
    for (cell, hidden) in system.cells.iter().zip(pattern) {
        let open = (cell.floor.unwrap_or(NO_LOW), NO_HIGH);
        let (low, high) = if *hidden { open } else { (cell.value, cell.value) };
        known.push(low, high);
    }
    for row in system.relations.iter() {
        known.equations.push(row.iter().map(|(cell, sign)| (*cell, i32::from(*sign))), 0);
    }
    let truth: Vec<i64> = system.cells.iter().map(|cell| cell.value).collect();
    let level = |level: u64| i64::try_from(level).unwrap_or(i64::MAX);
    let primaries = system.primary().map(|cell| {
        let Cell { room, value, floor, .. } = system.cells[cell];
        let figure = u32::try_from(cell).unwrap_or(u32::MAX);
        // Everyone knows that it is no less.
        let below = floor.map_or(i64::MAX, |floor| value - floor);
        Primary { figure, up: level(room.up), down: level(room.down).min(below), width: 1 }
    });
    let primaries: Vec<Primary> = primaries.collect();
    let changes = proposed.iter().map(|(terms, both)| Change::new(terms.iter().copied(), *both));
    judge(&known, (&truth, &primaries, insiders), changes)
}

fn judge(
    known: &Known,
    (truth, primaries, insiders): (&[i64], &[Primary], &[Vec<u32>]),
    changes: impl Iterator<Item = Change>,
) -> usize {
    let case = Case { rules: "bench", files: &[], known, truth, primaries, insiders };
    let proof = prove(&case, changes);
    let refused = proof.exposed.is_empty() && verify(&case, &proof.certificate).is_err();
    proof.exposed.len() + usize::from(refused)
}

/// The same patterns twice, on one thread and on two.
fn is_the_same_on_any_number_of_threads() -> Result<bool> {
    let ask = Ask { criterion: TURNOVER, cost: Cost::Value };
    let by = |dimension: &str| sets::turnover(dimension, ask).ok_or("no tables of INSEE");
    let system = sets::system(&[by("SIZE")?, by("CJ")?]);
    let network = france("T12 fr53")?;
    let mut found = Vec::new();
    for threads in [1, 2, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        found.push(pool.install(|| {
            let linked = eliminate(&system, &[]);
            (linked.pattern, linked.proposed, network::protect(&network))
        }));
    }
    Ok(found.windows(2).all(|pair| pair[0] == pair[1]))
}

/// The tables of France: counts, below 5 primary.
fn france(name: &str) -> Result<Network> {
    const BELOW: u64 = 5;
    let alone = || Tree::flat("all", []);
    if name.starts_with("T15") {
        return Ok(linked::three_way());
    }
    let set = name.split([' ', ',']).nth(1).ok_or("a set")?;
    let records = sets::data(&format!("synthetic_fr/{set}.csv"));
    let records = records.ok_or("`CONUM_DATA` has no table of France")?;
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for record in &records {
        let path = ["commune", "epcidep", "dep", "reg"].map(|level| record[level].as_str());
        pairs.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
        pairs.insert((path[3], "FR"));
    }
    let tree = Tree::new(pairs, [])?;
    let nodes: BTreeMap<&str, u32> =
        tree.codes().iter().map(String::as_str).zip(tree.nodes()).collect();
    let mut inner: Vec<Inner> = Vec::new();
    for record in &records {
        let column = record["typ"].trim_start_matches('t').parse()?;
        inner.push((nodes[record["commune"].as_str()], column, record["freq"].parse()?));
    }
    let slices = if name.contains("months") { linked::calendar(5) } else { alone() };
    let mut network = linked::linked(tree.clone(), 9, &inner, slices, BELOW);
    network.floor = u64::from(name.contains("not zero"));
    if name.contains("insiders") {
        network.contributors = insiders::ones(&network);
    }
    Ok(network)
}

fn by_network(name: &str, given: &Network) -> Line {
    let start = Instant::now();
    let found = network::protect(given);
    let exposed = found.unprotected.len() + found.narrow.len() + found.known_to.len();
    // The audit of one month is beside the target, that of all months is in it.
    let is_timed = name.contains("months");
    let protected = start.elapsed().as_secs_f64();
    let exposed = exposed + exposed_of_network(given, &found);
    let seconds = if is_timed { start.elapsed().as_secs_f64() } else { protected };
    let is = |state: State| given.states.iter().filter(move |known| **known == state);
    let cells = 0..given.values.len();
    let secondary: Vec<usize> =
        cells.filter(|cell| found.hidden[*cell] && given.states[*cell] == State::Free).collect();
    Line {
        name: name.to_owned(),
        floor: given.floor,
        cells: given.values.iter().filter(|value| **value > 0).count(),
        primary: is(State::Primary).count(),
        secondary: secondary.len(),
        value: secondary.iter().map(|cell| given.values[*cell]).sum::<u64>() as f64,
        bound: None,
        exposed,
        seconds,
    }
}

/// What the audit cannot prove safe, tree of slices by tree of slices: they are not tied.
fn exposed_of_network(given: &Network, found: &network::Outcome) -> usize {
    let figures = given.territory.len() * given.columns as usize;
    let top =
        |slice: u32| std::iter::successors(Some(slice), |slice| given.slices.parent(*slice)).last();
    let roots: Vec<u32> =
        given.slices.nodes().filter(|slice| given.slices.parent(*slice).is_none()).collect();
    let mut changes: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
    for witness in 0..u32::try_from(found.witnesses.len()).unwrap_or(u32::MAX) {
        let first = found.witnesses.changes(witness).next();
        let slice = first.and_then(|(cell, _)| u32::try_from(cell as usize / figures).ok());
        changes.entry(slice.and_then(top)).or_default().push(witness);
    }
    let exposed = roots.into_par_iter().map(|root| {
        let slices: Vec<u32> =
            given.slices.nodes().filter(|slice| top(*slice) == Some(root)).collect();
        let view = View::new(given, &found.hidden, &slices);
        let of_root = changes.get(&Some(root)).map_or(&[][..], Vec::as_slice);
        let changes = of_root.iter().map(|witness| {
            let terms = found.witnesses.changes(*witness);
            Change::new(terms.filter_map(|(cell, by)| Some((view.number(cell)?, by))), true)
        });
        let insiders = given.contributors.iter().map(|cells| {
            let mut known: Vec<u32> = cells.iter().filter_map(|cell| view.number(*cell)).collect();
            known.sort_unstable();
            known
        });
        let insiders: Vec<Vec<u32>> = insiders.collect();
        judge(&view.known, (&view.truth, &view.primaries, &insiders), changes)
    });
    exposed.sum()
}

/// Some slices of a table as the public sees them. Zeros are published: they are left out.
struct View {
    numbers: Vec<u32>,
    known: Known,
    truth: Vec<i64>,
    primaries: Vec<Primary>,
    /// Totals and their parts.
    sums: Vec<(u32, Vec<u32>)>,
}

const NONE: u32 = u32::MAX;

impl View {
    fn new(given: &Network, hidden: &[bool], slices: &[u32]) -> Self {
        let mut view = Self {
            numbers: vec![NONE; given.values.len()],
            known: Known::default(),
            truth: Vec::new(),
            primaries: Vec::new(),
            sums: Vec::new(),
        };
        let figures = given.territory.len() * given.columns as usize;
        let floor = i64::try_from(given.floor).unwrap_or(i64::MAX);
        for slice in slices {
            let first = *slice as usize * figures;
            for cell in (first..first + figures).filter(|cell| given.values[*cell] > 0) {
                let value = i64::try_from(given.values[cell]).unwrap_or(i64::MAX);
                let bounds = if hidden[cell] { (floor, NO_HIGH) } else { (value, value) };
                let figure = view.known.push(bounds.0, bounds.1);
                view.numbers[cell] = figure;
                view.truth.push(value);
                if given.states[cell] == State::Primary {
                    view.primaries.push(Primary { figure, up: 1, down: 1, width: 1 });
                }
            }
        }
        view.relate(given, slices);
        // What is at its least, whatever is hidden, does not sink.
        let mut least = vec![floor; view.truth.len()];
        while view.raise(&mut least) {}
        for primary in &mut view.primaries {
            let figure = primary.figure as usize;
            primary.down = primary.down.min(view.truth[figure] - least[figure]);
        }
        view
    }

    /// A total is at least what its parts are together. Says whether one was thought less.
    fn raise(&self, least: &mut [i64]) -> bool {
        let mut has_risen = false;
        for (total, parts) in &self.sums {
            let sum = parts.iter().map(|part| least[*part as usize]).sum();
            has_risen |= sum > least[*total as usize];
            least[*total as usize] = least[*total as usize].max(sum);
        }
        has_risen
    }

    fn number(&self, cell: u32) -> Option<u32> {
        self.numbers.get(cell as usize).copied().filter(|number| *number != NONE)
    }

    /// Sums over parts of slices and territories, and over columns.
    fn relate(&mut self, given: &Network, slices: &[u32]) {
        let figures = u32::try_from(given.territory.len()).unwrap_or(NONE) * given.columns;
        let cell =
            |slice: u32, place: u32, column: u32| slice * figures + place * given.columns + column;
        for slice in slices {
            for place in given.territory.nodes() {
                for column in 0..given.columns {
                    let total = cell(*slice, place, column);
                    let parts = given.slices.children(*slice).iter();
                    self.sum(total, parts.map(|part| cell(*part, place, column)));
                    let parts = given.territory.children(place).iter();
                    self.sum(total, parts.map(|part| cell(*slice, *part, column)));
                }
                let parts = 1..given.columns;
                self.sum(cell(*slice, place, 0), parts.map(|column| cell(*slice, place, column)));
            }
        }
    }

    fn sum(&mut self, total: u32, parts: impl Iterator<Item = u32>) {
        let parts: Vec<u32> = parts.filter_map(|part| self.number(part)).collect();
        if let Some(total) = self.number(total).filter(|_| !parts.is_empty()) {
            let terms = parts.iter().map(|part| (*part, 1));
            self.known.equations.push(terms.chain([(total, -1)]), 0);
            self.sums.push((total, parts));
        }
    }
}

/// The most memory that the process held.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let mut told = String::new();
    // Ignoring a failure is safe: a string takes all that it is given.
    write!(told, "Peak memory: {}.", line.unwrap_or("unknown").trim()).ok();
    told
}
