//! The logs of nights become the time and memory of this one, beside those before.

use jiff::Timestamp;

use crate::publish::pages::chart::percent;
use crate::run::held_back::median;
use crate::run::logged::{Logged, logged};
use crate::run::machine;
use crate::run::register::Attempt;
use crate::run::report::advice;
use crate::run::report::night::Night;
use crate::run::report::sheet::{Cell, Part, Sheet};
use crate::vocabulary::french::{length, size};

/// Nights before that are looked at.
const NIGHTS: usize = 30;
const STAGES: [&str; 5] = ["ingest", "clean", "aggregate", "protect", "publish"];

/// What one thing took, this night and those before.
#[derive(Default)]
struct Took {
    now: Option<u64>,
    before: Vec<u64>,
}

impl Took {
    /// This night, the median and the most of the nights before, with bars of one scale.
    fn cells(&self, told: impl Fn(u64) -> String) -> [Cell; 3] {
        let signed = |one: &u64| i64::try_from(*one).unwrap_or(i64::MAX);
        let middle = median(&self.before.iter().map(signed).collect::<Vec<_>>());
        let middle = middle.and_then(|middle| u64::try_from(middle).ok());
        let all = [self.now, middle, self.before.iter().copied().max()];
        let most = all.iter().flatten().max().map(signed).unwrap_or_default();
        all.map(|one| match one {
            // A bar says nothing where there is one alone.
            Some(one) if self.before.is_empty() => Cell::from(told(one)),
            Some(one) => Cell::from(told(one)).bar(percent(signed(&one), most)),
            None => Cell::none(),
        })
    }
}

/// The part on time and memory.
pub(super) fn part(night: &Night<'_>, before: &[Attempt]) -> Part {
    let worked = |it: &&Attempt| {
        it.begin.command == night.attempt.begin.command
            && it.is_good()
            && it.end.as_ref().is_some_and(|end| !end.is_unchanged)
    };
    let past: Vec<(&Attempt, Logged)> = before
        .iter()
        .rev()
        .filter(worked)
        .take(NIGHTS)
        .map(|it| (it, logged(night.store, &it.begin.id)))
        .collect();
    let heads = ["Étape", "#Cette nuit", "#Médiane", "#Pire"];
    let mut time = Sheet::of("Temps", &heads);
    let mut memory = Sheet::of("Mémoire, au plus, à la fin de l'étape", &heads);
    for stage in STAGES {
        let ended =
            |it: &Logged| it.stages.iter().any(|it| it.stage == stage && it.ended.is_some());
        let own = |it: &Logged| it.stages.iter().filter(|it| it.stage == stage).cloned().collect();
        let took = |it: &Logged| {
            let own: Vec<_> = own(it);
            ended(it).then(|| own.iter().map(|it| it.elapsed_ms).sum())
        };
        let peak = |it: &Logged| {
            let own: Vec<_> = own(it);
            own.iter().filter_map(|it| it.rss_peak).max()
        };
        add(&mut time, advice::stage(stage), &of(night, &past, took), length);
        add(&mut memory, advice::stage(stage), &of(night, &past, peak), size);
    }
    let whole = Took {
        now: lasted(&night.attempt),
        before: past.iter().filter_map(|(it, _)| lasted(it)).collect(),
    };
    time.total([vec![Cell::from("Toute la nuit")], whole.cells(length).to_vec()].concat());
    // What comes after the last stage, this page among it, is left out of all nights alike.
    let peak = of(night, &past, |it| it.stages.iter().filter_map(|it| it.rss_peak).max());
    memory.total([vec![Cell::from("Toute la nuit")], peak.cells(size).to_vec()].concat());
    let mut sentences = Vec::new();
    if let Some(took) = whole.now {
        sentences.push(format!("La nuit a duré {}.", length(took)));
    }
    if let Ok(free) = machine::free(&night.store.path("")) {
        sentences.push(format!("Libre sur le disque de l'entrepôt : {}.", size(free.bytes)));
    }
    let compared = match past.len() {
        0 => "Aucune nuit d'avant à comparer.".to_owned(),
        1 => "Comparé à la seule nuit d'avant qui a publié quelque chose de neuf.".to_owned(),
        count => {
            format!("Comparé aux {count} dernières nuits qui ont publié quelque chose de neuf.")
        }
    };
    Part {
        anchor: "temps",
        title: "Temps et mémoire",
        sentences,
        sheets: vec![time, memory],
        notes: vec![compared],
        ..Part::default()
    }
}

fn of(
    night: &Night<'_>,
    past: &[(&Attempt, Logged)],
    told: impl Fn(&Logged) -> Option<u64>,
) -> Took {
    let before = past.iter().filter_map(|(_, logged)| told(logged)).collect();
    Took { now: told(&night.logged), before }
}

/// Adds a stage that any of the nights made.
fn add(sheet: &mut Sheet, stage: &str, took: &Took, told: impl Fn(u64) -> String) {
    if took.now.is_some() || !took.before.is_empty() {
        sheet.row([vec![Cell::from(stage)], took.cells(told).to_vec()].concat());
    }
}

/// Milliseconds from the beginning to the end.
pub(super) fn lasted(attempt: &Attempt) -> Option<u64> {
    let instant = |text: &str| text.parse::<Timestamp>().ok();
    let began = instant(&attempt.begin.started_at)?;
    let ended = instant(&attempt.end.as_ref()?.ended_at)?;
    u64::try_from(ended.duration_since(began).as_millis()).ok()
}
