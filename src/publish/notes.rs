//! A catalogue becomes `NOTES.md`: what a reader must know before using a figure, in French.

use jiff::civil::Date;

use crate::publish::catalogue::{Break, Catalogue, Measure, Period, Source, Table};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE, System};
use crate::vocabulary::columns::SECRET;

/// Its name in a release.
pub const NAME: &str = "NOTES.md";

/// A heading and the paragraphs or lines below it.
pub type Section = (String, Vec<String>);

/// The page.
#[must_use]
pub fn notes(catalogue: &Catalogue) -> String {
    let mut page = format!("# {}\n\n{}\n", catalogue.title, catalogue.description());
    for (head, lines) in sections(catalogue) {
        page.push_str(&format!("\n## {head}\n\n{}\n", lines.join("\n").trim_end()));
    }
    page
}

/// What a reader of any figure must know.
#[must_use]
pub fn essentials(catalogue: &Catalogue) -> Vec<Section> {
    told(vec![
        ("Lire les tables", reading(catalogue)),
        ("Ruptures de série", breaks(catalogue)),
        ("Sources", sources(catalogue)),
    ])
}

/// What the page tells, in order.
#[must_use]
pub fn sections(catalogue: &Catalogue) -> Vec<Section> {
    told(vec![
        ("Lire les tables", reading(catalogue)),
        ("Tables", catalogue.tables.iter().flat_map(of_table).collect()),
        ("Tables non diffusées", withheld(catalogue)),
        ("Indicateurs", catalogue.measures.iter().flat_map(of_measure).collect()),
        ("Ruptures de série", breaks(catalogue)),
        ("Mois provisoires", provisional(catalogue)),
        ("Secret statistique", secrecy(catalogue)),
        ("Sources", sources(catalogue)),
        ("Licence et citation", terms(catalogue)),
    ])
}

/// Headings with something below them.
fn told(all: Vec<(&str, Vec<String>)>) -> Vec<Section> {
    let told = all.into_iter().filter(|(_, lines)| !lines.is_empty());
    told.map(|(head, lines)| (head.to_owned(), lines)).collect()
}

fn reading(catalogue: &Catalogue) -> Vec<String> {
    let symbol = &catalogue.rules.symbol;
    let secret = SECRET.name;
    [
        format!(
            "- `{ENSEMBLE}` : total de la dimension. Pour ajouter des lignes, écarter d'abord les \
             lignes `{ENSEMBLE}`, et ne garder qu'une longueur de période : mois, trimestres et \
             années sont dans la même colonne."
        ),
        "- Une ligne absente vaut zéro.".to_owned(),
        format!(
            "- Un chiffre vide est masqué, et la colonne `{secret}` porte alors le signe \
             `{symbol}` : ce n'est pas un zéro. La somme des lignes visibles peut donc être \
             inférieure au total publié : l'écart est ce qui est masqué."
        ),
        format!(
            "- `{INCONNU}`, `{NON_RENSEIGNE}` : ce que les sources ne disent pas. Ces lignes \
             comptent dans le total."
        ),
        "- Périodes : mois `AAAA-MM`, trimestre `AAAA-Tn`, année `AAAA`, d'après le jour de \
         l'activité à l'heure de Paris."
            .to_owned(),
        "- Les codes sont des textes : `01` n'est pas `1`. Les scripts `import.R`, `import.py` et \
         `import.sql` les lisent ainsi, et vérifient le nombre de lignes et les sommes."
            .to_owned(),
        "- CSV : UTF-8, virgule, point décimal, vide = sans valeur. Le Parquet a les mêmes lignes."
            .to_owned(),
    ]
    .to_vec()
}

fn of_table(table: &Table) -> Vec<String> {
    let hidden = match table.hidden {
        0 => String::new(),
        hidden => format!(" dont {hidden} masquées"),
    };
    let period =
        table.period.as_ref().map(|Period { first, last }| format!(" De {first} à {last}."));
    let mut lines = vec![
        format!("### `{}`\n", table.name),
        format!(
            "{}. {} {} {} lignes{hidden}.{}",
            table.title,
            table.definition,
            table.why,
            table.rows,
            period.unwrap_or_default()
        ),
    ];
    lines.push(String::new());
    for column in &table.columns {
        let unit =
            if column.unit.is_empty() { String::new() } else { format!(" ({})", column.unit) };
        lines.push(format!("- `{}`{unit} : {}", column.name, column.title));
    }
    lines.push(String::new());
    lines
}

fn of_measure(measure: &Measure) -> Vec<String> {
    let additive = if measure.is_additive {
        "Les parties s'ajoutent au total."
    } else {
        "**Non additif** : les parties ne s'ajoutent pas au total."
    };
    let mut lines = vec![
        format!("### `{}` : {}\n", measure.name, measure.title),
        format!("- Formule : {}.", measure.formula),
        format!("- N'est pas : {}.", measure.is_not),
        format!("- Unité : {}. {additive}", measure.unit),
    ];
    if !measure.used_by.is_empty() {
        lines.push(format!("- Ailleurs : {}.", measure.used_by));
    }
    lines.push(String::new());
    lines
}

fn withheld(catalogue: &Catalogue) -> Vec<String> {
    let tables = catalogue.withheld.iter();
    let tables = tables.map(|one| format!("- `{}` : {} ; {}", one.name, one.title, one.why));
    tables.collect()
}

fn breaks(catalogue: &Catalogue) -> Vec<String> {
    let change = "- Deux systèmes se suivent, l'Espace Coop (de novembre 2020 à novembre 2024) \
                  puis La Coop (depuis septembre 2024) : aucune activité n'y compte deux fois, \
                  mais ils ne demandent pas les mêmes choses."
        .to_owned();
    if catalogue.breaks.is_empty() {
        return Vec::new();
    }
    let lines = catalogue.breaks.iter().map(|Break { system, first, last, text }| {
        let day = |word: &str, day: &Option<Date>| day.map(|day| format!(", {word} {day}"));
        let first = day("à partir du", first).unwrap_or_default();
        let last = day("jusqu'au", last).unwrap_or_default();
        let name = match system.as_str() {
            legacy if legacy == System::Legacy.code() => "Espace Coop",
            coop if coop == System::Coop.code() => "La Coop",
            other => other,
        };
        format!("- {name}{first}{last} : {text}")
    });
    [change].into_iter().chain(lines).collect()
}

fn provisional(catalogue: &Catalogue) -> Vec<String> {
    let last = catalogue.period.as_ref().map(|period| period.last.as_str());
    vec![
        format!(
            "Des activités sont saisies des semaines après avoir eu lieu. Un mois n'est diffusé \
             qu'une fois clos, {} jours au moins après sa fin : aucun mois provisoire n'est dans \
             les tables{}.",
            catalogue.provisional_days,
            last.map(|last| format!(", dont le dernier mois est {last}")).unwrap_or_default()
        ),
        "Un mois clos garde ses chiffres ; ce qui arrive ensuite n'y entre qu'une fois assez \
         nombreux pour ne faire connaître personne. `CHANGELOG.md` dit ce qui a changé."
            .to_owned(),
    ]
}

fn secrecy(catalogue: &Catalogue) -> Vec<String> {
    let rules = &catalogue.rules;
    let mut lines = vec![
        "Une ligne est masquée quand l'un de ses chiffres ferait connaître une structure ou une \
         personne :\n"
            .to_owned(),
    ];
    lines.extend(rules.lines.iter().map(|line| format!("- {line}")));
    lines.push(format!(
        "\nou quand, sans elle, un chiffre masqué se calculerait par différence. Un seul signe, \
         `{}`, quelle que soit la raison : la raison donnerait des chiffres.",
        rules.symbol
    ));
    lines.push(format!(
        "Règles {}, décidées le {} par {}. `methode.md` les détaille, `pertes.csv` compte les \
         lignes masquées, `verdict.json` porte le résultat du contrôle.",
        rules.version, rules.decided_on, rules.decided_by
    ));
    lines
}

fn sources(catalogue: &Catalogue) -> Vec<String> {
    let Catalogue { sources, references, as_of, .. } = catalogue;
    let read = sources.iter().map(|source| {
        let Source { name, title, as_of: earlier } = source;
        match earlier {
            Some(day) => format!(
                "- `{name}` : {title}, au {day} : ce que cette source a fourni depuis était absent \
                 ou inutilisable."
            ),
            None => format!("- `{name}` : {title}, au {as_of}."),
        }
    });
    read.chain(references.iter().map(|title| format!("- {title}."))).collect()
}

fn terms(catalogue: &Catalogue) -> Vec<String> {
    let Catalogue { title, as_of, producer, licence, .. } = catalogue;
    vec![
        format!(
            "[{}]({}) (`{}`) : réutilisation libre, à condition de citer la source et le jour de \
             la mise à jour.",
            licence.title, licence.path, licence.id
        ),
        format!("\n> {producer}, « {title} », mise à jour du {as_of}, {}.", licence.title),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn notes_tell_formulas_breaks_secrecy_sources_and_how_to_cite() {
        let page = notes(&invented::catalogue());
        for expected in [
            "### `nb_activites` : Activités\n",
            "- Formule : nombre d'activités, chacune dans sa dernière version.",
            "- N'est pas : un nombre de personnes ni d'accompagnements",
            "La Coop, jusqu'au 2025-04-30 : Jusqu'au 30 avril 2025, l'aide",
            "120 jours au moins après sa fin",
            "- moins de 3 employeurs (SIREN), ou un seul fait plus de 85 % du chiffre.",
            "le signe `s`",
            "`activites_par_region_periode`",
            "ni l'autre des systèmes, au 2025-07-01.",
            "- Code officiel géographique 2026",
            "> Programme Conseiller numérique, « Statistiques nationales",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("\n\n\n"), "{page}");
    }

    #[test]
    fn a_source_as_of_an_earlier_day_says_so() {
        let mut catalogue = invented::catalogue();
        let earlier = Date::constant(2025, 6, 28);
        catalogue.sources.iter_mut().for_each(|source| source.as_of = Some(earlier));
        let page = notes(&catalogue);
        let expected = "au 2025-06-28 : ce que cette source a fourni depuis était absent ou \
                        inutilisable.";
        assert!(page.contains(expected), "{page}");
    }
}
