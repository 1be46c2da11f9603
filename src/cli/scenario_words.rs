//! The assumptions of a scenario become French sentences, printed with every result.

use crate::definition::scenario::{Class, Scenario, Start};
use crate::vocabulary::french::spaced;

/// All that a result depends on besides the posts themselves.
pub(super) fn assumptions(scenario: &Scenario, (posts, as_of): (i64, &str)) -> Vec<String> {
    let [first, last] = scenario.years;
    let mut sentences = vec![
        format!("Années : {first} à {last}, chacune entière."),
        format!(
            "Postes : les {} occupés ou vacants au {as_of} ; aucun n'est créé ensuite.",
            spaced(posts)
        ),
        format!("Coût annuel d'un poste : {}, sans évolution.", costs(scenario)),
        start(scenario),
    ];
    sentences.extend(scenario.class.iter().enumerate().map(|(place, one)| class(one, place)));
    sentences.push(
        "Arrondis : aucun sur les montants ; les postes maintenus le sont à l'unité, la moitié \
         vers le haut, par type d'employeur, classe et année de fin de convention ; la part de \
         l'État est le rapport des deux montants, arrondi à l'unité."
            .to_owned(),
    );
    sentences
}

fn costs(scenario: &Scenario) -> String {
    let others = scenario.cost_euros_by_type.iter();
    let others = others.map(|(kind, euros)| format!("{} € ({kind})", spaced(*euros)));
    let usual = std::iter::once(format!("{} €", spaced(scenario.cost_euros)));
    usual.chain(others).collect::<Vec<_>>().join(", ")
}

fn start(scenario: &Scenario) -> String {
    let [first, _] = scenario.years;
    match (scenario.starts, scenario.agreement_share_percent) {
        (Start::Agreement, share) => format!(
            "Renouvellement 1 : l'année qui suit celle où finit la convention du poste, {first} au \
             plus tôt ; {first} aussi si cette fin est inconnue. Avant, l'État paie {} % et aucun \
             poste n'est à risque.",
            share.unwrap_or_default()
        ),
        (Start::Scenario, _) => format!("Renouvellement 1 : {first}, pour tous les postes."),
    }
}

fn class(class: &Class, place: usize) -> String {
    let conditions = class.wanted.iter();
    let conditions = conditions.map(|(column, values)| format!("{column} : {}", values.join(", ")));
    let conditions = conditions.collect::<Vec<_>>().join(" ; ");
    let who = match (conditions.is_empty(), place) {
        (true, 0) => "tous les postes".to_owned(),
        (true, _) => "tous les autres postes".to_owned(),
        (false, _) => conditions,
    };
    format!(
        "{} ({who}) : l'État paie {} ; {} % des postes sont maintenus à chaque renouvellement ; \
         {}.",
        class.title,
        shares(&class.state_share_percent),
        class.renewed_percent,
        risk(class)
    )
}

/// `70 % (1), 60 % (2), 50 % (3 et suivants)`.
fn shares(shares: &[i64]) -> String {
    let of = |(share, number): (&i64, usize)| {
        let rest = if number == shares.len() { " et suivants" } else { "" };
        format!("{share} % (renouvellement {number}{rest})")
    };
    shares.iter().zip(1..).map(of).collect::<Vec<_>>().join(", ")
}

fn risk(class: &Class) -> String {
    let over = class.at_risk.cofinancing_over_euros;
    let over = over.map(|euros| format!("le cofinancement de l'année dépasse {} €", spaced(euros)));
    let under = class.at_risk.state_share_under_percent;
    let under = under.map(|share| format!("l'État paie moins de {share} %"));
    let rules: Vec<String> = over.into_iter().chain(under).collect();
    match rules.is_empty() {
        true => "aucun n'est dit à risque".to_owned(),
        false => format!("un poste est à risque si {}", rules.join(" ou si ")),
    }
}
