//! Posts become the extracts of the tables that hold them: structures, posts, contracts, subsidies.

use std::io::{self, Write};

use crate::sample::dataspace::{Agreement, Dataspace, EXTRACTED, Post};
use crate::sample::days::{DAY_MS, iso_day, sql_instant};
use crate::sample::lines::CsvLine;
use crate::sample::{FileSummary, Output};

/// Names of the files.
pub(crate) const STRUCTURES_FILE: &str = "dataspace_structure_administrative.csv.zst";
pub(crate) const POSTS_FILE: &str = "dataspace_poste.csv.zst";
pub(crate) const CONTRACTS_FILE: &str = "dataspace_contrat.csv.zst";
pub(crate) const SUBSIDIES_FILE: &str = "dataspace_subvention.csv.zst";
pub(crate) const BY_SOURCE_FILE: &str = "dataspace_financement.csv.zst";

/// Level that takes no time to speak of.
const LEVEL: i32 = 3;
/// One subsidy in as many has an older line, which is history.
const HISTORY: u64 = 53;
/// Of the agreements of renewal that began later, those of every second post are in the older
/// layout.
const OLDER_LAYOUT: u64 = 2;

const STRUCTURES_HEADER: &[&str] = &[
    "id",
    "siret",
    "ridet",
    "denomination_sirene",
    "denomination_antenne",
    "etat_administratif",
    "categorie_juridique",
    "publique",
    "code_insee",
    "code_postal",
    "france_services",
];
const POSTS_HEADER: &[&str] = &[
    "id",
    "poste_conum_id",
    "structure_id",
    "personne_id",
    "typologie",
    "date_attribution",
    "date_rendu_poste",
    "poste_renouvele",
    "etat",
    "created_at",
    "updated_at",
];
const CONTRACTS_HEADER: &[&str] = &[
    "id",
    "personne_id",
    "date_debut",
    "date_fin",
    "date_rupture",
    "type",
    "structure_id",
    "created_at",
    "updated_at",
];
const SUBSIDIES_HEADER: &[&str] = &[
    "id",
    "poste_id",
    "date_debut_convention_dgcl",
    "date_fin_convention_dgcl",
    "date_debut_convention_dge",
    "date_fin_convention_dge",
    "date_debut_convention_ditp",
    "date_fin_convention_ditp",
    "montant_subvention_v1",
    "montant_versement_v1",
    "montant_avoir_v1",
    "montant_bonification_v2",
    "montant_subvention_v2",
    "montant_avoir_v2",
    "versement_1_v2",
    "versement_2_v2",
    "versement_3_v2",
    "date_versement_1_v2",
    "date_versement_2_v2",
    "date_versement_3_v2",
];
const BY_SOURCE_HEADER: &[&str] = &[
    "id",
    "poste_id",
    "source_financement",
    "date_debut_convention",
    "date_fin_convention",
    "montant_subvention",
    "montant_bonification",
    "versement_1",
    "versement_2",
    "versement_3",
];

/// Writes the extracts.
pub(crate) fn write(dataspace: &Dataspace, output: &mut Output<'_, '_>) -> io::Result<()> {
    output.file(STRUCTURES_FILE, |out| {
        extract(out, (STRUCTURES_FILE, STRUCTURES_HEADER), &mut |table| {
            structures(dataspace, table)
        })
    })?;
    output.file(POSTS_FILE, |out| {
        extract(out, (POSTS_FILE, POSTS_HEADER), &mut |table| posts(dataspace, table))
    })?;
    output.file(CONTRACTS_FILE, |out| {
        extract(out, (CONTRACTS_FILE, CONTRACTS_HEADER), &mut |table| contracts(dataspace, table))
    })?;
    output.file(SUBSIDIES_FILE, |out| {
        extract(out, (SUBSIDIES_FILE, SUBSIDIES_HEADER), &mut |table| subsidies(dataspace, table))
    })?;
    output.file(BY_SOURCE_FILE, |out| {
        extract(out, (BY_SOURCE_FILE, BY_SOURCE_HEADER), &mut |table| by_source(dataspace, table))
    })
}

/// An extract that is being written.
struct Extract<'w> {
    out: &'w mut dyn Write,
    line: CsvLine,
    rows: u64,
}

impl Extract<'_> {
    fn row(&mut self, fields: &[&str]) -> io::Result<()> {
        self.line.start(usize::MAX);
        self.line.fields(fields);
        self.rows += 1;
        self.out.write_all(self.line.end())
    }
}

fn extract(
    out: &mut dyn Write,
    (name, header): (&str, &[&str]),
    fill: &mut dyn FnMut(&mut Extract<'_>) -> io::Result<()>,
) -> io::Result<FileSummary> {
    let mut out = zstd::stream::write::Encoder::new(out, LEVEL)?;
    let mut table = Extract { out: &mut out, line: CsvLine::new(','), rows: 0 };
    table.row(header)?;
    fill(&mut table)?;
    let mut summary = FileSummary::new(name);
    summary.rows = table.rows - 1;
    out.finish()?;
    Ok(summary)
}

fn day(day: Option<i64>) -> String {
    day.map(iso_day).unwrap_or_default()
}

fn structure_id(employer: usize) -> String {
    (employer + 1).to_string()
}

fn structures(dataspace: &Dataspace, table: &mut Extract<'_>) -> io::Result<()> {
    for (position, employer) in dataspace.employers.iter().enumerate() {
        let category = employer.registered_category;
        table.row(&[
            &structure_id(position),
            &employer.siret,
            "",
            &employer.name,
            "",
            "A",
            category,
            if category.starts_with('7') { "true" } else { "false" },
            &employer.commune_code,
            &employer.postal_code,
            dataspace.label(position),
        ])?;
    }
    Ok(())
}

/// Number of the line of a post: those of former structures come first.
fn line_id(post: &Post, is_former: bool) -> String {
    (post.number * 2 + if is_former { 1 } else { 2 }).to_string()
}

fn posts(dataspace: &Dataspace, table: &mut Extract<'_>) -> io::Result<()> {
    for post in &dataspace.posts {
        let is_returned = post.returned.is_some_and(|day| day <= EXTRACTED);
        let state = match (is_returned, post.is_held) {
            (true, _) => "rendu",
            (_, true) => "occupe",
            _ => "vacant",
        };
        let person = post.person.map(|number| (number + 1).to_string()).unwrap_or_default();
        let created = sql_instant((post.awarded + 100) * DAY_MS + 36_000_000);
        let before = sql_instant((post.awarded + 1) * DAY_MS + 36_000_000);
        let lines = post.former.map(|former| (former, true)).into_iter();
        for (employer, is_former) in lines.chain([(post.employer, false)]) {
            table.row(&[
                &line_id(post, is_former),
                &(post.number + 1).to_string(),
                &structure_id(employer),
                if is_former { "" } else { &person },
                if post.is_coordinator { "coordo" } else { "conum" },
                &iso_day(post.awarded),
                &day(post.returned.filter(|_| is_returned)),
                if post.agreements.len() > 1 { "true" } else { "false" },
                state,
                if is_former { &before } else { &created },
                &sql_instant(EXTRACTED * DAY_MS),
            ])?;
        }
    }
    Ok(())
}

fn contracts(dataspace: &Dataspace, table: &mut Extract<'_>) -> io::Result<()> {
    for post in &dataspace.posts {
        let person = post.person.map(|number| (number + 1).to_string()).unwrap_or_default();
        for contract in &post.contracts {
            let id = table.rows.to_string();
            let created = sql_instant(contract.start * DAY_MS + 36_000_000);
            table.row(&[
                &id,
                &person,
                &iso_day(contract.start),
                &day(contract.end),
                &day(contract.broken),
                contract.kind,
                &structure_id(post.employer),
                &created,
                &created,
            ])?;
        }
    }
    Ok(())
}

/// Whether an agreement is in the layout with one source a line.
fn is_older(post: &Post, agreement: &Agreement) -> bool {
    agreement.bonus == 0
        && agreement.source == "dge"
        && agreement.euros == 30_000
        && post.number.is_multiple_of(OLDER_LAYOUT)
}

fn subsidies(dataspace: &Dataspace, table: &mut Extract<'_>) -> io::Result<()> {
    for post in &dataspace.posts {
        let own: Vec<&Agreement> =
            post.agreements.iter().filter(|one| !is_older(post, one)).collect();
        let of = |source: &str| own.iter().copied().find(|one| one.source == source);
        if post.number % HISTORY == 11
            && let Some(first) = of("dgcl")
        {
            // An amendment that was replaced: it ends before, and pays nothing.
            let end = iso_day(first.end() - 100);
            let amount = (first.euros - 5_000).to_string();
            let mut fields = [""; 20];
            let (id, line) = (table.rows.to_string(), line_id(post, false));
            let start = iso_day(first.start);
            for (place, field) in [(0, &id), (1, &line), (2, &start), (3, &end), (8, &amount)] {
                if let Some(to) = fields.get_mut(place) {
                    *to = field;
                }
            }
            table.row(&fields)?;
        }
        if own.is_empty() {
            continue;
        }
        let dates = |source: &str| {
            let found = of(source);
            [day(found.map(|one| one.start)), day(found.map(Agreement::end))]
        };
        let renewal = of("dge").or_else(|| of("ditp"));
        let euros = |amount: Option<u64>| amount.map(|euros| euros.to_string()).unwrap_or_default();
        let payment = |place: usize| renewal.and_then(|one| one.paid.get(place).copied());
        let mut fields = vec![table.rows.to_string(), line_id(post, false)];
        fields.extend(["dgcl", "dge", "ditp"].into_iter().flat_map(dates));
        let first = of("dgcl");
        fields.extend([
            euros(first.map(|one| one.euros)),
            euros(first.and_then(|one| one.paid.first()).map(|(paid, _)| *paid)),
            String::new(),
            euros(renewal.map(|one| one.bonus)),
            euros(renewal.map(|one| one.euros - one.bonus)),
            String::new(),
        ]);
        fields.extend((0..3).map(|place| euros(payment(place).map(|(paid, _)| paid))));
        fields.extend((0..3).map(|place| day(payment(place).map(|(_, at)| at))));
        table.row(&fields.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn by_source(dataspace: &Dataspace, table: &mut Extract<'_>) -> io::Result<()> {
    for post in &dataspace.posts {
        for agreement in post.agreements.iter().filter(|one| is_older(post, one)) {
            let paid = agreement.paid.first().map(|(paid, _)| paid.to_string());
            table.row(&[
                &format!("a{}", table.rows),
                &line_id(post, false),
                &agreement.source.to_uppercase(),
                &iso_day(agreement.start),
                &iso_day(agreement.end()),
                &agreement.euros.to_string(),
                "",
                paid.as_deref().unwrap_or_default(),
                "",
                "",
            ])?;
        }
    }
    Ok(())
}
