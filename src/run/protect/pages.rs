//! A policy and what a release hides become the pages that tell readers and experts of it.

use crate::definition::secrecy::{Policy, Unit};
use crate::publish::describe::in_french;

/// What the pages tell of a release.
pub(super) struct Told<'a> {
    pub(super) policy: &'a Policy,
    /// Name, title and why of each table.
    pub(super) tables: Vec<(&'a str, &'a str, String)>,
    /// Last month that is shown.
    pub(super) until: String,
    /// Rows, and those that are hidden.
    pub(super) counts: (u64, u64),
}

/// For readers, in French.
pub(super) fn for_readers(told: &Told<'_>) -> String {
    let Told { policy, until, counts: (rows, hidden), .. } = told;
    let symbol = &policy.symbol;
    let mut page = format!(
        "# Méthode : secret statistique\n\n\
         {hidden} lignes sur {rows} sont masquées : leurs chiffres sont vides et la colonne \
         `secret` \
         porte le signe `{symbol}`.\n\
         Le même signe vaut quelle que soit la raison, car la raison donnerait des chiffres.\n\n\
         ## Pourquoi une ligne est masquée\n\n\
         Parce qu'un chiffre y ferait connaître une structure ou une personne :\n\n"
    );
    for rules in policy.rules.values() {
        page.push_str(&format!("- {}\n", in_french(rules)));
    }
    page.push_str(&format!(
        "\nOu parce que, sans elle, un chiffre masqué se calculerait par différence : entre un \
        total \
         et ses parties, entre deux tables, entre deux périodes, entre deux diffusions.\n\
         Une ligne est masquée pour tous ses indicateurs ou pour aucun, dans toutes les tables où \
         elle figure.\n\
         Une ligne absente vaut zéro.\n\n\
         ## Quelles périodes\n\n\
         Les mois clos, jusqu'à {until} ; les trimestres et les années quand tous leurs mois le \
         sont.\n\
         Un mois clos garde ses chiffres. Ce qui arrive ensuite attend d'être assez nombreux \
         pour ne \
         faire connaître personne.\n\
         Une ligne diffusée le reste ; une ligne masquée le reste.\n\n\
         ## Tables\n\n"
    ));
    for (name, title, why) in &told.tables {
        page.push_str(&format!("- `{name}` : {title}. {why}\n"));
    }
    page.push_str(&format!(
        "\n## Règles\n\nVersion {}, décidées le {} par {}. {}\n\
         `verdict.json` porte le résultat du contrôle, fait par un autre programme que le \
         masquage, \
         et l'empreinte de sa preuve.\n",
        policy.version, policy.decided_on, policy.decided_by, policy.reason
    ));
    page
}

/// For experts, in English.
pub(super) fn for_experts(told: &Told<'_>) -> String {
    let Told { policy, counts: (rows, hidden), .. } = told;
    let mut page = format!(
        "# Statistical disclosure control of this release\n\n\
         Rules version {}; {hidden} of {rows} rows suppressed, one symbol (`{}`) for primary and \
         secondary cells.\n\n",
        policy.version, policy.symbol
    );
    for (name, rules) in &policy.rules {
        let dominance = rules.dominance.iter();
        let dominance: Vec<String> =
            dominance.map(|rule| format!("({}, {} %)", rule.top, rule.percent)).collect();
        let of_units = match rules.unit {
            Unit::Person => String::new(),
            Unit::Holding | Unit::Structure => format!("; (n, k) {}", dominance.join(" ")),
        };
        page.push_str(&format!(
            "- `{name}`: minimum frequency {}{of_units}; p % {}\n",
            rules.min_units, rules.p_percent
        ));
    }
    page.push_str(
        "\n## Model\n\n\
         - One system for all tables, levels and periods: a margin that tables share is one \
         figure; \
         months add up to quarters and years; a theme is at most its total, and themes together \
         are \
         at least it.\n\
         - EPCI and départements do not nest: their intersections are figures that are never \
         published.\n\
         - Contributions are summed by holding (SIREN) and period before any test; rows without \
         SIREN are one holding.\n\
         - Persons are those who come for the first time, as far as records tell: \
         sum of max(P - R, 0).\n\
         - A row is suppressed for all measures or for none; the pattern is the union of what each \
         measure needs.\n\
         - Closed months only, each with the records it closed with; a revision is taken over when \
         what it moves in every published cell comes from as many holdings as the threshold asks \
         for, none of which dominates it.\n\
         - Published cells stay published, suppressed cells stay suppressed.\n\n\
         ## Method\n\n\
         Candidates are published one by one unless a primary figure would lie in the span of what \
         is published (sparse elimination modulo a prime).\n\
         Proof: for each primary figure two integer changes of suppressed figures, one up and one \
         down, that break no relation of any release, checked by a verifier that only adds. \
         The certificate is confidential; `verdict.json` has its SHA-256.\n\n\
         ## Not covered\n\n\
         - Distinct counts of advisers and employers, ratios, and tables of contracts and \
         subsidies \
         are not released.\n\
         - The complement of a theme within its total is not protected as a cell of its own.\n",
    );
    page
}
