//! What was refused of an employer becomes a page that somebody who is no technician understands.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::definition::Definitions;
use crate::definition::refusal::Refusal;
use crate::run::manifest::Manifest;
use crate::run::rejects::Located;
use crate::run::suppliers::Supplier;

/// Further reasons of a record that are told, at most.
const OTHERS_MAX: usize = 3;

/// What all pages are made with.
#[derive(Debug)]
pub struct Told<'a> {
    definitions: &'a Definitions,
    manifest: &'a Manifest,
    is_published: bool,
    /// Places that are told for each reason, at most.
    limit: usize,
    /// Refused records of each source and segment, whoever they are of.
    refused: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Told<'a> {
    /// Gathers it: the run, its rejects, and how many places are told for each reason.
    #[must_use]
    pub fn new(
        definitions: &'a Definitions,
        (manifest, is_published): (&'a Manifest, bool),
        rejects: &'a [Located],
        limit: usize,
    ) -> Self {
        let mut refused = BTreeMap::new();
        for located in rejects {
            *refused.entry((&*located.source, &*located.segment)).or_default() += 1;
        }
        Self { definitions, manifest, is_published, limit, refused }
    }

    fn file(&self, located: &Located) -> String {
        shown(self.manifest.input_of(&located.segment))
    }

    /// Records of a file, if the run knows it.
    fn records(&self, source: &str, segment: &str) -> Option<i64> {
        let mut all = self.manifest.segments.iter();
        let found = all.find(|other| other.source == source && other.id == segment);
        found.map(|segment| segment.records)
    }
}

/// The page of a supplier.
pub(super) fn page(told: &Told<'_>, supplier: &Supplier<'_>) -> String {
    let mut lines = vec!["LIGNES REFUSÉES".to_owned(), String::new()];
    head(told, supplier, &mut lines);
    let mut of_reasons: BTreeMap<(&str, &str), Vec<&Located>> = BTreeMap::new();
    for located in &supplier.rejects {
        let reason = (located.primary(), &*located.source);
        of_reasons.entry(reason).or_default().push(located);
    }
    let mut of_reasons: Vec<_> = of_reasons.into_iter().collect();
    of_reasons.sort_by_key(|(reason, rejects)| (Reverse(rejects.len()), *reason));
    for (number, ((reason, source), rejects)) in of_reasons.into_iter().enumerate() {
        let refusal = told.definitions.refusal(source, reason);
        section(number + 1, &refusal, rejects.len(), &mut lines);
        places(told, supplier, rejects, &mut lines);
    }
    rest(told, supplier, &mut lines);
    lines.join("\n") + "\n"
}

fn head(told: &Told<'_>, supplier: &Supplier<'_>, lines: &mut Vec<String>) {
    match supplier.employer {
        Some(employer) => {
            let types = told.definitions.lists.employer_types();
            let label = types.iter().find(|(code, _)| *code == employer.kind);
            let label = label.map_or(employer.kind.as_str(), |(_, label)| label);
            lines.push(format!("Structure : {}", shown(&employer.id)));
            lines.push(format!("Type d'employeur : {label}"));
            lines
                .extend(employer.siret.as_deref().map(|siret| format!("SIRET : {}", shown(siret))));
        }
        None => lines.extend(
            [
                "Sans employeur connu",
                "Ces lignes ne nomment pas de structure, ou en nomment une que rien \
                 d'autre ne fait connaître.",
            ]
            .map(str::to_owned),
        ),
    }
    let as_of = &told.manifest.as_of;
    let day = as_of.parse::<Date>().map(|day| day.strftime("%d/%m/%Y").to_string());
    lines.push(format!("Jour de référence : {}", day.unwrap_or_else(|_| as_of.clone())));
    if !told.is_published {
        let why = "Cette exécution n'est pas publiée : les chiffres publiés avant elle restent.";
        lines.push(why.to_owned());
    }
    let count = supplier.rejects.len();
    let participants: i64 =
        supplier.rejects.iter().map(|located| located.reject.participants).sum();
    let of_people = match participants {
        0 => String::new(),
        number => format!(" ; participants annoncés : {number}"),
    };
    lines.extend([
        String::new(),
        format!("{}{of_people}.", counted(count, "ligne refusée", "lignes refusées")),
        "Une ligne refusée ne compte pas dans les statistiques. Pour chaque motif : ce qui ne va \
         pas, ce qui est attendu, que faire, et où sont les lignes. Leur contenu n'est pas repris."
            .to_owned(),
    ]);
}

fn section(number: usize, refusal: &Refusal<'_>, count: usize, lines: &mut Vec<String>) {
    let Refusal { meaning, content, .. } = refusal;
    let problem = capital(meaning.problem);
    lines.push(String::new());
    lines.push(format!("{number}. {problem} : {}", counted(count, "ligne", "lignes")));
    if let Some(fields) = fields(refusal) {
        let content = content.map(|content| format!(" : {content}")).unwrap_or_default();
        lines.push(format!("   Dans le fichier : {fields}{content}"));
    } else if let Some(content) = content {
        lines.push(format!("   De quoi il s'agit : {content}"));
    }
    if !meaning.expected.is_empty() {
        lines.push(format!("   Attendu : {}.", meaning.expected));
    }
    lines.push(format!("   Que faire : {}", meaning.remedy));
}

fn places(
    told: &Told<'_>,
    supplier: &Supplier<'_>,
    mut rejects: Vec<&Located>,
    lines: &mut Vec<String>,
) {
    rejects.sort_by_cached_key(|located| {
        (told.file(located), located.reject.line, located.reject.place.clone())
    });
    lines.push("   Où :".to_owned());
    for located in rejects.iter().take(told.limit) {
        let mut line = format!("   - {}, {}", told.file(located), shown(&located.reject.place));
        if let (None, Some(structure)) = (supplier.employer, &located.reject.structure) {
            line.push_str(&format!(" ; structure nommée : {}", shown(structure)));
        }
        line.push_str(&others(told, located));
        lines.push(line);
    }
    let left = rejects.len().saturating_sub(told.limit);
    if left > 0 {
        lines.push(format!("   - et {}", counted(left, "autre ligne", "autres lignes")));
    }
}

/// What else is wrong with a record.
fn others(told: &Told<'_>, located: &Located) -> String {
    let others = located.reject.reasons.get(1..).unwrap_or_default();
    if others.is_empty() {
        return String::new();
    }
    let shown = others.iter().take(OTHERS_MAX).map(|reason| {
        let refusal = told.definitions.refusal(&located.source, reason);
        let fields = fields(&refusal).map(|fields| format!(" ({fields})")).unwrap_or_default();
        format!("{}{fields}", refusal.meaning.problem)
    });
    let mut shown: Vec<String> = shown.collect();
    if others.len() > OTHERS_MAX {
        shown.push(counted(others.len() - OTHERS_MAX, "autre motif", "autres motifs"));
    }
    format!(" ; aussi : {}", shown.join(", "))
}

/// What is not lost.
fn rest(told: &Told<'_>, supplier: &Supplier<'_>, lines: &mut Vec<String>) {
    lines.extend([
        String::new(),
        "CE QUI N'EST PAS PERDU".to_owned(),
        String::new(),
        "Seules ces lignes sont laissées de côté ; le reste de ces fichiers a été lu, toutes \
         structures confondues :"
            .to_owned(),
    ]);
    let files = supplier.rejects.iter();
    let files = files.map(|located| (told.file(located), &*located.source, &*located.segment));
    for (file, source, segment) in files.collect::<BTreeSet<_>>() {
        let refused = told.refused.get(&(source, segment)).copied().unwrap_or_default();
        let refused = counted(refused, "refusé", "refusés");
        lines.push(match told.records(source, segment) {
            Some(records) => {
                format!("- {file} : enregistrements reçus : {records}, dont {refused}")
            }
            None => format!("- {file} : {refused}"),
        });
    }
    if let Some(employer) = supplier.employer {
        let count = employer.activities;
        lines.push(format!("Activités de cette structure qui comptent : {count}."));
    }
    lines.push(
        "Une ligne corrigée et renvoyée sous le même identifiant est prise en compte à \
         l'exécution suivante, et ne compte qu'une fois."
            .to_owned(),
    );
}

/// The fields that a reason is about, as the file names them.
fn fields(refusal: &Refusal<'_>) -> Option<String> {
    let names: Vec<String> =
        refusal.fields.iter().map(|name| format!("« {} »", shown(name))).collect();
    (!names.is_empty()).then(|| names.join(" ou "))
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count < 2 { one } else { several })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Names of files are foreign text: on one line, in the order in which it is written.
fn shown(text: &str) -> String {
    // Marks that turn the direction of a text, and ends of lines.
    let turning = ['\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    let is_plain = |c: char| !c.is_control() && !turning.iter().any(|marks| marks.contains(&c));
    text.chars().map(|c| if is_plain(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_its_line_and_keeps_its_direction() {
        assert_eq!(shown("a\nb\u{202e}c\u{1b}[31m"), "a?b?c?[31m");
        assert_eq!(capital("été"), "Été");
        assert_eq!(counted(1, "ligne", "lignes"), "1 ligne");
        assert_eq!(counted(2, "ligne", "lignes"), "2 lignes");
    }
}
