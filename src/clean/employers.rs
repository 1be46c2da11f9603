//! What the sources say of an employer becomes one coded record: SIREN, type, territory, label.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::clean::public_employers::Decision;
use crate::clean::rows::Row;
use crate::clean::territory::{Located, locate};
use crate::definition::Definitions;
use crate::definition::codelist::Lists;
use crate::error::Result;
use crate::vocabulary::codes::{INCONNU, SEPARATOR};
use crate::vocabulary::sirene::{is_siren, is_siret};
use crate::vocabulary::{columns, flags};

/// What the sources say of an employer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// SIRET, 14 digits.
    pub siret: Option<String>,
    /// Name rules its name matches.
    pub name_rules: String,
    /// Declared type, as written.
    pub kind: String,
    /// Legal category.
    pub category: String,
    /// Commune code, as written.
    pub commune: String,
    /// Postal code, as written.
    pub postal_code: String,
    /// France Services, as written.
    pub france_services: String,
    /// Flags of the reading, separated.
    pub flags: String,
}

/// Writes what is known of a structure as an employer into a record; gives the employing entity.
pub type Tell<'a> = dyn Fn(&str, &mut Row) -> String + 'a;

/// Employers by their identifier in one of the systems.
#[derive(Debug, Default)]
pub struct Register {
    by_id: BTreeMap<String, Declared>,
    /// SIREN → legal category, from those that have one.
    categories: BTreeMap<String, String>,
    /// SIREN → what SIRENE says.
    units: BTreeMap<String, Unit>,
    /// SIRET → what the public list says.
    published: BTreeMap<String, Published>,
}

/// A legal unit of SIRENE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Legal category on the reference day.
    pub category: String,
    /// All periods, where it has or had another one at another time.
    pub changes: Vec<Period>,
}

/// Days of a legal unit with one legal category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// First day, since 1970.
    pub start: Option<i32>,
    /// Last day.
    pub end: Option<i32>,
    /// Legal category.
    pub category: String,
}

impl Period {
    /// Whether a day is in it.
    #[must_use]
    pub fn covers(&self, day: i32) -> bool {
        self.start.is_none_or(|start| start <= day) && self.end.is_none_or(|end| day <= end)
    }

    /// Its first day, and the day after its last.
    pub(super) fn bounds(&self) -> impl Iterator<Item = i32> + use<> {
        let after = self.end.and_then(|end| end.checked_add(1));
        [self.start, after].into_iter().flatten()
    }
}

/// What the public list says of an establishment; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Published {
    france_services: String,
    zrr: String,
    qpv: String,
}

/// The type that an employer had in a period, where it is not that of the reference day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerType {
    /// The period.
    pub period: Period,
    /// The type, its group, and what decided.
    pub codes: [String; 3],
}

/// Identifier of an employer → the types it had at other times.
pub type FormerTypes = BTreeMap<String, Vec<FormerType>>;

impl Register {
    /// A register of the structures read.
    #[must_use]
    pub fn new(structures: BTreeMap<String, Declared>, units: BTreeMap<String, Unit>) -> Self {
        let categories = structures
            .values()
            .filter(|declared| !declared.category.is_empty())
            .filter_map(|declared| Some((siren(declared)?.to_owned(), declared.category.clone())))
            .collect();
        Self { by_id: structures, categories, units, published: BTreeMap::new() }
    }

    /// Learns what the public list says of establishments: of several decisions, the latest that
    /// says something.
    pub fn learn(&mut self, decisions: &[Decision], lists: &Lists) {
        let mut decisions: Vec<&Decision> = decisions.iter().collect();
        decisions.sort_by_key(|decision| (decision.day, decision.fingerprint));
        for decision in decisions {
            let Some(siret) = &decision.employer.siret else { continue };
            let known = self.published.entry(siret.clone()).or_default();
            let label = lists.france_services(&decision.employer.france_services);
            for (known, found) in [
                (&mut known.france_services, label.filter(|label| *label != INCONNU)),
                (&mut known.zrr, Some(decision.zrr.as_str())),
                (&mut known.qpv, Some(decision.qpv.as_str())),
            ] {
                if let Some(found) = found.filter(|found| !found.is_empty()) {
                    found.clone_into(known);
                }
            }
        }
    }

    fn published(&self, declared: &Declared) -> Option<&Published> {
        self.published.get(declared.siret.as_deref()?)
    }

    /// Codes an employer of the systems: where its own extracts say nothing of its label, the
    /// public list does.
    fn code(&self, declared: &Declared, definitions: &Definitions) -> Employer {
        let mut employer = resolve(declared, self, definitions);
        let label = self.published(declared).map(|published| &published.france_services);
        if employer.france_services == INCONNU
            && let Some(label) = label.filter(|label| !label.is_empty())
        {
            employer.france_services.clone_from(label);
            employer.flags.push(flags::FRANCE_SERVICES_PUBLIQUE.to_owned());
        }
        employer
    }

    /// The types that employers had when SIRENE gave them another legal category.
    #[must_use]
    pub fn former_types(&self, definitions: &Definitions) -> FormerTypes {
        let mut found = FormerTypes::new();
        for (id, declared) in &self.by_id {
            let unit = siren(declared).and_then(|siren| self.units.get(siren));
            let Some(unit) = unit.filter(|unit| !unit.changes.is_empty()) else { continue };
            let today = kind_of(declared, Some(&unit.category), definitions);
            let others = unit.changes.iter().filter(|period| !period.category.is_empty());
            let former: Vec<FormerType> = others
                .map(|period| (period, kind_of(declared, Some(&period.category), definitions)))
                .filter(|(_, then)| then.0 != today.0)
                .map(|(period, (kind, source))| FormerType {
                    period: period.clone(),
                    codes: [kind, definitions.lists.employer_group(kind), source]
                        .map(str::to_owned),
                })
                .collect();
            if !former.is_empty() {
                found.insert(id.clone(), former);
            }
        }
        found
    }

    /// Adds what an activity says of its employer, where the structures say nothing.
    pub fn complete(&mut self, id: &str, siret: Option<&str>, kind: &str) {
        let is_new = !self.by_id.contains_key(id);
        let declared = self.by_id.entry(id.to_owned()).or_default();
        if is_new {
            declared.flags = flags::STRUCTURE_INCONNUE.to_owned();
        }
        // Several activities may disagree: a SIRET with a right key wins, then the greatest,
        // whatever the order they come in.
        if declared.flags == flags::STRUCTURE_INCONNUE && declared.kind.as_str() < kind {
            declared.kind = kind.to_owned();
        }
        let rank = |siret: Option<&str>| siret.map(|siret| (is_siret(siret), siret.to_owned()));
        if declared.flags == flags::STRUCTURE_INCONNUE
            && rank(declared.siret.as_deref()) < rank(siret)
        {
            declared.siret = siret.map(str::to_owned);
        }
    }

    /// The identifiers of the employers.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }

    /// The legal category of an employer: that of SIRENE, its own, or that of another
    /// establishment of its SIREN; and whether SIRENE had another one before.
    fn category<'a>(&'a self, declared: &'a Declared, siren: Option<&str>) -> Category<'a> {
        let unit = siren.and_then(|siren| self.units.get(siren));
        let own = Some(declared.category.as_str()).filter(|category| !category.is_empty());
        let others = || self.categories.get(siren?).map(String::as_str);
        let code = unit.map(|unit| unit.category.as_str()).or(own).or_else(others);
        Category { code, has_changed: unit.is_some_and(|unit| !unit.changes.is_empty()) }
    }

    /// Writes what is known of a structure as an employer into a record; returns the employing
    /// entity: its SIREN, or what identifies the structure.
    pub fn tell(&self, id: &str, definitions: &Definitions, row: &mut Row) -> String {
        let nothing = Declared::default();
        let declared = self.by_id.get(id).unwrap_or(&nothing);
        let employer = self.code(declared, definitions);
        let told = [flags::STRUCTURE_INCONNUE, flags::FRANCE_SERVICES_PUBLIQUE];
        row.flags(told.into_iter().filter(|flag| employer.flags.iter().any(|own| own == flag)));
        let published = self.published(declared);
        row.text(&columns::ZRR, published.map(|published| published.zrr.as_str()));
        row.text(&columns::QPV, published.map(|published| published.qpv.as_str()));
        let entity = employer.siren.clone().unwrap_or_else(|| id.to_owned());
        row.text(&columns::SIREN, employer.siren.as_deref());
        row.text(&columns::EMPLOYEUR_ID, Some(&entity));
        row.text(&columns::TYPE_EMPLOYEUR, Some(&employer.kind));
        row.text(&columns::GROUPE_EMPLOYEUR, Some(&employer.group));
        row.text(&columns::TYPE_EMPLOYEUR_SOURCE, Some(&employer.kind_source));
        row.text(&columns::FRANCE_SERVICES, Some(&employer.france_services));
        let departement = employer.located.departement.as_deref();
        row.text(&columns::DEPARTEMENT, Some(departement.unwrap_or(INCONNU)));
        row.text(&columns::REGION, Some(employer.located.region.as_deref().unwrap_or(INCONNU)));
        entity
    }

    /// The clean table of employers, by identifier.
    ///
    /// # Errors
    /// When the frame cannot be built.
    pub fn resolve(&self, definitions: &Definitions) -> Result<DataFrame> {
        let mut rows = Columns::default();
        for (id, declared) in &self.by_id {
            let employer = self.code(declared, definitions);
            rows.push(id, declared, employer);
        }
        rows.frame()
    }
}

struct Category<'a> {
    code: Option<&'a str>,
    has_changed: bool,
}

/// An employer, coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Employer {
    pub(super) siren: Option<String>,
    pub(super) category: Option<String>,
    pub(super) kind: String,
    /// The group in which the type is published.
    pub(super) group: String,
    pub(super) kind_source: String,
    pub(super) france_services: String,
    pub(super) located: Located,
    pub(super) flags: Vec<String>,
}

/// The type of an employer of a legal category, and what decided. Order: exception by SIREN, legal
/// category, list of communes and EPCI, then the fallback rules; what none of them decides is
/// unknown.
fn kind_of<'d>(
    declared: &Declared,
    category: Option<&str>,
    definitions: &'d Definitions,
) -> (&'d str, &'d str) {
    let siren = siren(declared);
    let rules = &definitions.employer_rules;
    let exception = siren.and_then(|siren| rules.exception(siren));
    let by_category = category.and_then(|category| rules.of_category(category));
    let by_list = siren.and_then(|siren| definitions.territory.employer_type(siren));
    exception
        .map(|kind| (kind, "exception"))
        .or_else(|| by_category.map(|kind| (kind, "categorie_juridique")))
        .or_else(|| by_list.map(|kind| (kind, "siren_reference")))
        .or_else(|| rules.fallback(&declared.name_rules, siren.unwrap_or_default(), &declared.kind))
        .unwrap_or((INCONNU, INCONNU))
}

/// Codes one employer.
pub(super) fn resolve(
    declared: &Declared,
    register: &Register,
    definitions: &Definitions,
) -> Employer {
    let siren = siren(declared);
    let Category { code: category, has_changed } = register.category(declared, siren);
    let (kind, kind_source) = kind_of(declared, category, definitions);
    let located = locate(&definitions.territory, &declared.commune, &declared.postal_code);
    let flags = declared
        .flags
        .split(SEPARATOR)
        .chain(located.flags.iter().copied())
        .chain(has_changed.then_some(flags::CATEGORIE_CHANGEE))
        .filter(|flag| !flag.is_empty())
        .map(str::to_owned)
        .collect();
    Employer {
        siren: siren.map(str::to_owned),
        category: category.map(str::to_owned),
        kind: kind.to_owned(),
        group: definitions.lists.employer_group(kind).to_owned(),
        kind_source: kind_source.to_owned(),
        france_services: definitions
            .lists
            .france_services(&declared.france_services)
            .unwrap_or(INCONNU)
            .to_owned(),
        located,
        flags,
    }
}

/// The SIREN of a SIRET, if its own key is right: the establishment's number may still be wrong.
fn siren(declared: &Declared) -> Option<&str> {
    declared.siret.as_deref().and_then(|siret| siret.get(..9)).filter(|siren| is_siren(siren))
}

#[derive(Default)]
struct Columns {
    text: [Vec<Option<String>>; 15],
}

impl Columns {
    fn push(&mut self, id: &str, declared: &Declared, employer: Employer) {
        let flags = employer.flags.join(SEPARATOR);
        let row = [
            Some(id.to_owned()),
            declared.siret.clone(),
            employer.siren,
            employer.category,
            Some(declared.kind.clone()).filter(|kind| !kind.is_empty()),
            Some(employer.kind),
            Some(employer.group),
            Some(employer.kind_source),
            Some(employer.france_services),
            employer.located.commune,
            employer.located.epci,
            Some(employer.located.departement.unwrap_or_else(|| INCONNU.to_owned())),
            employer.located.region,
            Some(employer.located.source.to_owned()),
            Some(flags).filter(|flags| !flags.is_empty()),
        ];
        for (column, value) in self.text.iter_mut().zip(row) {
            column.push(value);
        }
    }

    fn frame(self) -> Result<DataFrame> {
        let names = [
            columns::STRUCTURE_ID.name,
            columns::SIRET.name,
            columns::SIREN.name,
            columns::CATEGORIE_JURIDIQUE.name,
            columns::TYPE_DECLARE.name,
            columns::TYPE_EMPLOYEUR.name,
            columns::GROUPE_EMPLOYEUR.name,
            columns::TYPE_EMPLOYEUR_SOURCE.name,
            columns::FRANCE_SERVICES.name,
            columns::COMMUNE.name,
            columns::EPCI.name,
            columns::DEPARTEMENT.name,
            columns::REGION.name,
            columns::DEPARTEMENT_SOURCE.name,
            columns::DRAPEAUX.name,
        ];
        let columns = names.into_iter().zip(self.text);
        let columns = columns.map(|(name, values)| Series::new(name.into(), values).into());
        Ok(DataFrame::new_infer_height(columns.collect())?)
    }
}
