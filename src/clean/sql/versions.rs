//! Versions of the same record become one, in SQL: the rules of [`crate::clean::versions`].

use crate::clean::sql::words::{quoted, text};
use crate::clean::versions::Effect;
use crate::vocabulary::codes::{Fate, OUI, System};
use crate::vocabulary::columns::{self, Column, Kind};
use crate::vocabulary::tables::STAGED_ACTIVITES;

/// What became of a row.
pub const FATE: &str = "fate";
/// What a notice of deletion did.
pub const EFFECT: &str = "effect";
/// Whether a row is a notice of deletion.
pub const IS_NOTICE: &str = "is_notice";
/// Whether a row is a copy of a record of the Espace Coop.
pub const IS_COPY: &str = "is_copy";
/// A copy without a mark, by the instant of its creation.
pub const IS_TWIN: &str = "is_twin";
/// A copy without a mark, created before the Coop opened.
pub const IS_BEFORE: &str = "is_before";
/// Whether instants of the source are told to the millisecond.
pub const IS_EXACT: &str = "is_exact";
/// The instant at which a record of the Espace Coop was created too.
pub const TWIN: &str = "twin";

/// Columns of all versions, beside those that are staged, the system and the segment.
const OWN: [&str; 8] = [FATE, EFFECT, IS_NOTICE, IS_COPY, IS_TWIN, IS_BEFORE, IS_EXACT, TWIN];

const SYSTEM: &str = columns::SYSTEME.name;
const SEGMENT: &str = columns::SEGMENT.name;
const CREATED: &str = columns::CREE_LE.name;
const MODIFIED: &str = columns::MODIFIE_LE.name;
const DELETED: &str = columns::SUPPRIME_LE.name;

/// A segment, or several of a source, as an engine reads them.
#[derive(Debug)]
pub struct Origin {
    /// Its rows, as a relation.
    pub relation: String,
    /// Its number, activities first, notices behind them; none where the relation has a column of
    /// it, being several segments of a source.
    pub segment: Option<usize>,
    /// Its system.
    pub system: System,
    /// Rank of its source.
    pub rank: u8,
    /// It tells instants to the millisecond.
    pub is_exact: bool,
    /// Copies are told by their creation, too.
    pub copies_by_creation: bool,
}

/// All rows, each with its fate; the Coop opened at an instant, in microseconds since 1970.
#[must_use]
pub fn versions(activities: &[Origin], notices: &[Origin], opening: i64) -> String {
    let staged: Vec<&Column> = STAGED_ACTIVITES.columns.iter().collect();
    let rows = union(activities.iter().map(|origin| of_segment(origin, &staged)));
    let names: Vec<String> = staged.iter().map(|column| quoted(column.name)).collect();
    let names = names.join(", ");
    let notices = notices.iter().map(|origin| of_notices(origin, &staged));
    let joint = union(["SELECT * FROM activities".to_owned()].into_iter().chain(notices));
    let steps = [
        ("staged", rows),
        ("instants", instants()),
        ("marked", marked()),
        ("twins", twins()),
        ("befores", befores(opening)),
        ("activities", of_roles(&names)),
        ("joint", joint),
        ("told", told()),
        ("several", several()),
        ("placed", placed()),
        ("ranked", ranked()),
        ("decided", decided()),
    ];
    let steps = steps.map(|(name, step)| format!("{name} AS (\n{step}\n)")).join(",\n");
    let own = OWN.join(", ");
    format!("WITH {steps}\nSELECT {names}, {SYSTEM}, {SEGMENT}, {own} FROM decided")
}

/// When records of the Espace Coop were created, where that is told exactly.
fn instants() -> String {
    let legacy = text(System::Legacy.code());
    format!(
        "SELECT DISTINCT {CREATED} AS {TWIN} FROM staged
WHERE {SYSTEM} = {legacy} AND {IS_EXACT} = 1 AND {CREATED} IS NOT NULL"
    )
}

/// Rows that say that they are copies.
fn marked() -> String {
    let (copy_of, is_copy) = (columns::COPIE_DE.name, columns::EST_COPIE.name);
    format!(
        "SELECT s.*, i.{TWIN},
  CASE WHEN s.{copy_of} IS NOT NULL OR s.{is_copy} = {} THEN 1 ELSE 0 END AS is_marked
FROM instants i RIGHT JOIN staged s ON s.{CREATED} = i.{TWIN}",
        text(OUI)
    )
}

/// Others that were created at the instant of a record, and never modified.
fn twins() -> String {
    format!(
        "SELECT *, CASE WHEN is_marked = 0 AND by_creation = 1
  AND {CREATED} = {MODIFIED} AND {TWIN} IS NOT NULL THEN 1 ELSE 0 END AS {IS_TWIN}
FROM marked"
    )
}

/// And others that were created before the Coop opened.
fn befores(opening: i64) -> String {
    format!(
        "SELECT *, CASE WHEN is_marked = 0 AND by_creation = 1
  AND {IS_TWIN} = 0 AND {CREATED} < {opening} THEN 1 ELSE 0 END AS {IS_BEFORE}
FROM twins"
    )
}

/// All those are copies.
fn of_roles(names: &str) -> String {
    // Of a record whose modification is not told, any other version is the later one.
    let first = i64::MIN + 1;
    format!(
        "SELECT {names}, {SYSTEM}, {SEGMENT}, {TWIN}, {IS_EXACT}, {IS_TWIN}, {IS_BEFORE},
  CASE WHEN is_marked + {IS_TWIN} + {IS_BEFORE} > 0 THEN 1 ELSE 0 END AS {IS_COPY},
  0 AS {IS_NOTICE}, standing, COALESCE({MODIFIED}, {first}) AS modified
FROM befores"
    )
}

/// What tells versions apart, of all rows and notices.
fn told() -> String {
    let (id, print, line) =
        (columns::ACTIVITE_ID.name, columns::EMPREINTE.name, columns::LIGNE.name);
    format!(
        "SELECT {SYSTEM}, {id}, {print}, {SEGMENT}, {line}, standing, modified,
  {IS_COPY}, {IS_NOTICE}, CASE WHEN {IS_NOTICE} = 1 OR ({IS_COPY} = 0 AND {DELETED} IS NOT NULL)
  THEN 0 ELSE 1 END AS is_lasting
FROM joint"
    )
}

/// Records that there is more than one row of: few, and they alone are put side by side.
fn several() -> String {
    let id = columns::ACTIVITE_ID.name;
    format!("SELECT {SYSTEM}, {id} FROM told GROUP BY {SYSTEM}, {id} HAVING COUNT(*) > 1")
}

/// The versions of each record, the latest first: of one instant a deletion, then the lower rank,
/// then the greater fingerprint.
fn placed() -> String {
    let (id, print, line) =
        (columns::ACTIVITE_ID.name, columns::EMPREINTE.name, columns::LIGNE.name);
    let record = format!("t.{SYSTEM}, t.{id}");
    let order = format!(
        "ORDER BY modified DESC, is_lasting, standing, t.{print} DESC, t.{SEGMENT}, t.{line}"
    );
    format!(
        "SELECT t.{SEGMENT}, t.{line},
  ROW_NUMBER() OVER (PARTITION BY {record} {order}) AS place,
  ROW_NUMBER() OVER (PARTITION BY {record}, {IS_NOTICE} {order}) AS own_place,
  ROW_NUMBER() OVER (PARTITION BY {record}, {IS_NOTICE}, t.{print} {order}) AS turn,
  MAX({IS_COPY}) OVER (PARTITION BY {record}) AS has_copy,
  MIN({IS_NOTICE}) OVER (PARTITION BY {record}) AS is_unknown
FROM several s JOIN told t ON t.{SYSTEM} = s.{SYSTEM} AND t.{id} = s.{id}"
    )
}

/// All rows and notices, each with its place: that of most is the first of one. What is joined
/// comes first: engines hold that side in memory, and read the other.
fn ranked() -> String {
    let line = columns::LIGNE.name;
    format!(
        "SELECT j.*, COALESCE(p.place, 1) AS place, COALESCE(p.own_place, 1) AS own_place,
  COALESCE(p.turn, 1) AS turn, COALESCE(p.has_copy, j.{IS_COPY}) AS has_copy,
  COALESCE(p.is_unknown, j.{IS_NOTICE}) AS is_unknown
FROM placed p RIGHT JOIN joint j ON j.{SEGMENT} = p.{SEGMENT} AND j.{line} = p.{line}"
    )
}

/// What became of each row, and what each notice did.
fn decided() -> String {
    let fate = |fate: Fate| text(fate.code());
    let effect = |effect: Effect| text(effect.code());
    format!(
        "SELECT *,
  CASE WHEN {IS_NOTICE} = 1 THEN {notice}
    WHEN own_place > 1 AND turn > 1 THEN {duplicate}
    WHEN own_place > 1 THEN {superseded}
    WHEN has_copy = 1 THEN {migrated}
    WHEN place > 1 OR {DELETED} IS NOT NULL THEN {removed}
    ELSE {kept} END AS {FATE},
  CASE WHEN {IS_NOTICE} = 0 THEN NULL
    WHEN is_unknown = 1 THEN {void}
    WHEN place = own_place THEN {applied}
    ELSE {overtaken} END AS {EFFECT}
FROM ranked",
        notice = fate(Fate::Notice),
        duplicate = fate(Fate::Duplicate),
        superseded = fate(Fate::Superseded),
        migrated = fate(Fate::Migrated),
        removed = fate(Fate::Deleted),
        kept = fate(Fate::Kept),
        void = effect(Effect::Void),
        applied = effect(Effect::Applied),
        overtaken = effect(Effect::Overtaken),
    )
}

fn union(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("\nUNION ALL\n")
}

/// The staged rows of a segment, whose instants are numbers of microseconds.
fn of_segment(origin: &Origin, staged: &[&Column]) -> String {
    let shown = staged.iter().map(|column| {
        let name = quoted(column.name);
        match column.kind {
            Kind::Instant => format!("UNIX_MICROS({name}) AS {name}"),
            _ => name,
        }
    });
    let shown: Vec<String> = shown.collect();
    format!(
        "SELECT {},\n  {}, {} AS standing, {} AS {IS_EXACT}, {} AS by_creation\nFROM {}",
        shown.join(", "),
        of_origin(origin),
        origin.rank,
        u8::from(origin.is_exact),
        u8::from(origin.copies_by_creation),
        origin.relation
    )
}

/// The notices of a segment, in the columns of activities.
fn of_notices(origin: &Origin, staged: &[&Column]) -> String {
    let deleted = columns::SUPPRIME_LE.name;
    let shown = staged.iter().map(|column| {
        let name = quoted(column.name);
        if [columns::LIGNE, columns::EMPREINTE, columns::ACTIVITE_ID].contains(column) {
            return name;
        }
        if **column == columns::SUPPRIME_LE {
            return format!("UNIX_MICROS({name}) AS {name}");
        }
        let kind = match column.kind {
            Kind::Text => "STRING",
            Kind::Count => "INT",
            Kind::Day => "DATE",
            Kind::Sum | Kind::Instant => "BIGINT",
        };
        format!("CAST(NULL AS {kind}) AS {name}")
    });
    let shown: Vec<String> = shown.collect();
    format!(
        "SELECT {},\n  {}, CAST(NULL AS BIGINT) AS {TWIN}, 0 AS {IS_EXACT}, 0 AS {IS_TWIN}, \
         0 AS {IS_BEFORE}, 0 AS {IS_COPY},\n  1 AS {IS_NOTICE}, {} AS standing, \
         UNIX_MICROS({deleted}) AS modified\nFROM {}",
        shown.join(", "),
        of_origin(origin),
        origin.rank,
        origin.relation
    )
}

fn of_origin(origin: &Origin) -> String {
    let number = origin.segment.map_or_else(|| SEGMENT.to_owned(), |number| number.to_string());
    format!("{} AS {SYSTEM}, CAST({number} AS INT) AS {SEGMENT}", text(origin.system.code()))
}
