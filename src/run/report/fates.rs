//! The ledger of a night becomes a drawing of what became of its rows, and the tables beside it.

use std::cmp::Reverse;

use crate::definition::Definitions;
use crate::publish::pages::flow::flow;
use crate::run::ingest;
use crate::run::ledger::Ledger;
use crate::run::report::sheet::{Cell, Drawing, Part, Sheet};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::french::{percent, spaced};

/// A source: its rows, and how many met each fate.
struct Line {
    source: String,
    read: i64,
    fates: Vec<i64>,
}

impl Line {
    /// Rows of which nothing is known.
    fn residual(&self) -> i64 {
        self.read - self.fates.iter().sum::<i64>()
    }
}

/// The part on what became of the rows.
pub(super) fn part(ledger: Option<&Ledger>, definitions: Option<&Definitions>) -> Part {
    let part =
        Part { anchor: "lignes", title: "Ce que sont devenues les lignes", ..Part::default() };
    let Some(ledger) = ledger else {
        let unknown = "Pas encore connu : la nuit s'est arrêtée avant que toutes les lignes ne \
                       soient jugées.";
        return Part { sentences: vec![unknown.to_owned()], ..part };
    };
    let sources = ledger.sources(ingest::STAGE);
    let of = |source: &str, fate: Fate| ledger.outcome(source, fate);
    let met = |fate: &Fate| sources.iter().any(|source| of(source, *fate) != 0);
    let fates: Vec<Fate> = Fate::ALL.into_iter().filter(met).collect();
    let lines = sources.iter().map(|source| Line {
        source: source.clone(),
        read: ledger.total(ingest::STAGE, source, None).rows,
        fates: fates.iter().map(|fate| of(source, *fate)).collect(),
    });
    let mut lines: Vec<Line> = lines.collect();
    lines.sort_by_key(|line| (Reverse(line.read), line.source.clone()));
    let total = Line {
        source: "Ensemble".to_owned(),
        read: lines.iter().map(|line| line.read).sum(),
        fates: (0..fates.len())
            .map(|place| lines.iter().filter_map(|line| line.fates.get(place)).sum())
            .collect(),
    };
    let mut sheets = vec![table(&lines, &total, &fates)];
    sheets.extend(refused(ledger, definitions));
    Part {
        sentences: vec![proof(&total, &fates)],
        drawing: drawing(&lines, &total, &fates),
        sheets,
        notes: vec![
            "Sur le dessin, une part trop petite pour être vue est grossie ; les nombres sont \
             dans la table. Un avis annonce une suppression ; une copie est une activité de \
             l'Espace Coop reprise dans La Coop."
                .to_owned(),
        ],
        ..part
    }
}

/// What goes in is what comes out.
fn proof(total: &Line, fates: &[Fate]) -> String {
    let terms = fates.iter().zip(&total.fates);
    let terms = terms.map(|(fate, rows)| format!("{} {}", spaced(*rows), word(*fate)));
    let terms: Vec<String> = terms.collect();
    let sum = if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") };
    let residual = spaced(total.residual());
    format!("Preuve : {} lignes lues = {sum} ; écart {residual}.", spaced(total.read))
}

fn table(lines: &[Line], total: &Line, fates: &[Fate]) -> Sheet {
    let caption = "Lignes lues et ce qu'elles sont devenues, par source";
    let mut sheet = Sheet::of(caption, &["Source", "#Lues"]);
    fates.iter().for_each(|fate| sheet.numbers(word(*fate)));
    sheet.numbers("écart");
    let cells = |line: &Line| {
        let numbers = [line.read].into_iter().chain(line.fates.iter().copied());
        let numbers = numbers.chain([line.residual()]).map(Cell::from);
        [Cell::from(line.source.as_str())].into_iter().chain(numbers).collect::<Vec<_>>()
    };
    lines.iter().for_each(|line| sheet.row(cells(line)));
    sheet.total(cells(total));
    sheet
}

/// Refused rows by source and reason, the most frequent first.
fn refused(ledger: &Ledger, definitions: Option<&Definitions>) -> Option<Sheet> {
    let caption = "Lignes refusées, par source et par raison";
    let heads = ["Source", "Raison", "Ce qui ne va pas", "#Lignes", "#Part des lues"];
    let mut sheet = Sheet::of(caption, &heads);
    let mut found: Vec<(i64, String, String)> = Vec::new();
    for source in ledger.sources(ingest::STAGE) {
        let reasons = ledger.reasons(&source, Fate::Rejected).into_iter();
        found.extend(reasons.map(|(reason, rows)| (rows, source.clone(), reason)));
    }
    found.sort_by(|one, other| (other.0, &one.1, &one.2).cmp(&(one.0, &other.1, &other.2)));
    for (rows, source, reason) in found {
        let problem = definitions.map(|it| it.refusal(&source, &reason).meaning.problem.to_owned());
        let read = ledger.total(ingest::STAGE, &source, None).rows;
        sheet.row([
            Cell::from(source),
            Cell::from(format!("`{reason}`")),
            Cell::from(problem),
            Cell::from(rows),
            Cell::from(percent(rows, read)),
        ]);
    }
    (!sheet.is_empty()).then_some(sheet)
}

fn drawing(lines: &[Line], total: &Line, fates: &[Fate]) -> Option<Drawing> {
    let drawn: Vec<&Line> = lines.iter().filter(|line| line.read > 0).collect();
    if drawn.is_empty() {
        return None;
    }
    let rows: Vec<Vec<i64>> = drawn.iter().map(|line| line.fates.clone()).collect();
    let left = drawn.iter().map(|line| (line.source.clone(), spaced(line.read)));
    let right = fates.iter().zip(&total.fates);
    let right = right.map(|(fate, rows)| (word(*fate).to_owned(), spaced(*rows), fate.code()));
    Some(Drawing {
        title: "Des sources à ce que sont devenues leurs lignes".to_owned(),
        flow: flow(&rows),
        left: left.collect(),
        right: right.collect(),
    })
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "gardées",
        Fate::Rejected => "refusées",
        Fate::Duplicate => "doublons",
        Fate::Superseded => "remplacées",
        Fate::Deleted => "supprimées",
        Fate::Migrated => "copies",
        Fate::Merged => "regroupées",
        Fate::Notice => "avis",
        Fate::Dropped => "écartées",
        Fate::Corrected => "corrigées",
    }
}
