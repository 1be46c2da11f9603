//! What a night was checked by, from sources to figures, becomes verdicts with what was measured.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::Value;

use crate::definition::Definitions;
use crate::error::Result;
use crate::run::kept_runs::folder;
use crate::run::ledger::Ledger;
use crate::run::manifest::Manifest;
use crate::run::parquet;
use crate::run::protect::RELEASES;
use crate::run::report::advice;
use crate::run::report::gates;
use crate::run::report::inputs::Came;
use crate::run::report::night::Night;
use crate::run::report::sheet::{Cell, Part, Sheet, Tone};
use crate::vocabulary::columns;
use crate::vocabulary::french::{short_day, spaced};
use crate::vocabulary::tables::RECONCILIATION;

/// Anchor and title of the part.
pub(super) const NAME: (&str, &str) = ("controles", "Portes et contrôles");
/// The verdict of a release.
const VERDICT: &str = "verdict.json";
const PROTECTED: &str = "protected";

/// The part on gates, checks and warnings.
///
/// # Errors
/// When the warehouse cannot be read.
pub(super) fn part(
    night: &Night<'_>,
    made: Option<&Manifest>,
    (definitions, ledger, came): (Option<&Definitions>, Option<&Ledger>, &[Came]),
) -> Result<Part> {
    let mut sheets = vec![checks(night, made, ledger)?];
    if let Some(definitions) = definitions {
        sheets.push(gates::sheet(night, made, (definitions, ledger, came))?);
    }
    sheets.extend(made.and_then(reconciliation));
    let mut sentences = Vec::new();
    match made.filter(|_| night.attempt.is_good()) {
        Some(made) if made.warnings.is_empty() => sentences.push("Aucun avertissement.".to_owned()),
        Some(made) => sheets.push(warnings(made)),
        None => sentences.push(
            "La nuit n'a rien publié : ce qui n'a pas été contrôlé est marqué « pas fait »."
                .to_owned(),
        ),
    }
    if definitions.is_none() {
        let unknown = "Les limites ne sont pas connues : les déclarations ne se lisent pas.";
        sentences.push(unknown.to_owned());
    }
    Ok(Part {
        anchor: NAME.0,
        title: NAME.1,
        sentences,
        sheets,
        notes: vec![
            "Une source passe si la part de ses lignes refusées ne dépasse pas « au plus », et si \
             ses enregistrements lus sont « au moins » une part de la médiane de ses derniers \
             jours. « – » : rien n'est attendu, ou rien n'est connu."
                .to_owned(),
        ],
        ..Part::default()
    })
}

fn checks(night: &Night<'_>, made: Option<&Manifest>, ledger: Option<&Ledger>) -> Result<Sheet> {
    let heads = ["Contrôle", "Attendu", "Mesuré", "Verdict"];
    let mut sheet = Sheet::of("Contrôles de la nuit", &heads);
    let not_done = || [Cell::none(), Cell::verdict("pas fait", Tone::Warn)];
    let measured = |what: String, is_good: bool| {
        let verdict = if is_good { ("passe", Tone::Good) } else { ("refusé", Tone::Bad) };
        [Cell::from(what), Cell::verdict(verdict.0, verdict.1)]
    };
    let mut row = |check: &str, expected: &str, found: [Cell; 2]| {
        let [what, verdict] = found;
        sheet.row([Cell::from(check), Cell::from(expected), what, verdict]);
    };
    let residuals = ledger.map(|ledger| ledger.residuals().len());
    let residuals = residuals.map(|open| measured(format!("{open} en écart"), open == 0));
    let what = "Conservation : lignes, participants et minutes de chaque compte";
    row(what, "aucun compte en écart", residuals.unwrap_or_else(not_done));
    let good = made.filter(|_| night.attempt.is_good());
    let run = good.map(|made| folder(&made.run_id));
    let compared = match &run {
        Some(run) => compared(night, run)?,
        None => None,
    };
    let compared = compared.map(|(cells, differing)| {
        let what = format!("{} chiffres comparés, {} en écart", spaced(cells), spaced(differing));
        measured(what, differing == 0)
    });
    row("Tables comparées entre elles", "aucun écart", compared.unwrap_or_else(not_done));
    let residual = made.and_then(|made| made.reconciliation.get("residu_anti_jointure").copied());
    let residual = residual.map(|found| match found {
        0 => measured("0 activité en double".to_owned(), true),
        _ => {
            let verdict = Cell::verdict("à vérifier", Tone::Warn);
            [Cell::from(format!("{} activités suspectes", spaced(found))), verdict]
        }
    });
    let what = "Deux systèmes : rien ne compte deux fois";
    row(what, "aucune activité en double", residual.unwrap_or_else(not_done));
    let secrecy = match (good, night.end().and_then(|end| end.release.as_deref())) {
        (Some(_), Some(release)) => secrecy(night, release)?.map(|it| measured(it.0, it.1)),
        _ => None,
    };
    let what = "Secret statistique : la diffusion est attestée";
    row(what, "`protected`", secrecy.unwrap_or_else(not_done));
    Ok(sheet)
}

/// Figures that were compared between tables, and those that differ.
fn compared(night: &Night<'_>, run: &str) -> Result<Option<(i64, i64)>> {
    let path = format!("{run}/tables/{}.parquet", RECONCILIATION.name);
    if !night.store.has(&path) {
        return Ok(None);
    }
    let rows = parquet::read_whole(night.store.file(&path)?)?;
    let sum = |name: &str| {
        let column = rows.column_by_name(name);
        let column = column.and_then(|it| it.as_primitive_opt::<Int64Type>());
        column.map(|it| it.iter().flatten().sum::<i64>())
    };
    Ok(sum(columns::CELLULES.name).zip(sum(columns::ECARTS.name)))
}

/// What the verdict of a release says, and whether it is good.
fn secrecy(night: &Night<'_>, release: &str) -> Result<Option<(String, bool)>> {
    let content = night.store.read(&format!("{RELEASES}/{release}/{VERDICT}"))?;
    let verdict = content.and_then(|it| serde_json::from_slice::<Value>(&it).ok());
    Ok(verdict.map(|verdict| {
        let of = |name: &str| verdict.get(name).and_then(Value::as_str).unwrap_or_default();
        let short: String = of("certificate").chars().take(16).collect();
        let found = of("verdict");
        let told =
            format!("`{found}` : diffusion {release}, règles {}, certificat {short}…", of("rules"));
        (told, found == PROTECTED)
    }))
}

/// How the two systems fit together.
fn reconciliation(made: &Manifest) -> Option<Sheet> {
    let found = |what: &str| made.reconciliation.get(what).copied().unwrap_or_default();
    if found("copies_migrees") == 0 {
        return None;
    }
    let mut sheet = Sheet::of("Espace Coop et La Coop", &["Quoi", "#Activités"]);
    for (what, code) in [
        ("Copies de l'Espace Coop laissées de côté", "copies_migrees"),
        ("dont reconnues à leur instant de création", "copies_par_instant"),
        ("dont antérieures à l'ouverture de La Coop", "copies_avant_ouverture"),
        ("Copies dont l'archive n'a pas l'original", "copies_sans_archive"),
        ("Enregistrements de l'archive sans copie", "archives_sans_copie"),
        ("Activités créées au même instant qu'un original", "residu_anti_jointure"),
    ] {
        sheet.row([Cell::from(what), Cell::from(found(code))]);
    }
    Some(sheet)
}

fn warnings(made: &Manifest) -> Sheet {
    let mut sheet = Sheet::of("Avertissements", &["Avertissement", "Accepté", "Que faire"]);
    for warning in &made.warnings {
        let accepted = match &warning.accepted {
            Some(accepted) => {
                let until = short_day(&accepted.until.to_string());
                Cell::verdict(format!("jusqu'au {until} : {}", accepted.reason), Tone::Good)
            }
            None => Cell::verdict("non", Tone::Warn),
        };
        sheet.row([
            Cell::from(warning.text.as_str()),
            accepted,
            Cell::from(advice::of_warning(warning.code)),
        ]);
    }
    sheet
}
